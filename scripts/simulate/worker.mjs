// Runs the worlds of the seeds that it is given, one after the other. See scripts/simulate.mjs.
import { parentPort, workerData } from "node:worker_threads";
import { makeTemplate, run, scenarioOf, shrunk } from "./simulator.mjs";

const template = await makeTemplate(workerData.broken);
parentPort?.on("message", async (/** @type {{ from: number, count: number }} */ { from, count }) => {
	const failures = [];
	let events = 0;
	/** @type {Map<string, number>} */
	const happened = new Map();
	for (let seed = from; seed < from + count; seed++) {
		const outcome = await run(template, scenarioOf(template, seed));
		events += outcome.events;
		for (const [what, times] of outcome.happened) happened.set(what, (happened.get(what) ?? 0) + times);
		if (outcome.violation === undefined) continue;
		failures.push({ seed, invariant: outcome.violation.invariant, text: await shrunk(template, seed) });
	}
	parentPort?.postMessage({ count, events, happened, failures });
});
parentPort?.postMessage({ count: 0, events: 0, happened: new Map(), failures: [] });
