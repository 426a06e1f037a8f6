// Runs loads, each run in a process of its own, and takes the median.
//
// A file `NAME.bench.mjs` exports `loads`. `prepare` runs once, in its own process, and fills a folder; every run gets a
// copy of that folder (or the folder itself, with `sharesFolder`, when a run changes nothing) and measures itself: it
// returns its figures, named with their unit. Beside them the harness notes for every run
//   startMs   from the start of the process until the load begins: starting Node and importing
//   idleMB    resident memory of the process at that moment
//   peakMB    the most that the whole process had resident
//   diskBytes lengths of all files in the folder at the end
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { diskUse } from "./machine.mjs";

/**
 * @typedef {{ folder: string }} Place
 * @typedef {Record<string, number>} Figures
 * @typedef {{ atLeast?: number, atMost?: number }} Target
 * @typedef {object} Load
 * @property {string} name short, unique in its file
 * @property {string} title what is done, for people
 * @property {(place: Place) => Promise<void>} [prepare]
 * @property {boolean} [sharesFolder]
 * @property {(place: Place) => Promise<Figures>} run
 * @property {Readonly<Record<string, Target>>} [targets] by name of a figure
 * @property {number} [runs] fewer than usual, for loads that take minutes
 * @property {readonly string[]} [nodeOptions]
 *
 * @typedef {object} Result
 * @property {string} name
 * @property {string} title
 * @property {Figures} median
 * @property {readonly Figures[]} runs
 * @property {readonly string[]} missed targets that the median misses, in words
 */

const marker = "mindoodb-bench ";
/** Milliseconds that a process may take. */
const longest = { prepare: 1_800_000, run: 600_000 };

/**
 * @param {readonly number[]} numbers
 * @returns {number} the one in the middle, or the mean of the two; NaN of none
 */
export function median(numbers) {
	const sorted = [...numbers].sort((a, b) => a - b);
	const middle = sorted.length >> 1;
	const upper = sorted[middle] ?? Number.NaN;
	return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * @param {string} file path of a `*.bench.mjs`
 * @returns {Promise<readonly Load[]>}
 */
export async function readLoads(file) {
	const { loads } = await import(pathToFileURL(file).href);
	if (!Array.isArray(loads)) throw new Error(`${file} exports no list named loads`);
	return loads;
}

/**
 * @param {string} file
 * @param {Load} load
 * @param {{ runs?: number, profile?: string, onRun?: (figures: Figures) => void }} [options] `profile`: a folder that
 * receives one CPU profile for each run
 * @returns {Promise<Result>}
 */
export async function runLoad(file, load, { runs = load.runs ?? 5, profile, onRun } = {}) {
	const base = mkdtempSync(join(tmpdir(), "mindoodb-bench-"));
	const options = [...(load.nodeOptions ?? []), ...(profile ? ["--cpu-prof", `--cpu-prof-dir=${profile}`] : [])];
	try {
		const prepared = join(base, "prepared");
		mkdirSync(prepared);
		if (load.prepare !== undefined) await inChild(file, load.name, "prepare", prepared, load.nodeOptions ?? []);
		/** @type {Figures[]} */
		const all = [];
		for (let number = 0; number < runs; number++) {
			const folder = load.sharesFolder ? prepared : join(base, `run-${number}`);
			if (!load.sharesFolder) cpSync(prepared, folder, { recursive: true });
			const figures = await inChild(file, load.name, "run", folder, options);
			if (!load.sharesFolder) rmSync(folder, { recursive: true });
			all.push(figures);
			onRun?.(figures);
		}
		const names = [...new Set(all.flatMap(Object.keys))];
		const middle = Object.fromEntries(
			names.map((name) => [name, median(all.flatMap((figures) => figures[name] ?? []))]),
		);
		return { name: load.name, title: load.title, median: middle, runs: all, missed: findMissed(load, middle) };
	} finally {
		rmSync(base, { recursive: true, force: true });
	}
}

/**
 * @param {Load} load
 * @param {Figures} figures
 * @returns {string[]}
 */
function findMissed(load, figures) {
	return Object.entries(load.targets ?? {}).flatMap(([name, { atLeast, atMost }]) => {
		const found = figures[name];
		if (found === undefined) return [`${name} was not measured`];
		if (atLeast !== undefined && !(found >= atLeast)) return [`${name}: ${found}, at least ${atLeast} wanted`];
		if (atMost !== undefined && !(found <= atMost)) return [`${name}: ${found}, at most ${atMost} wanted`];
		return [];
	});
}

/**
 * @param {string} file
 * @param {string} name
 * @param {"prepare" | "run"} step
 * @param {string} folder
 * @param {readonly string[]} options
 * @returns {Promise<Figures>}
 */
function inChild(file, name, step, folder, options) {
	const args = [...options, fileURLToPath(import.meta.url), file, name, step, folder];
	const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], timeout: longest[step] });
	let output = "";
	child.stdout.setEncoding("utf8").on("data", (piece) => {
		output += piece;
	});
	return new Promise((resolve, reject) => {
		child.once("error", reject);
		child.once("close", (code, signal) => {
			const line = output.split("\n").find((text) => text.startsWith(marker));
			if (code === 0 && line !== undefined) resolve(JSON.parse(line.slice(marker.length)));
			else reject(new Error(`${name}: ${step} ended with ${signal ?? code} and no figures\n${output.slice(-2000)}`));
		});
	});
}

/** The part that runs inside the fresh process. */
async function main() {
	const [file, name, step, folder] = process.argv.slice(2);
	if (file === undefined || folder === undefined) throw new Error("usage: harness.mjs FILE LOAD prepare|run FOLDER");
	const load = (await readLoads(file)).find((one) => one.name === name);
	if (load === undefined) throw new Error(`${file} has no load ${name}`);
	const startMs = performance.now();
	const idleMB = process.memoryUsage.rss() / 2 ** 20;
	const figures = step === "prepare" ? await load.prepare?.({ folder }) : await load.run({ folder });
	const peakMB = process.resourceUsage().maxRSS / 2 ** 10;
	const beside = { startMs, idleMB, peakMB, diskBytes: diskUse(folder).bytes };
	process.stdout.write(`${marker}${JSON.stringify({ ...figures, ...beside })}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main();
