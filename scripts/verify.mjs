// The gate: everything that must hold before a change is taken in. Runs all steps, says which failed, exits with 1.
// Usage: node scripts/verify.mjs [--static]   (--static leaves the tests out)
import { join } from "node:path";
import { parseArgs } from "node:util";
import { run } from "./run.mjs";
import { setUp } from "./setup.mjs";

const { values } = parseArgs({ options: { static: { type: "boolean" } } });
const tool = (/** @type {string[]} */ ...path) => join("node_modules", ...path);
const compiler = tool("typescript", "bin", "tsc");

/** @type {readonly (readonly [string, ...string[]])[]} */
const steps = [
	["build", compiler, "--build"],
	["types of tests and benchmarks", compiler, "-p", "tsconfig.test.json"],
	["types of scripts", compiler, "-p", join("scripts", "tsconfig.json")],
	["lint and format", tool("@biomejs", "biome", "bin", "biome"), "check", "."],
	["lock file", join("scripts", "complete-lock.mjs"), "--check"],
	["imports", join("scripts", "check-imports.mjs")],
	["packages", join("scripts", "check-packages.mjs")],
	...(values.static ? [] : [/** @type {[string, ...string[]]} */ (["tests", tool("vitest", "vitest.mjs"), "run"])]),
];

/** @type {string[]} */
const failed = [];
// A build that fails is the first step's news; only packages that cannot be installed end the gate here.
if ((await setUp({ build: false })) !== 0) process.exit(1);
for (const [name, ...command] of steps) {
	const start = performance.now();
	console.log(`verify: ${name}`);
	const { code } = await run(process.execPath, command);
	if (code > 128) process.exit(code);
	if (code !== 0) failed.push(name);
	console.log(`verify: ${name} ${code === 0 ? "ok" : "FAILED"} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
}
console.log(failed.length === 0 ? `verify: ${steps.length} steps ok` : `verify: FAILED: ${failed.join(", ")}`);
if (failed.length > 0) process.exitCode = 1;
