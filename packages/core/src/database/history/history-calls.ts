import type { MindooDoc } from "../mindoo-doc.js";
import type { ChangeFunction } from "../writing/document-writer.js";
import type { DocumentHistory } from "./document-history.js";
import type { FieldChange } from "./field-changes.js";
import type { HistoryItem, HistoryOptions } from "./history-items.js";
import type { FieldConflict, FieldOrigin } from "./origins.js";
import { restoreState } from "./restore.js";

/** The calls of a database that look back in time. Deleted documents have a history like others. */
export abstract class HistoryCalls {
	/** Throws when the database is closed. */
	protected abstract get history(): DocumentHistory;

	abstract changeDoc<T>(doc: MindooDoc | string, edit: ChangeFunction<T>): Promise<void>;

	/**
	 * The document as it was at a moment, also one that is deleted now; `undefined` when there was none yet.
	 * @param time milliseconds. Times are those of the authors' clocks, set right where they contradict what others wrote.
	 */
	async getDocumentAtTimestamp(docId: string, time: number): Promise<MindooDoc | undefined> {
		return this.history.at(docId, time);
	}

	/**
	 * The document with these changes and all that they build on.
	 * @param heads Automerge change hashes, such as an earlier `heads` of the document. @throws {UsageError} `not-found`
	 */
	async getDocumentAtHashes(docId: string, heads: readonly string[]): Promise<MindooDoc | undefined> {
		return this.history.atHeads(docId, heads);
	}

	/** Ids of the documents that could be read at a moment and were not deleted then. @param time milliseconds. */
	async getDocumentIdsAtTimestamp(time: number): Promise<string[]> {
		return this.history.idsAt(time);
	}

	/** Every change of a document, oldest first: who, when, what, on which device, and whether it counts. */
	getDocumentHistory(docId: string, options: HistoryOptions = {}): AsyncGenerator<HistoryItem> {
		return this.history.items(docId, options);
	}

	/** What differs between two states of a document, field by field. @throws {UsageError} `not-found` for unknown heads. */
	async diff(docId: string, from: readonly string[], to: readonly string[]): Promise<FieldChange[]> {
		return this.history.diff(docId, from, to);
	}

	/** Who wrote each field last. */
	async blame(docId: string): Promise<FieldOrigin[]> {
		return this.history.origins(docId);
	}

	/** Fields that hold several values, written without knowledge of each other, and who wrote them. */
	async getConflicts(docId: string): Promise<FieldConflict[]> {
		return this.history.conflicts(docId);
	}

	/**
	 * Writes an earlier state as a new change; only fields that differ are written. Nothing when none does.
	 * @throws {UsageError} `not-found`, `document-deleted`.
	 */
	async restore(docId: string, heads: readonly string[]): Promise<void> {
		const state = await this.history.stateAt(docId, heads);
		await this.changeDoc(docId, (draft: Record<string, unknown>) => restoreState(draft, state));
	}

	/**
	 * Everything that somebody without the database needs to check a document, or the whole database: a file in pieces, as
	 * docs/audit-trail.md describes it, for `checkAuditTrail` and `judgeAuditTrail`. Contents stay encrypted.
	 * @throws {UsageError} `not-found`. @throws {StoreError} `store-damaged`, where something would be left out.
	 */
	exportAuditTrail(docId?: string): AsyncGenerator<Uint8Array> {
		return this.history.trail(docId);
	}
}
