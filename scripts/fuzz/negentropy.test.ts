import { it } from "vitest";
import { fuzz } from "./negentropy.mjs";

it("10,000 damaged messages to either side of a reconciliation", { timeout: 240_000 }, () => fuzz(10_000, 1));
