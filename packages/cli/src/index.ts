/** The command `mindoodb`, to be run inside another program. */

export { type CapturedSurroundings, capturedSurroundings } from "./captured-surroundings.js";
export { type ExitCode, exitCodes } from "./exit-codes.js";
export { runCommand } from "./program.js";
export { processSurroundings, type Surroundings, type Terminal } from "./surroundings.js";
