/** Payloads of the past whose entries came without them: which are lacking here, which are to be fetched, and what follows when they come. */
import type { Crypto } from "../../crypto/crypto.js";
import { type Entry, linkOf, type StoredEntry } from "../../entry/entry.js";
import { contentsByHash } from "../../store/known-bytes.js";
import { payloadLength } from "../../store/record.js";
import type { RowWrite } from "../../store/rows.js";
import type { Arrival, ContentAddressedStore, LocalStore } from "../../store/store.js";
import type { HistoryMode } from "../../sync/connecting/sync-options.js";
import { documentOfVerdictKey, rowKinds, rowRange } from "../document-rows.js";
import { decodeVerdict, waitsForPayload } from "../judging/verdict.js";
import { readVerdicts } from "../judging/verdict-rows.js";
import { countOf, groupsOf, isAny, type LackingContents, lackingOf } from "./fetch-lacking.js";
import { checkHistoryMode, rememberedHistoryMode, rememberHistoryMode } from "./history-mode.js";
import type { Sources } from "./sources.js";

/** Entries that are looked at together. */
const entriesAtOnce = 256;

export interface HistoryHoldingParts {
	readonly crypto: Crypto;
	/** Holds the documents. */
	readonly store: LocalStore;
	readonly sources: Sources;
	/** @default what was chosen the last time, at first "whole" */
	readonly mode: HistoryMode | undefined;
}

export interface FetchHistoryOptions {
	readonly docId?: string | undefined;
	readonly signal?: AbortSignal | undefined;
}

/** What of the past was fetched. */
export interface FetchedHistory {
	readonly payloads: number;
	readonly bytes: number;
	/** Payloads that no source has. */
	readonly missing: number;
}

interface LackingEntry {
	readonly hash: string;
	/** Of its payload. */
	readonly contentHash: string;
	/** Of its payload, at most. */
	readonly bytes: number;
}

/** Has documents judged whose missing payloads have come. */
export interface AwaitingPayloads {
	/** Rows for the batch that keeps the payloads. */
	note(document: number): readonly RowWrite[];
	/** Told when it is durable. */
	judge(): Promise<void>;
}

export class HistoryHolding {
	#mode: HistoryMode;
	readonly #parts: HistoryHoldingParts;
	/** Whether anything may be lacking. */
	#lacks: boolean;

	private constructor(parts: HistoryHoldingParts, mode: HistoryMode, lacks: boolean) {
		this.#parts = parts;
		this.#mode = mode;
		this.#lacks = lacks;
	}

	/** @throws {UsageError} when the mode is none. */
	static async open(parts: HistoryHoldingParts): Promise<HistoryHolding> {
		const { store } = parts;
		const lacks = await isAny(lackingOf(store, { ofDocument: true }));
		const holding = new HistoryHolding(parts, await rememberedHistoryMode(store), lacks);
		if (parts.mode !== undefined) await holding.choose(parts.mode);
		return holding;
	}

