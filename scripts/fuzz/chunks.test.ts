import { it } from "vitest";
import { fuzz } from "./chunks.mjs";

it("random and damaged chunks and streams give frames or a typed error, the same in any pieces", () => fuzz(10_000, 1));
