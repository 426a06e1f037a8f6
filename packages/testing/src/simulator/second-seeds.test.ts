/** See first-seeds.test.ts. */
import { nodeEnv } from "mindoodb";
import { describe } from "vitest";
import { testSeeds } from "./seed-suite.js";

describe("the simulator's invariants", () => testSeeds(nodeEnv, 501, 500));
