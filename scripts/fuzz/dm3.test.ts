import { it } from "vitest";
import { fuzz } from "./dm3.mjs";

it("10,000 damaged inputs", () => fuzz(10_000, 1));
