import { nodeEnv } from "mindoodb";
import { beforeAll, describe, expect, it } from "vitest";
import { brokenTemplates } from "./broken.js";
import { run, type Scenario, scenarioOf } from "./run.js";
import { describeFailure, shrink } from "./shrink.js";
import { makeTemplate, type Template } from "./template.js";
import type { Invariant } from "./violation.js";

describe("the simulator", () => {
	let template: Template;

	beforeAll(async () => {
		template = await makeTemplate(await nodeEnv());
	});

	it("lets the same happen for the same seed", async () => {
		const traces: string[][] = [[], []];
		for (const trace of traces) await run(template, scenarioOf(template, 8), (line) => trace.push(line));
		expect(traces[0]?.length).toBeGreaterThan(20);
		expect(traces[1]).toEqual(traces[0]);
	});

	it("finds a disk that forgets what it said is durable, and says in few steps how", async () => {
		const forgetful = brokenTemplates["forgetful-disk"](template);
		const failing = await firstFailure(forgetful, 1);
		const shrunk = await shrink(forgetful, failing, 60);
		expect(describeFailure(shrunk)).toMatch(/outlives a crash|outlive a crash|said to be durable is lost|converges/);
		expect(shrunk.scenario.steps.length).toBeLessThan(failing.steps.length);
	});

	it("finds a server that acknowledges what it has not stored yet", async () => {
		const { seed } = await firstFailure(
			brokenTemplates["acknowledged-first"](template),
			75,
			"what was acknowledged outlives a crash",
		);
		expect((await run(template, scenarioOf(template, seed))).violation).toBeUndefined();
	});

	it("finds a server that remembers a position before it has stored what came up to there", async () => {
		const { seed } = await firstFailure(brokenTemplates["position-first"](template), 1);
		expect((await run(template, scenarioOf(template, seed))).violation).toBeUndefined();
	});
});

/** The first world that fails among the 50 from a seed on. @param invariant that it has to break. @default any */
async function firstFailure(template: Template, from: number, invariant?: Invariant): Promise<Scenario> {
	for (let seed = from; seed < from + 50; seed++) {
		const scenario = scenarioOf(template, seed);
		const { violation } = await run(template, scenario);
		if (violation !== undefined && (invariant ?? violation.invariant) === violation.invariant) return scenario;
	}
	throw new Error("no seed fails");
}
