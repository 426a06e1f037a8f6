/** What becomes of one thing that two sides have, seen beside what both had when they were level the last time. */

/** Name of a field → its text. */
export type Fields = ReadonlyMap<string, string>;

export interface Sides {
	/** Where the transfer comes from. */
	readonly source: Fields | undefined;
	/** Where it goes to. */
	readonly target: Fields | undefined;
	/** What both had. */
	readonly base: Fields | undefined;
}

export interface MergeOptions {
	/** Whether the source counts where both sides changed the same. @default false */
	readonly overwrite?: boolean;
	/** Whether what only the target knows goes. @default false */
	readonly prune?: boolean;
}

export interface Merged {
	/** What the target has afterwards. */
	readonly target: Fields | undefined;
	/** What both are then known to have had. */
	readonly base: Fields | undefined;
	/** Fields that both sides changed, and differently. All of them where one side removed what the other one changed. */
	readonly conflicts: readonly string[];
}

/** Figures of use: each machine has its own, and nobody is to be asked about them. */
export const figures: ReadonlySet<string> = new Set(["last_used_at", "success_rate"]);

export function merge(
	{ source, target, base }: Sides,
	{ overwrite = false, prune = false }: MergeOptions = {},
): Merged {
	if (source !== undefined && target !== undefined) return mergeFields(source, target, base, overwrite);
	if (base === undefined) return source === undefined && !prune ? { target, base, conflicts: [] } : taken(source);
	if (source === undefined && target === undefined) return taken(undefined);
	const changed = namesOf(source, target, base).filter(
		(name) => !figures.has(name) && (source ?? target)?.get(name) !== base.get(name),
	);
	if (overwrite || (source === undefined && changed.length === 0)) return taken(source);
	return { target, base, conflicts: changed };
}

export function equalFields(a: Fields | undefined, b: Fields | undefined): boolean {
	if (a === undefined || b === undefined) return a === b;
	return a.size === b.size && [...a].every(([name, text]) => b.get(name) === text);
}

function taken(fields: Fields | undefined): Merged {
	return { target: fields, base: fields, conflicts: [] };
}

function mergeFields(source: Fields, target: Fields, base: Fields | undefined, overwrite: boolean): Merged {
	const [merged, known] = [new Map(target), new Map(base)];
	const conflicts: string[] = [];
	for (const name of namesOf(source, target, base)) {
		const [from, to, before] = [source.get(name), target.get(name), base?.get(name)];
		if (from !== to) {
			if (from === before && !overwrite) continue;
			if (to !== before && !overwrite) {
				if (!figures.has(name)) conflicts.push(name);
				continue;
			}
			setOrDelete(merged, name, from);
		}
		setOrDelete(known, name, from);
	}
	return { target: merged, base: known.size > 0 ? known : undefined, conflicts };
}

function namesOf(...all: readonly (Fields | undefined)[]): string[] {
	return [...new Set(all.flatMap((fields) => [...(fields?.keys() ?? [])]))];
}

function setOrDelete(fields: Map<string, string>, name: string, text: string | undefined): void {
	if (text === undefined) fields.delete(name);
	else fields.set(name, text);
}
