/** Half of the worlds of `npm test`; the rest are in second-seeds.test.ts, for another worker. `npm run simulate` does many more. */
import { nodeEnv } from "mindoodb";
import { describe } from "vitest";
import { testSeeds } from "./seed-suite.js";

describe("the simulator's invariants", () => testSeeds(nodeEnv, 1, 500));
