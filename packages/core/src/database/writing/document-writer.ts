/**
 * Writes documents: turns edits into changes and hands them to the group commit.
 */
import { isActorOf, renewActor } from "../../automerge/actor.js";
import { draftError } from "../../automerge/automerge-error.js";
import { CrdtDocument, type LocalChange } from "../../automerge/crdt-document.js";
import { decodeProjection } from "../../automerge/plain-data.js";
import { drawIdBytes, makeDocumentId } from "../../entry/ids.js";
import { limits } from "../../entry/limits.js";
import { UsageError } from "../../errors.js";
import type { HeldKey } from "../../keys/keyring.js";
import type { RowWrite } from "../../store/rows.js";
import type { Placement } from "../../store/store.js";
import { type AttachmentEdits, editAttachments } from "../attachments/attachment-edits.js";
import type { DatabaseContext } from "../context.js";
import { projectionKey } from "../document-rows.js";
import type { Documents } from "../documents/documents.js";
import type { OpenDocument } from "../documents/open-document.js";
import { MindooDoc } from "../mindoo-doc.js";
import type { DocumentFacts } from "../projection/projection-row.js";
import { SnapshotWriter } from "../snapshots/snapshot-writer.js";
import { type Author, CommitQueue, type Draft } from "./commit-queue.js";
import { DocumentJob, type Step } from "./document-job.js";
import { firstChange, onlyChange } from "./first-change.js";
import { keyIdToChange, keyToWrite } from "./writing-key.js";

/**
 * Edits a draft in place. Every edit counts, on any level. May be async: edits before and after an `await` become one change when
 * its promise resolves. What it throws leaves the document as it was. The draft cannot be used afterwards, nor can `attachments`, which
 * adds, removes and reads the document's files.
 */
export type ChangeFunction<T> = (draft: T, attachments: AttachmentEdits) => void | Promise<void>;

interface FirstEntry {
	readonly entryType: "doc_create" | "doc_change";
	readonly docId: string;
	readonly key: HeldKey;
	readonly change: LocalChange;
	/** What the document shows, as `encodeProjection` gives it. */
	readonly data: Uint8Array;
}

export class DocumentWriter {
	readonly #context: DatabaseContext;
	readonly #documents: Documents;
	readonly #author: Author;
	/** Actor of new documents, and of changes where the author is not the one of the open documents. */
	#actor: string;
	readonly #queue: CommitQueue;
	readonly #jobs = new Map<OpenDocument, DocumentJob>();
	readonly #snapshots: SnapshotWriter;
	/** Generation of the directory when a document's waiting changes began. */
	readonly #begun = new WeakMap<OpenDocument, number>();

