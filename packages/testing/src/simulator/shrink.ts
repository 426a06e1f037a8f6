import { type Outcome, run, type Scenario } from "./run.js";
import type { Template } from "./template.js";

export interface Shrunk {
	readonly scenario: Scenario;
	readonly outcome: Outcome;
	/** Worlds that were tried. */
	readonly tries: number;
}

/**
 * Looks for a shorter course of events that breaks the same invariant: takes steps out, many at a time and then one by one, as long as that
 * helps.
 * @param scenario one that fails. @param most worlds to try. @default 300
 */
export async function shrink(template: Template, scenario: Scenario, most = 300): Promise<Shrunk> {
	let best = scenario;
	let outcome = await run(template, scenario);
	const invariant = outcome.violation?.invariant;
	let tries = 1;
	if (invariant === undefined) return { scenario, outcome, tries };
	for (let size = Math.ceil(best.steps.length / 2); size >= 1; size = size > 1 ? Math.ceil(size / 2) : 0) {
		for (let at = 0; at < best.steps.length && tries < most; ) {
			const steps = [...best.steps.slice(0, at), ...best.steps.slice(at + size)];
			const tried = await run(template, { ...best, steps });
			tries++;
			if (tried.violation?.invariant === invariant) {
				best = { ...best, steps };
				outcome = tried;
			} else at += size;
		}
	}
	return { scenario: best, outcome, tries };
}

/** A world that failed, as people read it. */
export function describeFailure({ scenario, outcome }: Pick<Shrunk, "scenario" | "outcome">): string {
	const { seed, layout, steps } = scenario;
	const links = layout.links.map(([from, to]) => `${from} to ${to}`).join(", ");
	const lines = steps.map(({ pause, ...action }) => `  ${JSON.stringify(action)}, then ${pause} ms`);
	return [`seed ${seed}: ${outcome.violation?.message}`, `  connections: ${links}`, ...lines].join("\n");
}
