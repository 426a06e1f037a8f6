import type { DocumentData } from "../../automerge/plain-data.js";
import { linkOf } from "../../entry/entry.js";
import type { EntryType } from "../../entry/header.js";
import type { DatabaseContext } from "../context.js";
import type { OpenDocument } from "../documents/open-document.js";
import { accepted, describeVerdict, type Verdict } from "../judging/verdict.js";
import { readVerdicts } from "../judging/verdict-rows.js";
import type { DeviceChains } from "./device-chains.js";
import { DocumentPast } from "./document-past.js";
import { type FieldChange, fieldChanges } from "./field-changes.js";
import { type ClockFault, type EntryTime, inCausalOrder } from "./timeline.js";

/** One step in the history of a document: a change, a deletion, or an entry that does not count. */
export interface HistoryItem {
	/** The Automerge change, 64 hex digits; absent for a deletion and for what does not count. */
	readonly change: string | undefined;
	/** The entry that holds it. One entry can hold many changes, made shortly after each other. */
	readonly entry: string;
	/** `undefined` when this version does not know the type. */
	readonly entryType: EntryType | undefined;
	/** Milliseconds by the author's clock. */
	readonly createdAt: number;
	/** Milliseconds: where time travel puts it. Equal on all replicas; `createdAt` unless the clock was wrong. */
	readonly time: number;
	/** Whether the author's clock contradicts what others wrote before and after. */
	readonly clock: ClockFault | undefined;
	/** Public key of the author. */
	readonly createdBy: string;
	/** First entry of the chain that the author's device signs in this database: two devices of one user have two. */
	readonly device: string | undefined;
	readonly verdict: Verdict;
	/** The verdict in one sentence. */
	readonly words: string;
	/** What the change did to what it was made on. */
	readonly fields: readonly FieldChange[];
}

export interface HistoryOptions {
	/** Whether `fields` are told, which costs reading the document at every change. @default true */
	readonly fields?: boolean;
}

export interface HistorySource {
	readonly context: DatabaseContext;
	/** Number of the document. */
	readonly document: number;
	/** Reads the open document in one turn; `undefined` when nothing of it counts. */
	readonly read: <T>(use: (open: OpenDocument) => T) => Promise<T | undefined>;
	readonly chains: DeviceChains;
}

/** Changes whose fields are compared in one turn. */
const turn = 32;

interface Step extends Omit<HistoryItem, "device" | "fields"> {
	/** Changes that it was made on. */
	readonly base: readonly string[];
}

/** Oldest first; what does not count stands where its author's clock puts it. */
export async function* historyItems(
	source: HistorySource,
	{ fields = true }: HistoryOptions,
): AsyncGenerator<HistoryItem> {
	const counted = (await source.read((open) => countedSteps(open, source.context))) ?? [];
	const steps = merged(counted, await uncountedSteps(source.context, source.document));
	for (let start = 0; start < steps.length; start += turn) {
		const group = steps.slice(start, start + turn);
		// Not kept beyond the turn: what was yielded belongs to the caller, who may change it.
		const comparison = new Comparison();
		const changed = fields ? await source.read((open) => group.map((step) => comparison.of(open, step))) : undefined;
		for (const [i, { base: _, ...step }] of group.entries()) {
			const device = await source.chains.deviceOf(step.createdBy, step.entry);
			yield { ...step, device, fields: changed?.[i] ?? [] };
		}
	}
}

/** What changes did; of changes in a row each state is read once. */
class Comparison {
	#last: { readonly change: string; readonly data: DocumentData } | undefined;

	of(open: OpenDocument, { change, base }: Step): readonly FieldChange[] {
		if (change === undefined) return [];
		// Rights may have changed since the list was made.
		if ([change, ...base].some((each) => open.evaluation.entryWithChange(each) === undefined)) return [];
		const onLast = base.length === 1 && base[0] === this.#last?.change;
		const before = onLast ? (this.#last as { readonly data: DocumentData }).data : open.crdt().dataAt(base);
		const data = open.crdt().dataAt([change]);
		this.#last = { change, data };
		return fieldChanges(before, data);
	}
}

function countedSteps(open: OpenDocument, { attachments }: DatabaseContext): Step[] {
	const past = new DocumentPast(open, attachments);
	const { entries, times } = past;
	const timed = entries.map((entry) => ({ ...entry, createdAt: (times.get(entry.hash) as EntryTime).time }));
	return inCausalOrder(timed).flatMap(({ hash, createdAt: time, judged, ...entry }): Step[] => {
		const step = {
			entry: hash,
			entryType: entry.entryType,
			createdAt: entry.fields.createdAt,
			time,
			clock: times.get(hash)?.clock,
			createdBy: entry.author,
			verdict: accepted,
			words: describeVerdict(accepted),
		};
		const changes = open.evaluation.changesOf(judged);
		if (changes.length === 0) return [{ ...step, change: undefined, base: [] }];
		const below = past.lastChanges(entry.dependencyHashes);
		return changes.map((change, i) => ({ ...step, change, base: i === 0 ? below : [changes[i - 1] as string] }));
	});
}

/** Entries that do not count here, by their authors' clocks. */
async function uncountedSteps({ store }: DatabaseContext, document: number): Promise<Step[]> {
	const verdicts = await readVerdicts(store.rows, document);
	const steps: Step[] = [];
	for (const { arrival, entry } of await store.getArrivals([...verdicts.keys()], { payload: false })) {
		const { createdAt, createdByPublicKey: createdBy } = linkOf(entry);
		const verdict = verdicts.get(arrival) as Verdict;
		steps.push({
			change: undefined,
			entry: entry.hash,
			entryType: entry.kind === "entry" ? entry.fields?.entryType : undefined,
			createdAt,
			time: createdAt,
			clock: undefined,
			createdBy,
			verdict,
			words: describeVerdict(verdict),
			base: [],
		});
	}
	return steps.sort((a, b) => a.time - b.time || (a.entry < b.entry ? -1 : 1));
}

/** Joins two lists, each in the order of its times. */
function merged(counted: readonly Step[], uncounted: readonly Step[]): Step[] {
	const steps: Step[] = [];
	let next = 0;
	for (const step of counted) {
		for (; next < uncounted.length && (uncounted[next] as Step).time < step.time; next++) {
			steps.push(uncounted[next] as Step);
		}
		steps.push(step);
	}
	return [...steps, ...uncounted.slice(next)];
}
