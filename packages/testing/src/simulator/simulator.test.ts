import { nodeEnv } from "mindoodb";
import { beforeAll, describe, expect, it } from "vitest";
import { Disk } from "./disk.js";
import { run, type Scenario, scenarioOf } from "./run.js";
import { describeFailure, shrink } from "./shrink.js";
import { makeTemplate, type Template } from "./template.js";

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
		const forgetful: Template = {
			...template,
			members: template.members.map((member) => ({ ...member, disk: new ForgetfulDisk(member.disk.tables) })),
		};
		const failing = await firstFailure(forgetful);
		const shrunk = await shrink(forgetful, failing, 60);
		expect(describeFailure(shrunk)).toMatch(/outlives a crash|outlive a crash|said to be durable is lost|converges/);
		expect(shrunk.scenario.steps.length).toBeLessThan(failing.steps.length);
	});
});

/** Loses everything since it was copied when the power goes. */
class ForgetfulDisk extends Disk {
	readonly #before = super.copy();

	override copy(): Disk {
		return new ForgetfulDisk(super.copy().tables);
	}

	override crash(): void {
		this.restore(this.#before);
	}
}

async function firstFailure(template: Template): Promise<Scenario> {
	for (let seed = 1; seed <= 50; seed++) {
		const scenario = scenarioOf(template, seed);
		if ((await run(template, scenario)).violation !== undefined) return scenario;
	}
	throw new Error("no seed fails");
}
