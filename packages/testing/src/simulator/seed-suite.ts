import type { Env } from "@mindoodb/core";
import { expect, it } from "vitest";
import { run, scenarioOf } from "./run.js";
import { describeFailure, shrink } from "./shrink.js";
import { makeTemplate } from "./template.js";

const anHour = 3_600_000;

/** Tests that nothing which must hold is broken in the worlds of these seeds. */
export function testSeeds(newEnv: () => Promise<Env>, from: number, count: number): void {
	it(`hold in the worlds of the seeds ${from} to ${from + count - 1}`, { timeout: anHour }, async () => {
		const template = await makeTemplate(await newEnv());
		for (let seed = from; seed < from + count; seed++) {
			const scenario = scenarioOf(template, seed);
			const { violation } = await run(template, scenario);
			if (violation === undefined) continue;
			expect.fail(describeFailure(await shrink(template, scenario, 60)));
		}
	});
}
