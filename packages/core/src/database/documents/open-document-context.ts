import type { CrdtDocument } from "../../automerge/crdt-document.js";
import type { LocalStore } from "../../store/store.js";
import type { AttachmentReader } from "../attachments/attachment-reader.js";
import type { EvaluationContext } from "../judging/evaluation-context.js";

export interface OpenDocumentContext {
	readonly store: LocalStore;
	readonly attachments: AttachmentReader;
	readonly evaluation: (docId: string) => EvaluationContext;
	/** Actor ids of this author; no two copies of a document in use at the same time may share one. */
	readonly actors: readonly string[];
	/** One more, when all of them are in use. */
	readonly anotherActor: () => string;
}

/** What an edit has to know before it begins. */
export interface Standing {
	/** Absent when nothing of the document counts and can be read. */
	readonly decryptionKeyId: string | undefined;
	readonly deleted: boolean;
	readonly locked: boolean;
}

/** An Automerge document lent to a draft that lasts longer than a turn. */
export interface Loan {
	readonly crdt: CrdtDocument;
	readonly version: number;
}
