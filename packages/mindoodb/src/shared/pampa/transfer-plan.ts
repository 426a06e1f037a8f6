import type { Things } from "./project-side.js";
import { equalFields, type Fields, type MergeOptions, merge } from "./three-way.js";

/** Something that both sides changed, and differently: it stays as it is on both. */
export interface Conflict {
	/** Id of the entry, or name of the chunk. */
	readonly name: string;
	readonly fields: readonly string[];
}

/** What a transfer does to the entries, or to the chunks, of its target. */
export interface Plan {
	/** Everything that the target has afterwards. */
	readonly target: Map<string, Fields>;
	/** Names of what is added or changed. */
	readonly write: Set<string>;
	readonly remove: Set<string>;
	readonly conflicts: readonly Conflict[];
	/** What both sides had, once all of it is done. */
	readonly base: Map<string, Fields>;
}

export function planTransfer(source: Things, target: Things, base: Things, options: MergeOptions): Plan {
	const plan = {
		target: new Map<string, Fields>(),
		write: new Set<string>(),
		remove: new Set<string>(),
		conflicts: [] as Conflict[],
		base: new Map<string, Fields>(),
	};
	for (const name of new Set([...source.keys(), ...target.keys(), ...base.keys()])) {
		const before = target.get(name);
		const merged = merge({ source: source.get(name), target: before, base: base.get(name) }, options);
		if (merged.target !== undefined) plan.target.set(name, merged.target);
		if (merged.base !== undefined) plan.base.set(name, merged.base);
		if (merged.conflicts.length > 0) plan.conflicts.push({ name, fields: merged.conflicts });
		if (equalFields(before, merged.target)) continue;
		(merged.target === undefined ? plan.remove : plan.write).add(name);
	}
	return plan;
}

/** Takes something out of a plan: it stays as it is in the target, and the next transfer looks at it anew. */
export function leave(
	plan: Plan,
	name: string,
	{ before, base }: { before: Fields | undefined; base: Fields | undefined },
): void {
	plan.write.delete(name);
	plan.remove.delete(name);
	setOrDelete(plan.target, name, before);
	setOrDelete(plan.base, name, base);
}

function setOrDelete(things: Map<string, Fields>, name: string, fields: Fields | undefined): void {
	if (fields === undefined) things.delete(name);
	else things.set(name, fields);
}
