// Runs the worlds of the seeds that it is given, one after the other. See scripts/simulate.mjs.
import { parentPort } from "node:worker_threads";
import { makeTemplate, run, scenarioOf, shrunk } from "./simulator.mjs";

const template = await makeTemplate();
parentPort?.on("message", async (/** @type {{ from: number, count: number }} */ { from, count }) => {
	const failures = [];
	let events = 0;
	for (let seed = from; seed < from + count; seed++) {
		const outcome = await run(template, scenarioOf(template, seed));
		events += outcome.events;
		if (outcome.violation === undefined) continue;
		failures.push({ seed, invariant: outcome.violation.invariant, text: await shrunk(template, seed) });
	}
	parentPort?.postMessage({ count, events, failures });
});
parentPort?.postMessage({ count: 0, events: 0, failures: [] });
