import { writeTrail } from "../../audit/write-trail.js";
import { UsageError } from "../../errors.js";
import type { DatabaseContext } from "../context.js";
import type { Documents } from "../documents/documents.js";
import type { OpenDocument } from "../documents/open-document.js";
import type { MindooDoc } from "../mindoo-doc.js";
import { DeviceChains } from "./device-chains.js";
import { DocumentPast } from "./document-past.js";
import { type FieldChange, fieldChanges } from "./field-changes.js";
import { type HistoryItem, type HistoryOptions, historyItems } from "./history-items.js";
import { type FieldConflict, type FieldOrigin, fieldConflicts, fieldOrigins } from "./origins.js";
import { existedAt } from "./past-documents.js";
import { PastFromSnapshot } from "./past-from-snapshot.js";

/** Looks back in time. Reads the open document, so a history that is in memory is not read again. */
export class DocumentHistory {
	readonly #context: DatabaseContext;
	readonly #documents: Documents;
	readonly #chains: DeviceChains;

	constructor(context: DatabaseContext, documents: Documents) {
		this.#context = context;
		this.#documents = documents;
		this.#chains = new DeviceChains(context.store);
	}

	async at(docId: string, time: number): Promise<MindooDoc | undefined> {
		const document = await this.#context.store.documentNumber(docId);
		if (document === undefined) return undefined;
		const found = await this.#documents.atRest(document, (state) =>
			new PastFromSnapshot(this.#context, document, docId, state).at(time),
		);
		if (found !== undefined) return found.doc;
		return this.#readNumber(document, (open) => new DocumentPast(open, this.#context.attachments).at(time));
	}

	async atHeads(docId: string, heads: readonly string[]): Promise<MindooDoc | undefined> {
		return this.#read(docId, (open) => {
			holds(open, heads);
			return new DocumentPast(open, this.#context.attachments).atHeads(heads);
		});
	}

	async *items(docId: string, options: HistoryOptions): AsyncGenerator<HistoryItem> {
		const document = await this.#context.store.documentNumber(docId);
		if (document === undefined) return;
		const read = <T>(use: (open: OpenDocument) => T) => this.#readNumber(document, use);
		yield* historyItems({ context: this.#context, document, read, chains: this.#chains }, options);
	}

	async diff(docId: string, from: readonly string[], to: readonly string[]): Promise<FieldChange[]> {
		return (
			(await this.#read(docId, (open) => {
				holds(open, from);
				holds(open, to);
				return fieldChanges(open.crdt().dataAt(from), open.crdt().dataAt(to));
			})) ?? []
		);
	}

	async origins(docId: string): Promise<FieldOrigin[]> {
		return (await this.#read(docId, fieldOrigins)) ?? [];
	}

	async conflicts(docId: string): Promise<FieldConflict[]> {
		return (await this.#read(docId, fieldConflicts)) ?? [];
	}

	/** A state to be written again, with the types that its values have. @throws {UsageError} `not-found` */
	async stateAt(docId: string, heads: readonly string[]): Promise<Record<string, unknown>> {
		const state = await this.#read(docId, (open) => {
			holds(open, heads);
			return open.crdt().valuesAt(heads);
		});
		if (state === undefined) {
			throw new UsageError("the document does not exist, or nothing of it counts here", { code: "not-found" });
		}
		return state;
	}

	/** Ids of the documents that there were at a moment and that were not deleted then, in the order in which they came here. */
	async idsAt(time: number): Promise<string[]> {
		const ids: string[] = [];
		for await (const group of this.#documents.scan(0, Number.POSITIVE_INFINITY)) {
			for (const [document, stored] of group) {
				const isCurrent = this.#documents.isCurrent([document, stored]);
				const shown = isCurrent && stored?.kind === "shown" ? stored.doc : undefined;
				const doc = isCurrent ? shown : await this.#documents.readNumber(document);
				if (doc === undefined) continue;
				// What was not touched since stands as it did.
				const existed =
					doc.lastModifiedAt <= time ? !doc.isDeleted : await existedAt(this.#context.store, document, time);
				if (existed) ids.push(doc.id);
			}
		}
		return ids;
	}

	trail(docId: string | undefined): AsyncGenerator<Uint8Array> {
		const { env, evidence, dbId, store, author } = this.#context;
		return writeTrail({ env, ...evidence, dbId, store, exporter: author?.signingKey }, docId);
	}

	async #read<T>(docId: string, use: (open: OpenDocument) => T): Promise<T | undefined> {
		const document = await this.#context.store.documentNumber(docId);
		return document === undefined ? undefined : this.#readNumber(document, use);
	}

	/** @returns what `use` makes of the document in one turn; `undefined` when nothing of it counts or can be read. */
	async #readNumber<T>(document: number, use: (open: OpenDocument) => T): Promise<T | undefined> {
		for (;;) {
			const open = await this.#documents.openWhole(document);
			// What is not durable has no entry yet.
			while (!open.isSettled) await open.settle();
			if (open.broken !== undefined) continue;
			return open.standing.decryptionKeyId === undefined ? undefined : use(open);
		}
	}
}

/** @throws {UsageError} `not-found` unless the document holds all of these changes. */
function holds(open: OpenDocument, heads: readonly string[]): void {
	const missing = heads.find((head) => open.evaluation.entryWithChange(head) === undefined);
	if (missing !== undefined) {
		throw new UsageError("heads: expected changes that the document holds", { code: "not-found", hash: missing });
	}
}
