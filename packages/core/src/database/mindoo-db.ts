import { makeActor } from "../automerge/actor.js";
import { fromHex } from "../bytes/hex.js";
import type { StoredEntry } from "../entry/entry.js";
import { UsageError } from "../errors.js";
import type { CollectedStaging } from "../store/staging.js";
import type { LevelledStore } from "../sync/host.js";
import { collectGarbage } from "./attachments/garbage.js";
import type { DatabaseContext } from "./context.js";
import { Documents, type Scanned } from "./documents/documents.js";
import { type DocumentExplanation, type EntryExplanation, Explainer, type RefusedDocument } from "./explain.js";
import { DocumentHistory } from "./history/document-history.js";
import type { HistoryHolding } from "./holding/history-holding.js";
import type { AttachmentHolding } from "./holding/holding.js";
import { forkedHeads } from "./judging/author-forks.js";
import { type Levelling, LevellingCalls } from "./levelling/levelling-calls.js";
import { ReplicaStore } from "./levelling/replica-store.js";
import { Replication } from "./levelling/replication.js";
import { Transfers } from "./levelling/transfers.js";
import type { AuthorFork, FeedItem, InitialValues, IterateOptions } from "./mindoo-db-items.js";
import type { MindooDoc } from "./mindoo-doc.js";
import { makePresenceRoom, type PresenceRoom } from "./presence/presence-room.js";
import type { ChangeListener } from "./projection/change-feed.js";
import type { RefusalListener } from "./projection/projecting.js";
import { SnapshotCatalog } from "./snapshots/snapshot-catalog.js";
import { TrustFollower } from "./trust-follower.js";
import type { TrustEffects } from "./trust-port.js";
import type { Author } from "./writing/commit-queue.js";
import { type ChangeFunction, DocumentWriter } from "./writing/document-writer.js";

/**
 * A database of a tenant: documents that are signed and encrypted on this device, merged with those of other members, and read
 * without delay. Made by `MindooTenant.openDB`.
 */
export class MindooDB extends LevellingCalls {
	readonly #context: DatabaseContext;
	readonly #documents: Documents;
	readonly #writer: DocumentWriter | undefined;
	/** Writers for other keys of this user, such as the administration key, by public key. */
	readonly #writers = new Map<string, DocumentWriter>();
	readonly #explainer: Explainer;
	readonly #history: DocumentHistory;
	readonly #trustFollower: TrustFollower;
	readonly #snapshots: SnapshotCatalog;
	readonly #onClose: () => void;
	readonly #levelling: Levelling;
	#closing: Promise<void> | undefined;

	/** What other replicas pull from and push to. */
	readonly store: LevelledStore;
	/** The chunks of attachments for other replicas to pull, where they have a store of their own; `store` takes them too. */
	readonly attachmentStore: LevelledStore | undefined;

	/** Who is in which document now, as far as connected replicas tell. */
	readonly presence: PresenceRoom;

