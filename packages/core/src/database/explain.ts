import { type Entry, isChunk, linkOf, type StoredEntry } from "../entry/entry.js";
import { isLargeChunk } from "../store/record.js";
import type { DatabaseContext } from "./context.js";
import { documentOfVerdictKey, rowKinds, rowRange } from "./document-rows.js";
import type { Documents } from "./documents/documents.js";
import { acceptedEntries } from "./history/past-documents.js";
import { type ClockFault, timesOf } from "./history/timeline.js";
import { accepted, decodeVerdict, describeVerdict, type Verdict } from "./judging/verdict.js";
import { readVerdicts } from "./judging/verdict-rows.js";

/** What became of one entry, and why. */
export interface EntryExplanation {
	readonly hash: string;
	readonly docId: string;
	/** Type of the entry, `undefined` when this version does not know it. */
	readonly entryType: string | undefined;
	readonly createdAt: number;
	/** Public key, hex. */
	readonly createdBy: string;
	readonly verdict: Verdict;
	/** Whether the author's clock contradicts what others wrote before and after; see `getDocumentHistory`. */
	readonly clock: ClockFault | undefined;
	/** The verdict in one sentence, and what is wrong with the clock in another. */
	readonly words: string;
}

/** Why a document shows what it shows. */
export interface DocumentExplanation {
	readonly docId: string;
	readonly shown: boolean;
	readonly deleted: boolean;
	/** All entries in order of arrival here. */
	readonly entries: readonly EntryExplanation[];
}

/** Entries of one document that are refused, for whoever may pardon them. */
export interface RefusedDocument {
	readonly docId: string;
	readonly entries: number;
	/** Public keys of their authors, hex, sorted. */
	readonly authors: readonly string[];
	/** Reasons, sorted. */
	readonly reasons: readonly string[];
	/** Refused entries that no other refused entry builds on: a pardon of these covers all of them. */
	readonly heads: readonly string[];
}

const clockWords: Record<ClockFault, string> = {
	ahead: "Its author's clock was ahead of what others wrote after it.",
	behind: "Its author's clock was behind what it builds on.",
};

/** Answers the question why an entry or a document counts or does not. */
export class Explainer {
	readonly #context: DatabaseContext;
	readonly #documents: Documents;

	constructor(context: DatabaseContext, documents: Documents) {
		this.#context = context;
		this.#documents = documents;
	}

	async entry(hash: string): Promise<EntryExplanation | undefined> {
		const { store, holding } = this.#context;
		const [entry = (await holding.store.getEntries([hash]))[0]] = await store.getEntries([hash]);
		if (entry === undefined) return undefined;
		if (isChunk(entry)) return this.#chunk(entry);
		const document = await this.#explain(linkOf(entry).docId);
		return document?.entries.find((each) => each.hash === hash);
	}

	async #chunk(entry: Entry): Promise<EntryExplanation> {
		const { docId, createdAt, createdByPublicKey, contentHash } = entry.common;
		const isHere = !isLargeChunk(entry) || (await this.#context.holding.store.contents.has([contentHash]))[0];
		const bytes = isHere
			? "Its bytes are here."
			: "Its bytes are not here; they are fetched from a source when they are read.";
		return {
			hash: entry.hash,
			docId,
			entryType: "attachment_chunk",
			createdAt,
			createdBy: createdByPublicKey,
			verdict: accepted,
			clock: undefined,
			words: `A chunk of an attachment, which counts with the change that refers to it. ${bytes}`,
		};
	}

	async document(docId: string): Promise<DocumentExplanation | undefined> {
		const doc = await this.#documents.read(docId);
		const explained = await this.#explain(docId);
		if (explained === undefined) return undefined;
		return { docId, shown: doc !== undefined, deleted: doc?.isDeleted ?? false, entries: explained.entries };
	}

	/** Documents with refused entries, one after the other. */
	async *refused(): AsyncGenerator<RefusedDocument> {
		await this.#documents.drain();
		const documents = new Set<number>();
		for await (const batch of this.#context.store.rows.scan(rowRange(rowKinds.verdict))) {
			for (const [key, value] of batch) {
				if (decodeVerdict(value).kind === "refused") documents.add(documentOfVerdictKey(key));
			}
		}
		for (const document of documents) {
			const docId = await this.#context.store.documentId(document);
			const refused = docId === undefined ? undefined : await this.#refusedOf(docId, document);
			if (refused !== undefined) yield refused;
		}
	}

	async #refusedOf(docId: string, document: number): Promise<RefusedDocument | undefined> {
		const refused = new Map<string, { readonly entry: StoredEntry; readonly reason: string }>();
		for await (const [entry, verdict] of this.#verdicts(docId, document)) {
			if (verdict.kind === "refused") refused.set(entry.hash, { entry, reason: verdict.reason });
		}
		if (refused.size === 0) return undefined;
		const all = [...refused.values()];
		const builtOn = new Set(
			all.flatMap(({ entry }) => (entry.kind === "entry" ? (entry.fields?.dependencyHashes ?? []) : [])),
		);
		return {
			docId,
			entries: refused.size,
			authors: [...new Set(all.map(({ entry }) => linkOf(entry).createdByPublicKey))].sort(),
			reasons: [...new Set(all.map(({ reason }) => reason))].sort(),
			heads: [...refused.keys()].filter((hash) => !builtOn.has(hash)).sort(),
		};
	}

	async #explain(docId: string): Promise<{ readonly entries: readonly EntryExplanation[] } | undefined> {
		const document = await this.#context.store.documentNumber(docId);
		if (document === undefined) return undefined;
		await this.#documents.bringUp([document]);
		const entries: EntryExplanation[] = [];
		const times = timesOf(await acceptedEntries(this.#context.store, document));
		for await (const [entry, verdict] of this.#verdicts(docId, document)) {
			const clock = times.get(entry.hash)?.clock;
			const { createdAt, createdByPublicKey } = linkOf(entry);
			entries.push({
				hash: entry.hash,
				docId,
				entryType: entry.kind === "entry" ? entry.fields?.entryType : undefined,
				createdAt,
				createdBy: createdByPublicKey,
				verdict,
				clock,
				words: clock === undefined ? describeVerdict(verdict) : `${describeVerdict(verdict)} ${clockWords[clock]}`,
			});
		}
		return { entries };
	}

	async *#verdicts(docId: string, document: number): AsyncGenerator<readonly [StoredEntry, Verdict]> {
		const { store } = this.#context;
		const verdicts = await readVerdicts(store.rows, document);
		for await (const batch of store.entriesOfDocument(document, { payload: false })) {
			for (const { arrival, entry } of batch) yield [entry, verdicts.get(arrival) ?? accepted];
		}
		// A chunk has no verdict of its own, but where it was erased nobody can tell any more that it was one.
		if (!(await store.isErased(docId))) return;
		for await (const batch of store.entriesOfDocument(document, { payload: false, chunks: true })) {
			for (const { entry } of batch) if (entry.kind === "stub") yield [entry, { kind: "purged" }];
		}
	}
}
