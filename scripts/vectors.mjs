// Runs the vectors of the formats and prints per file how many cases passed and failed.
// Usage: node scripts/vectors.mjs [DIR]   (DIR has folders apack, chunks, pampa, dm3, or is one of them; `vectors` by default)
// Exit code 1 on any failure, and when nothing was found. What binds stands in vectors/README.md.
import { existsSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { projectFolder } from "./run.mjs";
import { setUp } from "./setup.mjs";

const modules = ["apack", "chunks", "pampa", "dm3"];

const given = process.argv[2] ?? join(projectFolder, "vectors");
// npm starts scripts in the project's folder, though the path was written where the command was.
const places = [resolve(given), resolve(process.env.INIT_CWD ?? "", given)];
const folder = places.find((place) => existsSync(place)) ?? places[0];

const failed = await setUp();
if (failed !== 0) process.exit(failed);

const show = (/** @type {unknown} */ value) => {
	const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "undefined");
	return text.length > 500 ? `${text.slice(0, 500)}… (${text.length} characters)` : text;
};

let passed = 0;
let wrong = 0;
for (const name of modules) {
	const place = basename(folder) === name ? folder : join(folder, name);
	if (!existsSync(place) || !statSync(place).isDirectory()) continue;
	const runner = new URL(`./vectors/${name}.mjs`, import.meta.url);
	if (!existsSync(runner)) {
		wrong++;
		console.log(`${name}: FAILED, nothing runs these vectors`);
		continue;
	}
	/** @type {{ run: (dir: string) => Promise<readonly import("./vectors/stand-ins.mjs").Result[]> }} */
	const { run } = await import(runner.href);
	const results = await run(place);
	if (results.length === 0) {
		wrong++;
		console.log(`${name}: FAILED, there are no vectors in ${place}`);
	}
	for (const file of new Set(results.map((result) => result.file))) {
		const own = results.filter((result) => result.file === file);
		const failures = own.filter((result) => !result.passed);
		passed += own.length - failures.length;
		wrong += failures.length;
		console.log(`${name}/${file}: ${own.length - failures.length} passed, ${failures.length} failed`);
		for (const failure of failures) {
			console.log(`  FAIL ${failure.case}\n    expected ${show(failure.expected)}\n    got      ${show(failure.got)}`);
		}
	}
}
console.log(`vectors: ${passed} passed, ${wrong} failed`);
if (passed === 0) console.log(`vectors: nothing found in ${folder}; expected a folder ${modules.join(", ")}`);
if (wrong > 0 || passed === 0) process.exitCode = 1;
