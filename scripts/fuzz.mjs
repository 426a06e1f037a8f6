// Feeds the decoders of formats and wire with random and mutated bytes: each gives a value or its typed error, and nothing else.
// Usage: node scripts/fuzz.mjs [--runs N] [--seed N] [MODULE...]   (1,000,000 runs of each module, another seed every time, by default)
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { setUp } from "./setup.mjs";

const { values, positionals } = parseArgs({
	options: { runs: { type: "string", default: "1000000" }, seed: { type: "string" } },
	allowPositionals: true,
});
const runs = Number(values.runs);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
if (!Number.isInteger(runs) || runs < 1) throw new Error("--runs wants a number from 1 on");
if (!Number.isInteger(seed)) throw new Error("--seed wants a whole number");

const failed = await setUp();
if (failed !== 0) process.exit(failed);

for (const name of [
	"apack",
	"chunks",
	"pampa",
	"dm3",
	"channel",
	"before-channel",
	"wire",
	"negentropy",
	"tenant",
	"joining",
]) {
	if (positionals.length > 0 && !positionals.includes(name)) continue;
	const file = new URL(`./fuzz/${name}.mjs`, import.meta.url);
	if (!existsSync(fileURLToPath(file))) continue;
	/** @type {{ fuzz: (runs: number, seed: number) => Promise<void> }} */
	const { fuzz } = await import(file.href);
	const start = performance.now();
	try {
		await fuzz(runs, seed);
		console.log(`fuzz: ${name} ${runs} runs ok, seed ${seed} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
	} catch (error) {
		console.log(
			`fuzz: ${name} FAILED, seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : error}`,
		);
		process.exitCode = 1;
	}
}
