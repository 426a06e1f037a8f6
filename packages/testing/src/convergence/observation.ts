import { type DocumentExplanation, type MindooDB, type MindooDoc, MindooError, type Verdict } from "@mindoodb/core";

/** Everything that a document shows. */
export interface ShownDocument {
	readonly data: unknown;
	readonly heads: readonly string[];
	readonly deleted: boolean;
	readonly createdAt: number;
	readonly createdBy: string;
	readonly lastModifiedAt: number;
	readonly lastModifiedBy: string;
	readonly decryptionKeyId: string;
}

/** What a replica makes of a database. */
export interface Observation {
	readonly documents: Readonly<Record<string, ShownDocument>>;
	readonly verdicts: Readonly<Record<string, Verdict>>;
	/** Bytes of the attachments, or why they cannot be read, by document and id. */
	readonly attachments: Readonly<Record<string, unknown>>;
	/** Ids that lists give. */
	readonly listed: readonly string[];
}

export function shown(doc: MindooDoc): ShownDocument {
	const { heads, isDeleted, createdAt, createdBy, lastModifiedAt, lastModifiedBy, decryptionKeyId } = doc;
	return {
		data: doc.getData(),
		heads,
		deleted: isDeleted,
		createdAt,
		createdBy,
		lastModifiedAt,
		lastModifiedBy,
		decryptionKeyId,
	};
}

/** Reads every document and asks for every verdict. */
export async function observe(db: MindooDB): Promise<Observation> {
	const docIds = new Set<string>();
	for (const entry of await db.store.findNewEntries([])) {
		docIds.add(entry.kind === "stub" ? entry.link.docId : entry.common.docId);
	}
	const documents: Record<string, ShownDocument> = {};
	const verdicts: Record<string, Verdict> = {};
	const attachments: Record<string, unknown> = {};
	for (const docId of [...docIds].sort()) {
		const doc = await db.getDocument(docId);
		if (doc !== undefined) documents[docId] = shown(doc);
		for (const { id, size } of doc?.getAttachments() ?? []) {
			attachments[`${docId} ${id}`] = [size, await (doc as MindooDoc).getAttachment(id).catch(codeOf)];
		}
		const explanation = (await db.explain(docId)) as DocumentExplanation;
		for (const { hash, verdict } of explanation.entries) verdicts[hash] = verdict;
	}
	return { documents, verdicts, attachments, listed: (await db.getAllDocumentIds()).sort() };
}

function codeOf(error: unknown): string {
	if (error instanceof MindooError) return error.code;
	throw error;
}
