// Names in package-lock.json every optional package that a package of it asks for. npm leaves out those that the registry
// at hand did not carry when the file was written (binaries for other systems), and `npm ci` then refuses the file.
// Usage, after every npm install that changed the lock file: node scripts/complete-lock.mjs [--check]
// (--check changes nothing and exits with 1 when something is missing)
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { completeLock } from "./house/lock.mjs";
import { projectFolder } from "./run.mjs";

const path = join(projectFolder, "package-lock.json");
const lock = JSON.parse(readFileSync(path, "utf8"));
const added = completeLock(lock);
if (added.length === 0) {
	console.log("lock: complete");
} else if (process.argv.includes("--check")) {
	console.log(`FAIL  package-lock.json lacks ${added.join(", ")}: run node scripts/complete-lock.mjs`);
	process.exitCode = 1;
} else {
	writeFileSync(path, `${JSON.stringify(lock, undefined, 2)}\n`);
	console.log(`lock: added ${added.join(", ")}`);
}
