import type { Rows, RowWrite } from "../../store/rows.js";
import {
	lastUint48,
	lockedKey,
	missingKey,
	noValue,
	rowKinds,
	rowRange,
	verdictKey,
	verdictRange,
} from "../document-rows.js";
import type { Judged } from "./judged.js";
import { decodeVerdict, encodeVerdict, type Verdict } from "./verdict.js";

/**
 * The rows that turn the stored verdicts of a document into its present ones, with the index rows by which a missing entry or key
 * finds what waits for it.
 * @param judged those that are not accepted.
 * @param links further entries whose arrival may change a verdict.
 */
export function verdictRows(
	document: number,
	judged: Iterable<Judged>,
	before: ReadonlyMap<number, Verdict>,
	links: Iterable<string> = [],
): RowWrite[] {
	const rows: RowWrite[] = [];
	const gone = new Map(before);
	const waitingBefore = new Set([...before.values()].flatMap((verdict) => waitingKeys(verdict)));
	const waiting = new Set<string>();
	for (const link of links) waiting.add(`e${link}`);
	for (const { arrival, verdict, right } of judged) {
		gone.delete(arrival);
		// An entry that is refused for another reason may yet turn out to have had no right, which is what is told of it then.
		for (const each of right === undefined ? [verdict] : [verdict, right]) {
			for (const key of waitingKeys(each)) waiting.add(key);
		}
		if (!same(before.get(arrival), verdict)) {
			rows.push({ type: "put", key: verdictKey(document, arrival), value: encodeVerdict(verdict) });
		}
	}
	for (const arrival of gone.keys()) rows.push({ type: "del", key: verdictKey(document, arrival) });
	for (const key of waiting)
		if (!waitingBefore.has(key)) rows.push({ type: "put", key: indexKey(key, document), value: noValue });
	for (const key of waitingBefore) if (!waiting.has(key)) rows.push({ type: "del", key: indexKey(key, document) });
	return rows;
}

/**
 * Looks whether there is any verdict. Most databases never refuse anything: then no document is looked at for its own, until the first
 * one is written.
 */
export async function lookForVerdicts(rows: Rows): Promise<void> {
	for await (const _ of rows.scan({ ...rowRange(rowKinds.verdict), limit: 1, mostlyEmpty: true })) return;
}

/** Verdicts of the entries of a document that are not accepted, by arrival. */
export async function readVerdicts(rows: Rows, document: number): Promise<Map<number, Verdict>> {
	const verdicts = new Map<number, Verdict>();
	for await (const batch of rows.scan({ ...verdictRange(document), mostlyEmpty: "part" })) {
		for (const [key, value] of batch) verdicts.set(lastUint48(key), decodeVerdict(value));
	}
	return verdicts;
}

/** What would settle a verdict: "e" and the hash of an entry, or "k" and a key commitment. */
function waitingKeys(verdict: Verdict): string[] {
	if (verdict.kind === "locked") return [`k${verdict.keyCommitment}`];
	if (verdict.kind !== "pending") return [];
	return verdict.missing.map((hash) => (verdict.reason === "key-unannounced" ? `k${hash}` : `e${hash}`));
}

function indexKey(key: string, document: number): Uint8Array {
	return key.startsWith("k") ? lockedKey(key.slice(1), document) : missingKey(key.slice(1), document);
}

function same(a: Verdict | undefined, b: Verdict): boolean {
	return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
}
