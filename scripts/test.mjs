// npm test: sets up what is missing, then runs all tests. Arguments go to vitest.
import { join } from "node:path";
import { run } from "./run.mjs";
import { setUp } from "./setup.mjs";

const failed = await setUp();
if (failed !== 0) process.exit(failed);
const { code } = await run(process.execPath, [
	join("node_modules", "vitest", "vitest.mjs"),
	"run",
	...process.argv.slice(2),
]);
process.exitCode = code;
