/** What a document was: the accepted entries of an open one, and which of them stand at a moment or behind changes. */
import { decodeProjection, encodeProjection } from "../../automerge/plain-data.js";
import type { HeaderFields } from "../../entry/header.js";
import type { DatabaseContext } from "../context.js";
import type { OpenDocument } from "../documents/open-document.js";
import type { Judged } from "../judging/judged.js";
import { MindooDoc } from "../mindoo-doc.js";
import { entriesAt, type WrittenEntry } from "./entries-at.js";
import { factsOf } from "./past-facts.js";
import { type EntryTime, timesOf } from "./timeline.js";

export interface PastEntry extends WrittenEntry {
	readonly fields: HeaderFields;
	readonly judged: Judged;
}

/** Reads an open document that is settled, in one turn. */
export class DocumentPast {
	readonly #open: OpenDocument;
	readonly #attachments: DatabaseContext["attachments"];
	readonly #entries = new Map<string, PastEntry>();

	/** @param attachments reads the files of states that are asked for. */
	constructor(open: OpenDocument, attachments: DatabaseContext["attachments"]) {
		this.#open = open;
		this.#attachments = attachments;
		for (const judged of open.evaluation.inCausalOrder()) {
			const entry = pastEntryOf(judged);
			if (entry !== undefined) this.#entries.set(entry.hash, entry);
		}
	}

	/** Accepted creates, changes and deletes. */
	get entries(): readonly PastEntry[] {
		return [...this.#entries.values()];
	}

	get times(): ReadonlyMap<string, EntryTime> {
		return timesOf(this.entries);
	}

	/** The document as it was; `undefined` when there was none yet. @param time milliseconds. */
	at(time: number): MindooDoc | undefined {
		const { entries } = this;
		const { written, isDeleted } = entriesAt(entries, timesOf(entries), time);
		const changes = written.filter(({ entryType }) => entryType !== "doc_delete");
		const followed = new Set(changes.flatMap(({ dependencyHashes }) => dependencyHashes));
		const heads = changes.filter(({ hash }) => !followed.has(hash));
		return this.#document(this.lastChanges(heads.map(({ hash }) => hash)), written, isDeleted);
	}

	/** The document at these changes, `undefined` when it holds one of them not. What was deleted shows as it did before. */
	atHeads(heads: readonly string[]): MindooDoc | undefined {
		const { evaluation } = this.#open;
		const waiting: string[] = [];
		for (const head of heads) {
			const judged = evaluation.entryWithChange(head);
			if (judged === undefined) return undefined;
			waiting.push(judged.entry.hash);
		}
		const past = new Map<string, PastEntry>();
		for (let hash = waiting.pop(); hash !== undefined; hash = waiting.pop()) {
			const entry = past.has(hash) ? undefined : this.#entries.get(hash);
			if (entry === undefined) continue;
			past.set(hash, entry);
			waiting.push(...entry.dependencyHashes);
		}
		return this.#document([...new Set(heads)], [...past.values()], false);
	}

	/** Last changes of those of the entries that hold some. */
	lastChanges(hashes: readonly string[]): string[] {
		return hashes.flatMap((hash) => {
			const judged = this.#entries.get(hash)?.judged;
			return judged === undefined ? [] : this.#open.evaluation.changesOf(judged).slice(-1);
		});
	}

	#document(heads: readonly string[], entries: readonly PastEntry[], isDeleted: boolean): MindooDoc | undefined {
		const { evaluation } = this.#open;
		const entryOf = (head: string) => evaluation.entryWithChange(head)?.entry.hash ?? "";
		const facts = factsOf(
			[...heads].sort().map((head) => [head, entryOf(head)] as const),
			entries,
		);
		if (facts === undefined) return undefined;
		const data = encodeProjection(this.#open.crdt().dataAt(heads));
		return new MindooDoc(
			this.#open.docId,
			isDeleted,
			() => facts,
			() => decodeProjection(data),
			this.#attachments,
		);
	}
}

function pastEntryOf(judged: Judged): PastEntry | undefined {
	const { entry } = judged;
	if (entry.kind === "stub" || entry.fields === undefined) return undefined;
	const { fields, hash } = entry;
	const { entryType, createdAt, dependencyHashes, createdByPublicKey: author } = fields;
	if (entryType === "doc_snapshot" || entryType === "attachment_chunk") return undefined;
	return { hash, author, createdAt, dependencyHashes, entryType, fields, judged };
}
