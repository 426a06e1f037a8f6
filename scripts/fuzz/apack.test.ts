import { it } from "vitest";
import { fuzz } from "./apack.mjs";

it("10,000 mutated archives give entries or a typed error", () => fuzz(10_000, 20_261_121));