	private constructor(context: DatabaseContext, documents: Documents, onClose: () => void) {
		super();
		this.#context = context;
		this.#documents = documents;
		this.#onClose = onClose;
		this.#writer =
			context.author === undefined
				? undefined
				: new DocumentWriter(context, documents, context.author, documents.actor);
		this.#trustFollower = new TrustFollower(context, documents);
		this.#snapshots = new SnapshotCatalog(context.store, documents.behind);
		context.store.setSnapshotCover(this.#snapshots.coverOf);
		const replication = new Replication(context, documents, () => this.#forgetChains());
		this.#explainer = new Explainer(context, documents);
		this.#history = new DocumentHistory(context, documents);
		const receive = async (entries: readonly StoredEntry[]) => {
			const report = await replication.receive(entries);
			await context.onReceived?.();
			return report;
		};
		const purge = (docId: string) => this.#documents.purge(docId);
		this.presence = makePresenceRoom(context, documents);
		const { store, attachmentStore: chunks } = context;
		const { crypto } = context.env;
		this.store = new ReplicaStore(store, receive, purge, { crypto, beside: chunks, chunks });
		this.attachmentStore = chunks && new ReplicaStore(chunks, receive, purge, { crypto, beside: store, chunks });
		this.#levelling = {
			dbId: context.dbId,
			crypto,
			author: context.author?.publicKey,
			log: context.env.log,
			replication,
			transfers: new Transfers(),
			sync: context.sync,
			idle: async () => this.#writer?.idle(),
			received: async () => context.onReceived?.(),
			stores: [
				{ purpose: "documents", local: store, shown: this.store },
				...(chunks && this.attachmentStore
					? [{ purpose: "attachments" as const, local: chunks, shown: this.attachmentStore }]
					: []),
			],
		};
	}

	/** For `MindooTenant`. */
	static async open(context: DatabaseContext, onClose: () => void): Promise<MindooDB> {
		return new MindooDB(context, await Documents.open(context), onClose);
	}

	get id(): string {
		return this.#context.dbId;
	}

	/**
	 * Makes a document under the tenant's key. Resolves when it is durable.
	 * @throws {VerifyError} when this user may not write, {KeyError} without the key.
	 */
	createDocument(initial: InitialValues = {}): Promise<MindooDoc> {
		return this.createEncryptedDocument("default", initial);
	}

	/** Makes a document that only holders of the named key can read, for life. */
	async createEncryptedDocument(decryptionKeyId: string, initial: InitialValues = {}): Promise<MindooDoc> {
		return this.#writing().create(decryptionKeyId, initial);
	}

	/** Makes many documents in as few writes as possible; resolves in the order given when all are durable. */
	createDocuments(initials: readonly InitialValues[], decryptionKeyId = "default"): Promise<MindooDoc[]> {
		return Promise.all(initials.map((initial) => this.createEncryptedDocument(decryptionKeyId, initial)));
	}

	/**
	 * Edits a document. Resolves when the change is durable.
	 * @throws {UsageError} `document-deleted` or `not-found`; whatever `edit` throws, and then nothing is changed.
	 */
	override async changeDoc<T = Record<string, unknown>>(
		doc: MindooDoc | string,
		edit: ChangeFunction<T>,
	): Promise<void> {
		await this.#writing().change(idOf(doc), edit);
	}

	/** Deletes a document; its history stays. */
	async deleteDocument(doc: MindooDoc | string): Promise<void> {
		await this.#writing().delete(idOf(doc));
	}

	/** Brings a deleted document back, with the edits that were made elsewhere meanwhile. */
	async undeleteDocument(doc: MindooDoc | string): Promise<void> {
		await this.#writing().undelete(idOf(doc));
	}

	/** The document, also a deleted one; `undefined` when there is none, or nothing of it counts or can be read: see `explain`. */
	async getDocument(docId: string): Promise<MindooDoc | undefined> {
		this.#live();
		return this.#documents.read(docId);
	}

	/** Those of the documents that can be read, in the order asked for. */
	async getDocuments(docIds: readonly string[]): Promise<MindooDoc[]> {
		const docs: MindooDoc[] = [];
		for (const docId of docIds) {
			const doc = await this.getDocument(docId);
			if (doc !== undefined) docs.push(doc);
		}
		return docs;
	}

	/** Documents in the order in which they came to this replica. */
	async *iterateDocuments(options: IterateOptions = {}): AsyncGenerator<MindooDoc> {
		this.#live();
		const { after, limit = Number.POSITIVE_INFINITY, includeDeleted = false } = options;
		const start = after === undefined ? 0 : await this.#context.store.documentNumber(after);
		if (start === undefined) throw new UsageError("after: there is no document with this id", { code: "not-found" });
		let left = limit;
		if (left <= 0) return;
		for await (const group of this.#documents.scan(start, left)) {
			for (const scanned of group) {
				const doc = this.#documents.isCurrent(scanned)
					? shownBy(scanned)
					: await this.#documents.readNumber(scanned[0]);
				if (doc === undefined || (doc.isDeleted && !includeDeleted)) continue;
				yield doc;
				if (--left <= 0) return;
			}
		}
	}

	/** Ids of all documents that can be read and are not deleted. */
	async getAllDocumentIds(): Promise<string[]> {
		this.#live();
		return this.#documents.shownIds();
	}

	/**
	 * Documents that changed after `cursor`, oldest change first; each once, as it is now. Deletions are told too, and entries that
	 * arrive late with an old time are not missed.
	 * @param cursor of an earlier item or of `changeCursor`; all documents when absent.
	 */
	async *iterateChangesSince(cursor?: string): AsyncGenerator<FeedItem> {
		this.#live();
		await this.#documents.drain();
		for await (const batch of this.#documents.feed.documentsSince(cursor)) {
			for (const { document, feed } of batch) {
				const docId = await this.#context.store.documentId(document);
				if (docId === undefined) continue;
				const doc = await this.#documents.readNumber(document);
				const item: FeedItem = {
					docId,
					doc: doc?.isDeleted ? undefined : doc,
					cursor: this.#documents.feed.cursorAt(feed),
				};
				yield item;
			}
		}
	}

	/**
	 * Calls `process` for each item of `iterateChangesSince`, at most `limit` times.
	 * @returns the cursor to continue from, to be kept with what `process` made of the items.
	 */
	async processChangesSince(
		cursor: string | undefined,
		limit: number,
		process: (item: FeedItem) => void | Promise<void>,
	): Promise<string | undefined> {
		let last = cursor;
		let left = limit;
		if (left <= 0) return last;
		for await (const item of this.iterateChangesSince(cursor)) {
			await process(item);
			last = item.cursor;
			if (--left <= 0) break;
		}
		return last;
	}

	/** Position behind everything that changed so far. */
	get changeCursor(): string {
		return this.#documents.feed.cursor;
	}

	/** Tells of every change that is durable. @param docId one document. @returns a function that ends the subscription. */
	onChange(listener: ChangeListener, docId?: string): () => void {
		this.#live();
		return this.#documents.feed.subscribe(listener, docId);
	}

	/** Tells of own entries that are refused because they build on a refused one: honest work that an administrator can pardon. */
	onRefused(listener: RefusalListener): () => void {
		this.#live();
		return this.#documents.onRefused(listener);
	}

	/**
	 * Erases bytes of uploads that began more than a day ago and never became part of a document.
	 * @param options `dryRun`: only tells what it would erase.
	 */
	async collectGarbage(options: { readonly dryRun?: boolean } = {}): Promise<CollectedStaging> {
		this.#live();
		// What notes which chunks are needed is written behind the change that needs them.
		for (const writer of [this.#writer, ...this.#writers.values()]) await writer?.idle();
		return collectGarbage(this.#context, options);
	}

	/**
	 * Hashes of the entries of a document, in the order in which they came to this replica.
	 * @param fromLastSnapshot only the snapshots that stand for its beginning, and what none of them covers.
	 */
	async getAllChangeHashesForDoc(docId: string, fromLastSnapshot = false): Promise<string[]> {
		this.#live();
		const document = await this.#context.store.documentNumber(docId);
		if (document === undefined) return [];
		if (fromLastSnapshot) {
			await this.#documents.readNumber(document);
			return this.#snapshots.hashesFromSnapshot(document);
		}
		const hashes: string[] = [];
		for await (const batch of this.#context.store.entriesOfDocument(document, { payload: false })) {
			for (const { entry } of batch) hashes.push(entry.hash);
		}
		return hashes;
	}

	/** What became of an entry or of a document's entries, and why. `undefined` when this replica has never seen it. */
	async explain(hashOrDocId: string): Promise<EntryExplanation | DocumentExplanation | undefined> {
		this.#live();
		return /^[0-9a-f]{64}$/.test(hashOrDocId)
			? this.#explainer.entry(hashOrDocId)
			: this.#explainer.document(hashOrDocId);
	}

	/** Documents with entries that are refused here: what an administrator may pardon. */
	refusedDocuments(): AsyncGenerator<RefusedDocument> {
		this.#live();
		return this.#explainer.refused();
	}

	/**
	 * Authors whose chain forks here: a device went on from a restored backup, or somebody tells different things to different people.
	 * Both sides count. Chains of several devices of one user are no fork.
	 */
	async listForks(): Promise<AuthorFork[]> {
		this.#live();
		const forks: AuthorFork[] = [];
		for (const createdBy of await this.#context.store.authors()) {
			const heads = await forkedHeads(this.#context.store, createdBy);
			if (heads.length > 0) forks.push({ createdBy, heads });
		}
		return forks;
	}

	/** Ends of an author's chains in this database, as far as they have arrived: one for each device and side of a fork. */
	async chainHeadsOf(publicKey: string): Promise<readonly string[]> {
		this.#live();
		return this.#context.store.chainHeads(publicKey);
	}

	/** For `MindooTenantDirectory`: writes under another key than the user's own. */
	async writerFor(author: Author): Promise<DocumentWriter> {
		this.#live();
		if (this.#writer !== undefined && author.publicKey === this.#context.author?.publicKey) return this.#writer;
		let writer = this.#writers.get(author.publicKey);
		if (writer === undefined) {
			const { crypto, random } = this.#context.env;
			const actor = await makeActor(crypto, random, fromHex(author.publicKey, 32));
			// Two writers of one key would fork its chain.
			const meanwhile = this.#writers.get(author.publicKey);
			if (meanwhile !== undefined) return meanwhile;
			writer = new DocumentWriter(this.#context, this.#documents, author, actor);
			this.#writers.set(author.publicKey, writer);
		}
		return writer;
	}

	/** For `MindooTenant`: the directory or the KeyBag changed. */
	async followTrust(effects: TrustEffects): Promise<void> {
		await this.#trustFollower.follow(effects);
	}

	/** Writes what is waiting and closes the store. Everything begun before is durable afterwards. */
	close(): Promise<void> {
		this.#closing ??= this.#close();
		return this.#closing;
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.close();
	}

	async #close(): Promise<void> {
		for (const writer of [this.#writer, ...this.#writers.values()]) await writer?.close();
		try {
			await this.#documents.close();
			await this.#context.holding.close();
		} finally {
			await this.#context.store.close();
			await this.#context.attachmentStore?.close();
			this.#onClose();
		}
	}

	#forgetChains(): void {
		for (const writer of [this.#writer, ...this.#writers.values()]) writer?.forgetChain();
	}

	protected get holding(): AttachmentHolding {
		this.#live();
		return this.#context.holding;
	}

	protected get past(): HistoryHolding {
		this.#live();
		return this.#context.past;
	}

	protected get levelling(): Levelling {
		this.#live();
		return this.#levelling;
	}

	protected get history(): DocumentHistory {
		this.#live();
		return this.#history;
	}

	#live(): void {
		if (this.#closing !== undefined) throw new UsageError("the database is closed", { code: "closed" });
	}

	#writing(): DocumentWriter {
		this.#live();
		if (this.#writer === undefined) throw new UsageError("this replica has no user and cannot write");
		return this.#writer;
	}
}

function shownBy([, stored]: Scanned): MindooDoc | undefined {
	return stored?.kind === "shown" ? stored.doc : undefined;
}

function idOf(doc: MindooDoc | string): string {
	return typeof doc === "string" ? doc : doc.id;
}