	constructor(context: DatabaseContext, documents: Documents, author: Author, actor: string) {
		this.#context = context;
		this.#actor = actor;
		this.#documents = documents;
		this.#author = author;
		const { env, store, attachmentStore, tenantRoot, dbId, trust, onAppended } = context;
		this.#queue = new CommitQueue({
			env,
			store,
			attachmentStore,
			rowsOfChunks: (chunks) => context.holding.rowsOf(chunks),
			tenantRoot,
			dbId,
			author,
			directoryHeads: () => trust.headsFor(author.publicKey),
			isDirectory: dbId === "directory",
			onAppended,
		});
		this.#snapshots = new SnapshotWriter(context, documents, this.#queue, (keyId) => this.#keyFor(keyId));
	}

	/**
	 * Resolves with the document when it is durable.
	 * @param keyCommitment another version of the key than the one to write under.
	 */
	async create(
		decryptionKeyId: string,
		initial: Readonly<Record<string, unknown>>,
		keyCommitment?: string,
	): Promise<MindooDoc> {
		const key = this.#keyFor(decryptionKeyId, keyCommitment);
		const { env, tenantRoot, dbId } = this.#context;
		const origin = { tenantRoot, dbId, decryptionKeyId, createdByPublicKey: this.#author.publicKey };
		const docId = await makeDocumentId(env.crypto, origin, drawIdBytes(env.random));
		return this.#writeFirst({
			entryType: "doc_create",
			docId,
			key,
			...(await firstChange(env.crypto, this.#actor, initial)),
		});
	}

	/** Makes a document with a fixed id; several roots of it, made apart, merge. */
	async createSettings(
		docId: string,
		decryptionKeyId: string,
		edit: (draft: Record<string, unknown>) => void | Promise<void>,
	): Promise<void> {
		const key = this.#keyFor(decryptionKeyId);
		// An actor for each root: two at once would otherwise claim the same place.
		const crdt = CrdtDocument.create(this.#newActor());
		let change: LocalChange;
		try {
			await edit(crdt.openDraft());
			change = crdt.commitDraft() ?? crdt.emptyChange();
		} finally {
			crdt.free();
		}
		let document = 0;
		const draft: Draft = { entryType: "doc_change", docId, key, ...onlyChange(change) };
		await this.#commit(draft, async (placement) => {
			document = placement.document;
			// Another root may have come meanwhile, so what the document shows is not what this one says.
			return this.#documents.behind.note(document, { unapplied: true });
		});
		await this.#documents.bringUp([document]);
	}

	/** Writes an entry that nothing comes before, with its projection. */
	async #writeFirst({ entryType, docId, key, change, data }: FirstEntry): Promise<MindooDoc> {
		const createdBy = this.#author.publicKey;
		const { generation } = this.#context.trust;
		let facts: DocumentFacts | undefined;
		let feed = 0;
		const draft: Draft = {
			entryType,
			docId,
			key,
			...onlyChange(change),
			onSealed: ({ hash, common: { createdAt } }) => {
				facts = {
					decryptionKeyId: key.decryptionKeyId,
					heads: [[change.hash, hash]],
					createdAt,
					createdBy,
					lastModifiedAt: createdAt,
					lastModifiedBy: createdBy,
				};
			},
		};
		await this.#commit(draft, async ({ document, arrival }) => {
			feed = this.#documents.feed.take();
			const head = { docId, feed, applied: arrival, deleted: false, keyCommitment: key.keyCommitment };
			const value = await this.#documents.projections.seal(head, { facts: facts as DocumentFacts, data });
			return [
				{ type: "put", key: projectionKey(document), value },
				...this.#documents.feed.rows(document, feed, 0),
				...this.#outdated(document, generation),
			];
		});
		this.#documents.feed.announce([{ docId, deleted: false, origin: "local", feed }]);
		return new MindooDoc(
			docId,
			false,
			() => facts as unknown as DocumentFacts,
			() => decodeProjection(data),
			this.#context.attachments,
		);
	}

	/** Resolves when an entry is durable that nothing of its document comes before. */
	#commit(draft: Draft, rowsOf: (placement: Placement) => Promise<readonly RowWrite[]>): Promise<void> {
		const rows = ([placement]: readonly Placement[]) => rowsOf(placement as Placement);
		return new Promise((resolve, reject) => {
			const onFailed = (error: unknown) => {
				this.#actor = this.#newActor();
				reject(error);
			};
			this.#queue.add({ drafts: () => [draft], rows, onDurable: () => resolve(), onFailed });
		});
	}

	#newActor(): string {
		return renewActor(this.#context.env.random, this.#actor);
	}

	/** Resolves when the change is durable; at once when nothing was edited. */
	async change<T>(docId: string, edit: ChangeFunction<T>): Promise<void> {
		const open = this.#documents.atHand(docId) ?? (await this.#documents.openForWriting(docId));
		while (!open.isReady) await open.restore();
		if (open.isEvicted) return this.change(docId, edit);
		const key = this.#writable(open, false);
		const ownActor = isActorOf(open.crdt().actor, this.#actor.slice(0, 32));
		while (!ownActor && !open.isSettled) await open.settle();
		if (open.isEvicted) return this.change(docId, edit);
		if (open.needsJoin) {
			await this.#join(open);
			return this.change(docId, edit);
		}
		if (!ownActor) return this.#changeCopy(open, key, edit);
		const crdt = open.crdt();
		if (crdt.drafting) throw new UsageError("changeDoc: called inside the callback of a change of the same document");
		const draft = crdt.openDraft() as T;
		const attachments = this.#attachmentsOf(open, key, crdt);
		let pending: void | Promise<void>;
		try {
			pending = edit(draft, attachments);
		} catch (error) {
			attachments.abandon();
			crdt.rollbackDraft();
			throw draftError(error);
		}
		if (isPromise(pending) || attachments.isBusy) return this.#finishLater(open, key, attachments, pending);
		attachments.close();
		const change = crdt.commitDraft();
		if (change !== undefined) await this.#enqueue(open, { kind: "change", change, key, lifts: [] });
	}

	/** Marks the document as deleted. Edits that others make meanwhile do not bring it back. */
	async delete(docId: string): Promise<void> {
		const open = await this.#documents.openForWriting(docId);
		while (!open.isSettled) await open.settle();
		if (open.isEvicted) return this.delete(docId);
		const key = this.#writable(open, false);
		if (open.needsJoin) {
			await this.#join(open);
			return this.delete(docId);
		}
		await this.#enqueue(open, { kind: "delete", heads: open.crdt().heads, key });
	}

	/** Lifts every delete that is known here. */
	async undelete(docId: string): Promise<void> {
		const open = await this.#documents.openForWriting(docId);
		while (!open.isSettled) await open.settle();
		if (open.isEvicted) return this.undelete(docId);
		const key = this.#writable(open, true);
		const lifts = open
			.outcome()
			.deletes.flatMap(({ entry }) =>
				entry.kind === "stub" ? [] : [{ hash: entry.hash, createdAt: entry.common.createdAt }],
			);
		if (lifts.length === 0) return;
		if (open.needsJoin) {
			await this.#join(open);
			return this.undelete(docId);
		}
		const written: Promise<void>[] = [];
		// What one entry cannot lift beside its heads is left to further ones upon it.
		for (let from = 0, to = 0; from < lifts.length; from = to) {
			const change = open.crdt().emptyChange();
			to += limits.dependencies - change.deps.length;
			written.push(this.#enqueue(open, { kind: "change", change, key, lifts: lifts.slice(from, to) }));
		}
		await Promise.all(written);
	}

	/** The author's chain may have been continued elsewhere. */
	forgetChain(): void {
		this.#queue.forgetChain();
	}

	/** Resolves when everything that was begun is durable or has failed. */
	idle(): Promise<void> {
		return this.#queue.idle();
	}

	/** As `idle`, with the snapshots that are due. */
	async close(): Promise<void> {
		await this.idle();
		await this.#snapshots.close();
	}

	/**
	 * Resolves when so many heads are joined that one entry can name the rest. The joins are written together and change nothing that
	 * is shown, so it does no harm when what they were made for fails or never comes.
	 */
	async #join(open: OpenDocument): Promise<void> {
		// Asked again behind the wait: somebody else may have written, or joined, meanwhile.
		while (!open.isSettled) await open.settle();
		if (open.broken !== undefined || open.isEvicted || !open.needsJoin) return;
		const key = this.#writable(open, true);
		const joins = open.join(this.#newActor());
		await Promise.all(joins.map((change) => this.#enqueue(open, { kind: "change", change, key, lifts: [] })));
	}

	/**
	 * Edits a copy under this writer's own actor: the open document has another author's. Nothing may be waiting to become durable.
	 */
	async #changeCopy<T>(open: OpenDocument, key: HeldKey, edit: ChangeFunction<T>): Promise<void> {
		const loan = open.copyFor(this.#newActor());
		const attachments = this.#attachmentsOf(open, key, loan.crdt);
		let change: LocalChange | undefined;
		try {
			await edit(loan.crdt.openDraft() as T, attachments);
			await attachments.settled();
			attachments.close();
			change = loan.crdt.commitDraft();
		} catch (error) {
			await attachments.release();
			throw error;
		} finally {
			open.takeBack(loan, change);
		}
		await this.#enqueueEdit(open, key, change, attachments);
	}

	/** Waits for an edit that goes on; meanwhile others may change the document. */
	async #finishLater(
		open: OpenDocument,
		key: HeldKey,
		attachments: AttachmentEdits,
		pending: void | Promise<void>,
	): Promise<void> {
		const loan = open.lend();
		let change: LocalChange | undefined;
		try {
			await pending;
			await attachments.settled();
			if (open.broken !== undefined) throw open.broken;
			attachments.close();
			change = loan.crdt.commitDraft();
		} catch (error) {
			attachments.abandon();
			loan.crdt.rollbackDraft();
			open.takeBack(loan, undefined);
			await attachments.release();
			throw draftError(error);
		}
		open.takeBack(loan, change);
		// Without a pause: until it is noted as drafted, another copy might take its place.
		await this.#enqueueEdit(open, key, change, attachments);
	}

	/** Resolves when the change, if there is one, is durable, and nothing is staged any more that no entry needs. */
	async #enqueueEdit(open: OpenDocument, key: HeldKey, change: LocalChange | undefined, attachments: AttachmentEdits) {
		const { chunks } = attachments;
		try {
			if (change !== undefined) await this.#enqueue(open, { kind: "change", change, key, lifts: [], chunks });
		} finally {
			await attachments.release();
		}
	}

	#attachmentsOf(open: OpenDocument, key: HeldKey, crdt: CrdtDocument): AttachmentEdits {
		return editAttachments(this.#context, { docId: open.docId, key, author: this.#author.publicKey }, crdt);
	}

	#enqueue(open: OpenDocument, step: Step): Promise<void> {
		if (step.kind === "change") {
			open.drafted(step.change);
			this.#snapshots.drafted(open, step.change);
		}
		let job = this.#jobs.get(open);
		if (job === undefined || !job.isOpen) {
			job = new DocumentJob(open, { rows: this.#rows, durable: this.#durable, failed: this.#failed });
			this.#jobs.set(open, job);
			this.#begun.set(open, this.#context.trust.generation);
			this.#queue.add(job);
		}
		return job.add(step);
	}

	/** An entry that was made before the directory changed and stored after it is judged like everybody's. */
	#outdated(document: number, generation: number): readonly RowWrite[] {
		const { trust } = this.#context;
		return trust.generation === generation ? [] : this.#documents.behind.note(document, { anew: true });
	}

	readonly #rows = async (open: OpenDocument): Promise<readonly RowWrite[]> => {
		const before = open.feed;
		open.feed = this.#documents.feed.take();
		return [
			...this.#documents.feed.rows(open.document, open.feed, before),
			...this.#documents.behind.note(open.document, { feed: open.feed }),
			...this.#outdated(open.document, this.#begun.get(open) ?? this.#context.trust.generation),
		];
	};

	readonly #durable = (open: OpenDocument): void => {
		const { docId, feed } = open;
		if (this.#jobs.get(open)?.isOpen === false) this.#jobs.delete(open);
		this.#documents.feed.announce([{ docId, deleted: open.standing.deleted, origin: "local", feed }]);
		this.#documents.scheduleWriteBehind();
		this.#snapshots.durable(open);
	};

	readonly #failed = (open: OpenDocument, error: unknown): void => {
		this.#actor = renewActor(this.#context.env.random, this.#actor);
		this.#jobs.delete(open);
		this.#documents.discard(open, error);
	};

	/** @throws {UsageError} or {KeyError} unless this author may change the document now. */
	#writable(open: OpenDocument, deleted: boolean): HeldKey {
		return this.#keyFor(keyIdToChange(open.standing, deleted));
	}

	#keyFor(decryptionKeyId: string, keyCommitment?: string): HeldKey {
		return keyToWrite(this.#context, { author: this.#author.publicKey, decryptionKeyId, keyCommitment });
	}
}

function isPromise(value: unknown): value is Promise<void> {
	return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
