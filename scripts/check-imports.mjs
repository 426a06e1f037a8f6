// Checks the directions of all imports, the purity of the rooms that run everywhere, and the length of files.
// Usage: node scripts/check-imports.mjs [--json] [FOLDER]   (the project's own folder by default; exit code 1 on a failure)
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { checkHouse } from "./house/check.mjs";
import { projectFolder } from "./run.mjs";

const { values, positionals } = parseArgs({ options: { json: { type: "boolean" } }, allowPositionals: true });
const report = checkHouse(resolve(positionals[0] ?? projectFolder));

if (values.json) {
	console.log(JSON.stringify(report, undefined, "\t"));
} else {
	for (const { path, message } of report.notes) console.log(`note  ${path}: ${message}`);
	for (const { rule, path, line, message } of report.failures) {
		console.log(`FAIL  ${path}${line === undefined ? "" : `:${line}`}: ${message} [${rule}]`);
	}
	const { files, imports, failures } = report;
	console.log(`imports: ${files} files, ${imports} imports, ${failures.length} against the rules of the house`);
}
if (report.failures.length > 0) process.exitCode = 1;
