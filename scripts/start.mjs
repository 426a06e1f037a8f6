// npm start: sets up what is missing, then runs the main job. Arguments go to `mindoodb tour`.
import { join } from "node:path";
import { run } from "./run.mjs";
import { setUp } from "./setup.mjs";

const failed = await setUp();
if (failed !== 0) process.exit(failed);
const { code } = await run(process.execPath, [
	join("packages", "cli", "bin", "mindoodb.js"),
	"tour",
	...process.argv.slice(2),
]);
process.exitCode = code;
