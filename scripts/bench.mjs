// Runs the benchmarks under bench/: a table on the terminal, everything measured as JSON under bench/results/.
// Usage: node scripts/bench.mjs [--runs N] [--profile] [NAME...]   (NAME: part of a file's or a load's name; all by default)
// A missed target is reported, not an error: benchmarks are not tests. A load that fails ends with exit code 1.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readLoads, runLoad } from "../bench/harness.mjs";
import { calibrate, describeMachine } from "../bench/machine.mjs";
import { projectFolder } from "./run.mjs";
import { setUp } from "./setup.mjs";

const { values, positionals } = parseArgs({
	options: { runs: { type: "string" }, profile: { type: "boolean" } },
	allowPositionals: true,
});
const wanted = (/** @type {string} */ name) =>
	positionals.length === 0 || positionals.some((part) => name.includes(part));
const runs = values.runs === undefined ? {} : { runs: Number(values.runs) };
if (runs.runs !== undefined && !(Number.isInteger(runs.runs) && runs.runs > 0))
	throw new Error("--runs wants a number from 1 on");

const failed = await setUp();
if (failed !== 0) process.exit(failed);

const folder = join(projectFolder, "bench");
const results = join(folder, "results");
mkdirSync(results, { recursive: true });
const profile = values.profile ? { profile: join(results, "profiles") } : {};
const machine = { ...describeMachine(), ...calibrate() };
console.log(
	Object.entries(machine)
		.map((pair) => pair.join(" "))
		.join(", "),
);

const show = (/** @type {number} */ value) =>
	value.toLocaleString("en-US", { maximumFractionDigits: Math.abs(value) < 100 ? 2 : 0 });

for (const entry of readdirSync(folder).sort()) {
	const name = /^(.*)\.bench\.mjs$/.exec(entry)?.[1];
	if (name === undefined) continue;
	const file = join(folder, entry);
	const loads = (await readLoads(file)).filter((load) => wanted(name) || wanted(load.name));
	const measured = [];
	for (const load of loads) {
		try {
			const result = await runLoad(file, load, { ...runs, ...profile });
			measured.push(result);
			console.log(`\n${load.title}  (${name}/${load.name}, median of ${result.runs.length})`);
			for (const [figure, value] of Object.entries(result.median)) {
				const each = result.runs.map((one) => show(one[figure] ?? Number.NaN)).join("  ");
				console.log(`  ${figure.padEnd(28)} ${show(value).padStart(12)}   [${each}]`);
			}
			for (const message of result.missed) console.log(`  MISSED ${message}`);
		} catch (error) {
			console.log(
				`\n${load.title}  (${name}/${load.name})\n  FAILED ${error instanceof Error ? error.message : error}`,
			);
			process.exitCode = 1;
		}
	}
	if (measured.length === 0) continue;
	const date = new Date().toISOString();
	// A partial run must not take the place of the whole one of the same day.
	const partial = positionals.length > 0 || values.runs !== undefined || values.profile ? "-partial" : "";
	const path = join(results, `${date.slice(0, 10)}-${name}${partial}.json`);
	writeFileSync(path, `${JSON.stringify({ name, date, machine, loads: measured }, undefined, "\t")}\n`);
	console.log(`\n${name}: ${path}`);
}
