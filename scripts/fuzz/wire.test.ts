import { it } from "vitest";
import { fuzz } from "./wire.mjs";

it("10,000 damaged runs and messages, and chunks of one who lies", () => fuzz(10_000, 1));
