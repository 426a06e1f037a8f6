import { drawLayout, drawSteps, type Layout, type Step } from "./actions.js";
import { checkAfterCrash } from "./crash-checks.js";
import { checkConvergence, checkEnd, checkShown } from "./final-checks.js";
import { perform } from "./perform.js";
import { Rolls } from "./rolls.js";
import { asViolation, Simulation } from "./simulation.js";
import type { Template } from "./template.js";
import type { Violation } from "./violation.js";
import { World } from "./world.js";

/** All that a world depends on. */
export interface Scenario {
	readonly seed: number;
	readonly layout: Layout;
	readonly steps: readonly Step[];
}

export interface Outcome {
	readonly violation: Violation | undefined;
	/** Things that happened. */
	readonly events: number;
	/** Virtual milliseconds. */
	readonly time: number;
	/** How often what happened that had something to act on. */
	readonly happened: ReadonlyMap<string, number>;
}

/** Steps of most worlds, and of every sixth: what fails is found by many short ones sooner than by few long ones. */
const shortWorld = { least: 6, most: 12 };
const longWorld = { least: 15, most: 25 };

/** What a seed stands for. */
export function scenarioOf(template: Template, seed: number): Scenario {
	const rolls = new Rolls(seed);
	const names = template.members.map(({ name }) => name);
	const serverNames = template.servers.map(({ name }) => name);
	const layout = drawLayout(rolls, names, serverNames);
	const { least, most } = rolls.once(6) ? longWorld : shortWorld;
	return { seed, layout, steps: drawSteps(rolls, rolls.between(least, most), layout) };
}

/** Lets a world happen, and looks whether all held that must. @param trace gets a line for everything worth one. */
export async function run(
	template: Template,
	{ seed, layout, steps }: Scenario,
	trace?: (line: string) => void,
): Promise<Outcome> {
	const world = new World(trace);
	template.setWorld(world);
	const simulation = new Simulation(template, world, layout, seed);
	simulation.afterCrash = (crashed) => checkAfterCrash(simulation, crashed);
	let violation: Violation | undefined;
	try {
		simulation.start();
		await world.pass(200);
		for (const step of steps) {
			perform(simulation, step);
			await world.pass(step.pause);
			if (simulation.failure !== undefined) throw simulation.failure;
		}
		simulation.stopFaults();
		const members = await checkConvergence(simulation);
		await checkShown(simulation, members);
		await checkEnd(simulation);
	} catch (error) {
		violation = simulation.failure ?? asViolation("the world", error);
	}
	simulation.abandon();
	return { violation, events: world.events, time: world.now, happened: simulation.happened };
}
