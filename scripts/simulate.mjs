// Lets many worlds happen, each decided by its seed: replicas, members and servers over networks that fail, disks that fail, clocks
// that lie. What fails is made shorter and shown.
// Usage: npm run simulate -- [--seeds N] [--from N] [--workers N]   (100,000 from 1 by default, one worker a core)
//        npm run simulate -- --seed N [--trace]                     (one world; --trace tells what happens in it)
//        ... --broken NAME   with software that is broken on purpose, by a name of packages/testing/src/simulator/broken.ts; stops when it is found
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { setUp } from "./setup.mjs";

const { values } = parseArgs({
	options: {
		seeds: { type: "string", default: "100000" },
		from: { type: "string", default: "1" },
		workers: { type: "string", default: String(availableParallelism()) },
		seed: { type: "string" },
		trace: { type: "boolean", default: false },
		broken: { type: "string" },
	},
});
/** @param {"seeds" | "from" | "workers" | "seed"} name */
const numberOf = (name) => {
	const number = Number(values[name]);
	if (!Number.isSafeInteger(number) || number < 1) throw new Error(`--${name} wants a number from 1 on`);
	return number;
};
/** Seeds that a worker gets at a time. */
const portion = 20;

const failed = await setUp();
if (failed !== 0) process.exit(failed);

if (values.seed === undefined) await many(numberOf("from"), numberOf("seeds"), numberOf("workers"));
else await one(numberOf("seed"));

/** @param {number} seed */
async function one(seed) {
	const { makeTemplate, run, scenarioOf, shrunk } = await import("./simulate/simulator.mjs");
	const template = await makeTemplate(values.broken);
	const trace = values.trace ? console.log : undefined;
	const { violation, events, time } = await run(template, scenarioOf(template, seed), trace);
	console.log(`simulate: seed ${seed}, ${events} events in ${(time / 1000).toFixed(1)} simulated seconds`);
	if (violation === undefined) return;
	process.exitCode = 1;
	console.log(violation.cause instanceof Error ? (violation.cause.stack ?? "") : "");
	console.log(await shrunk(template, seed));
}

/** @param {number} from @param {number} count @param {number} workers */
async function many(from, count, workers) {
	const start = performance.now();
	const end = from + count;
	let next = from;
	let done = 0;
	let broken = 0;
	let events = 0;
	/** @type {Map<string, number>} */
	const happened = new Map();
	const running = Array.from({ length: workers }, () => {
		const worker = new Worker(new URL("./simulate/worker.mjs", import.meta.url), {
			workerData: { broken: values.broken },
		});
		return new Promise((resolve, reject) => {
			worker.on("error", reject);
			worker.on("exit", resolve);
			worker.on("message", (/** @type {any} */ report) => {
				done += report.count;
				events += report.events;
				for (const [what, times] of report.happened) happened.set(what, (happened.get(what) ?? 0) + times);
				for (const { text } of report.failures) {
					broken++;
					console.log(text);
				}
				if (report.count > 0 && Math.floor(done / 1000) > Math.floor((done - report.count) / 1000)) {
					console.log(`simulate: ${done} of ${count} worlds, ${broken} broken`);
				}
				if (next >= end || (values.broken !== undefined && broken > 0)) return void worker.terminate();
				const size = Math.min(portion, end - next);
				worker.postMessage({ from: next, count: size });
				next += size;
			});
		});
	});
	await Promise.all(running);
	const seconds = (performance.now() - start) / 1000;
	console.log(`simulate: ${done} worlds, ${events} events, ${broken} broken (${seconds.toFixed(1)} s)`);
	console.log(
		[...happened]
			.sort(([a], [b]) => (a < b ? -1 : 1))
			.map(([what, times]) => `  ${what}: ${times}`)
			.join("\n"),
	);
	if (broken > 0) process.exitCode = 1;
}