	/** From now on, and remembered. @throws {UsageError} when the mode is none. */
	async choose(mode: HistoryMode): Promise<void> {
		if (checkHistoryMode(mode) === this.#mode) return;
		await rememberHistoryMode(this.#parts.store, mode);
		this.#mode = mode;
	}

	get isDense(): boolean {
		return this.#mode === "dense";
	}

	/** Entries are about to come without their payloads. */
	expectLacking(): void {
		this.#lacks = true;
	}

	/** Whether `fetch` would find anything to fetch behind a pull. */
	async lacks(): Promise<boolean> {
		const whole = this.#lacks && !this.isDense;
		return isAny(whole ? lackingOf(this.#parts.store, { ofDocument: true }) : this.#wanted(false));
	}

	/** What is not here, whether it is to be fetched or not. */
	async lacking(): Promise<LackingContents> {
		return countOf(this.#lacks ? lackingOf(this.#parts.store, { ofDocument: true }) : nothing());
	}

	/**
	 * Fetches what this replica is to hold, or with `all` whatever is lacking; with `docId` of that document alone.
	 * @throws the reason of `signal`; what was fetched until then is kept.
	 */
	async fetch(
		{ docId, all = false, signal }: FetchHistoryOptions & { readonly all?: boolean },
		awaiting: AwaitingPayloads,
		also?: ContentAddressedStore,
	): Promise<FetchedHistory> {
		const silent = new Set<ContentAddressedStore>();
		let [payloads, bytes, missing] = [0, 0, 0];
		for await (const batch of docId === undefined ? this.#wanted(all) : this.#ofDocument(docId)) {
			for (const group of groupsOf(batch, entriesAtOnce)) {
				signal?.throwIfAborted();
				const needed = new Map(group.map(({ hash, contentHash }) => [hash, contentHash]));
				const found = await this.#parts.sources.findOfEntries(needed, also, silent);
				await this.#keep(found, awaiting);
				payloads += found.size;
				missing += needed.size - found.size;
				for (const payload of found.values()) bytes += payload.length;
			}
		}
		return { payloads, bytes, missing };
	}

	/** Keeps payloads that came once more with entries which were here without them. @param known hashes of entries that are here. */
	async takeKnown(
		entries: readonly StoredEntry[],
		known: readonly string[],
		awaiting: AwaitingPayloads,
	): Promise<void> {
		if (!this.#lacks || known.length === 0) return;
		const { store, crypto } = this.#parts;
		const here = new Set(known);
		const offered = entries.filter(
			(entry): entry is Entry => entry.kind === "entry" && entry.payload !== undefined && here.has(entry.hash),
		);
		const present = await store.contents.has(offered.map(({ common }) => common.contentHash));
		const payloads = offered.flatMap(({ payload }, index) =>
			present[index] || payload === undefined ? [] : [payload],
		);
		const contents = await contentsByHash(crypto, payloads);
		await this.#keep(new Map(contents.map(({ contentHash, payload }) => [contentHash, payload])), awaiting);
	}

	async #keep(found: ReadonlyMap<string, Uint8Array>, awaiting: AwaitingPayloads): Promise<void> {
		if (found.size === 0) return;
		const { contents } = this.#parts.store;
		const documents = await this.#awaitingDocuments([...found.keys()]);
		const rows = documents.flatMap((document) => awaiting.note(document));
		await contents.put(
			[...found].map(([contentHash, payload]) => ({ contentHash, payload })),
			{ rows },
		);
		if (documents.length > 0) await awaiting.judge();
	}

	/** Documents that are judged otherwise with these payloads: most show the same, because a snapshot told what was in them. */
	async #awaitingDocuments(contentHashes: readonly string[]): Promise<number[]> {
		const { store } = this.#parts;
		const waiting = await this.#documentsInWait();
		if (waiting.size === 0) return [];
		const found = new Set<number>();
		for (const contentHash of contentHashes) {
			for (const entry of await store.contents.entriesOf(contentHash)) {
				const document = await store.documentNumber(linkOf(entry).docId);
				if (document !== undefined && waiting.has(document)) found.add(document);
			}
		}
		return [...found];
	}

	/** Documents with entries that count for nothing because their payloads are not what their headers promised, or not here. */
	async #documentsInWait(): Promise<Set<number>> {
		const waiting = new Set<number>();
		for await (const batch of this.#parts.store.rows.scan(rowRange(rowKinds.verdict))) {
			for (const [key, value] of batch) {
				if (waitsForPayload(decodeVerdict(value))) waiting.add(documentOfVerdictKey(key));
			}
		}
		return waiting;
	}

	/** Of a dense replica what documents cannot be shown without. */
	#wanted(all: boolean): AsyncIterable<readonly LackingEntry[]> {
		if (!this.#lacks) return nothing();
		return all || !this.isDense ? this.#all() : this.#inWait();
	}

	async *#all(): AsyncGenerator<readonly LackingEntry[]> {
		const { store } = this.#parts;
		for await (const batch of lackingOf(store, { ofDocument: true })) {
			const lacking: LackingEntry[] = [];
			for (const { contentHash, bytes } of batch) {
				const [entry] = await store.contents.entriesOf(contentHash);
				if (entry !== undefined) lacking.push({ hash: entry.hash, contentHash, bytes });
			}
			yield lacking;
		}
	}

	async *#inWait(): AsyncGenerator<readonly LackingEntry[]> {
		const { store } = this.#parts;
		for (const document of await this.#documentsInWait()) {
			const verdicts = await readVerdicts(store.rows, document);
			const arrivals = [...verdicts].flatMap(([arrival, verdict]) => (waitsForPayload(verdict) ? arrival : []));
			for (let from = 0; from < arrivals.length; from += entriesAtOnce) {
				yield lackingAmong(await store.getArrivals(arrivals.slice(from, from + entriesAtOnce)));
			}
		}
	}

	async *#ofDocument(docId: string): AsyncGenerator<readonly LackingEntry[]> {
		const { store } = this.#parts;
		const document = this.#lacks ? await store.documentNumber(docId) : undefined;
		if (document === undefined) return;
		for await (const batch of store.entriesOfDocument(document)) yield lackingAmong(batch);
	}
}

/** @param arrivals read with their payloads, as far as these are here. */
function lackingAmong(arrivals: readonly Arrival[]): LackingEntry[] {
	return arrivals.flatMap(({ entry }) =>
		entry.kind === "stub" || entry.fields === undefined || entry.payload !== undefined
			? []
			: [{ hash: entry.hash, contentHash: entry.common.contentHash, bytes: payloadLength(entry) }],
	);
}

async function* nothing(): AsyncGenerator<never> {}
