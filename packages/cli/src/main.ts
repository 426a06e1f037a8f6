import { runCommand } from "./program.js";
import { processSurroundings } from "./surroundings.js";

// Who reads our output may leave before its end, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
process.exitCode = await runCommand(process.argv.slice(2), processSurroundings());
