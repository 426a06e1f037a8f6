import { it } from "vitest";
import { fuzz } from "./pampa.mjs";

it("random and damaged chunk files, keys and codemaps give a value or a typed error", () => fuzz(10_000, 1));
