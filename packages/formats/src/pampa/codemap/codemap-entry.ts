/** What a codemap says about one chunk id. The names are those of the file. Fields that nobody knows are kept, in front. */
export interface CodemapEntry {
	readonly file: string;
	readonly symbol: string | null;
	/** The name of the chunk; several entries may share it. */
	readonly sha: string;
	readonly lang: string;
	readonly chunkType?: string;
	readonly provider?: string;
	readonly dimensions?: number;
	readonly hasPampaTags: boolean;
	readonly hasIntent: boolean;
	readonly hasDocumentation: boolean;
	readonly variableCount: number;
	readonly synonyms: readonly string[];
	readonly path_weight: number;
	/** From 0 to 1. */
	readonly success_rate: number;
	/** How the chunk was written at that time; readers go by the files. */
	readonly encrypted: boolean;
	readonly symbol_calls: readonly string[];
	readonly symbol_call_targets: readonly string[];
	readonly symbol_callers: readonly string[];
	readonly symbol_neighbors: readonly string[];
	/** ISO 8601 with milliseconds, UTC. */
	readonly last_used_at?: string;
	readonly symbol_signature?: string;
	readonly symbol_parameters?: readonly string[];
	readonly symbol_return?: string;
	readonly [other: string]: unknown;
}

type Clean = (value: unknown) => unknown;

const text: Clean = (value) => (typeof value === "string" && value.trim() !== "" ? value.trim() : undefined);
const textOr =
	(otherwise: string | null): Clean =>
	(value) =>
		text(value) ?? otherwise;
const flag: Clean = (value) => value === true;
const finite = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : undefined);
const numberFrom =
	(otherwise: number, most = Number.POSITIVE_INFINITY): Clean =>
	(value) =>
		Math.min(most, Math.max(0, finite(value) ?? otherwise));
const list = (value: unknown): readonly string[] => {
	const texts = Array.isArray(value) ? value.map(text).filter((each) => typeof each === "string") : [];
	return [...new Set(texts)];
};
const listOrNone: Clean = (value) => (list(value).length > 0 ? list(value) : undefined);
const time: Clean = (value) => {
	const date = new Date(typeof value === "string" ? value : Number.NaN);
	return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
};

/** In the order in which they are written; what comes out as `undefined` is left out. */
const fields: readonly (readonly [name: string, clean: Clean])[] = [
	["file", textOr("unknown")],
	["symbol", textOr(null)],
	["sha", textOr("unknown")],
	["lang", textOr("unknown")],
	["chunkType", text],
	["provider", text],
	["dimensions", finite],
	["hasPampaTags", flag],
	["hasIntent", flag],
	["hasDocumentation", flag],
	["variableCount", (value) => Math.max(0, Math.round(finite(value) ?? 0))],
	["synonyms", list],
	["path_weight", numberFrom(1)],
	["success_rate", numberFrom(0, 1)],
	["encrypted", flag],
	["symbol_calls", list],
	["symbol_call_targets", list],
	["symbol_callers", list],
	["symbol_neighbors", list],
	["last_used_at", time],
	["symbol_signature", text],
	["symbol_parameters", listOrNone],
	["symbol_return", text],
];
const known = new Set(fields.map(([name]) => name));

/** Makes an entry of whatever stands in a file: every field cleaned, or its default. What is no object counts as an empty one. */
export function normalizeEntry(raw: unknown): CodemapEntry {
	const given = membersOf(raw);
	const cleaned = fields.map(([name, clean]) => [name, clean(given.get(name))] as const);
	// From pairs, not by assignment: a field may be called like a member that objects inherit.
	return Object.fromEntries([
		...[...given].filter(([name]) => !known.has(name)),
		...cleaned.filter(([, value]) => value !== undefined),
	]) as unknown as CodemapEntry;
}

/** An entry made anew: each field that is named in `raw`, also as `undefined`, takes the place of the previous one. */
export function mergeEntry(raw: unknown, previous: unknown): CodemapEntry {
	const merged = new Map([...membersOf(normalizeEntry(previous)), ...membersOf(raw)]);
	return normalizeEntry(Object.fromEntries(merged));
}

function membersOf(raw: unknown): ReadonlyMap<string, unknown> {
	return new Map(typeof raw === "object" && raw !== null && !Array.isArray(raw) ? Object.entries(raw) : []);
}
