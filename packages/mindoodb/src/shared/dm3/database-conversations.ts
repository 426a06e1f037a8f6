import type { InitialValues, MindooDB, MindooDoc } from "@mindoodb/core";
import {
	type ChunkIdentifier,
	type ChunkReading,
	ConversationStorage,
	type ConversationStorageOptions,
	type Conversations,
	checkMaxChunkSize,
	chunksThatMayHold,
	conversationKey,
	Dm3Error,
	defaultMaxChunkSize,
	demandFit,
	type Envelope,
	isWithin,
	MemoryContainerStore,
	messageHash,
	Queue,
	type StoredEnvelope,
	splitBySize,
	storedEnvelope,
	type TimeRange,
} from "@mindoodb/formats/dm3";
import { type Copy, EnvelopeDocuments } from "./envelope-documents.js";
import { type Message, MessageIndex, newestOf } from "./message-index.js";

export interface DatabaseConversationsOptions extends Omit<ConversationStorageOptions, "store"> {
	readonly db: MindooDB;
}

/** Documents that are made in one call. */
const batchSize = 256;

interface Page {
	readonly identifier: ChunkIdentifier;
	readonly messages: readonly Message[];
}

/**
 * dm3's conversations in a database: a document for each envelope, so that what devices write while they are apart merges. Containers are
 * computed from the documents when they are read. Operations of one object run one after the other; several objects, devices and
 * processes may write at the same time. The same envelope of the same contact is one message, however often it is added.
 */
export class DatabaseConversations implements Conversations {
	readonly #db: MindooDB;
	readonly #options: DatabaseConversationsOptions;
	readonly #documents: EnvelopeDocuments;
	readonly #maxChunkSize: number;
	readonly #index = new MessageIndex();
	readonly #damaged = new Map<string, Dm3Error>();
	readonly #queue = new Queue();
	#cursor: string | undefined;

	/** @throws {Dm3Error} `argument` */
	constructor(options: DatabaseConversationsOptions) {
		const { db, keys, crypto, maxChunkSize = defaultMaxChunkSize } = options;
		this.#maxChunkSize = checkMaxChunkSize(maxChunkSize);
		this.#db = db;
		this.#options = options;
		this.#documents = new EnvelopeDocuments(keys, crypto);
	}

	/** @returns names of the contacts, by the time of their first message. */
	listConversations(): Promise<string[]> {
		return this.#run(async () => this.#index.contacts());
	}

	/** The pages of a conversation, the newest last. They are counted anew whenever the conversation changes. */
	listChunks(contact: string): Promise<ChunkIdentifier[]> {
		return this.#run(async () => this.#pages(contact).map(({ identifier }) => identifier));
	}

	/** @returns the messages of one page, sorted by time. @throws {Dm3Error} `missing` also for a page that has moved meanwhile. */
	readChunk(contact: string, { id, timestamp }: ChunkIdentifier): Promise<Envelope[]> {
		return this.#run(async () => {
			const page = this.#pages(contact)[id];
			if (page?.identifier.timestamp !== timestamp) throw new Dm3Error("missing", "there is no such chunk any more");
			return this.#read(page.messages);
		});
	}

	/**
	 * All of a conversation, or its messages of some time; only those are read.
	 * @returns chunks in their order; none for an unknown contact.
	 */
	readConversation(contact: string, range: TimeRange = {}): Promise<ChunkReading[]> {
		return this.#run(async () => {
			const pages = this.#pages(contact);
			const readings: ChunkReading[] = [];
			for (const identifier of chunksThatMayHold(
				pages.map((page) => page.identifier),
				range,
			)) {
				const within = pages[identifier.id]?.messages.filter(({ shown }) => isWithin(shown.timestamp, range)) ?? [];
				try {
					readings.push({ identifier, messages: await this.#read(within) });
				} catch (error) {
					if (!(error instanceof Dm3Error)) throw error;
					readings.push({ identifier, error });
				}
			}
			return readings;
		});
	}

	/** Documents of this account that cannot be read, and so are in no conversation: another key wrote them, or somebody changed them. */
	listDamaged(): Promise<{ readonly docId: string; readonly error: Dm3Error }[]> {
		return this.#run(async () => [...this.#damaged].map(([docId, error]) => ({ docId, error })));
	}

	/** @throws {Dm3Error} `envelope`, `value`, `too-large`: then nothing was stored. */
	async append(contact: string, envelope: Envelope): Promise<void> {
		await this.appendMany(contact, [envelope]);
	}

	/**
	 * Adds messages of any times; those that are there already, also edited meanwhile, are passed over, deleted ones come back. When this is
	 * interrupted, some of many may be there: add them again.
	 * @returns how many were added. @throws {Dm3Error} `envelope`, `value`, `too-large`: then nothing was stored.
	 */
	appendMany(contact: string, envelopes: readonly Envelope[]): Promise<number> {
		return this.#change(contact, async (name) => {
			const messages = envelopes.map((envelope) => this.#fitting(envelope));
			const dedupe = this.#options.dedupe === true;
			const given = new Set<string>();
			const fresh: InitialValues[] = [];
			let added = 0;
			for (const message of messages) {
				const tag = this.#documents.tagOf(name, message);
				const hash = messageHash(message.envelope);
				const copies = this.#index.copies(tag);
				const isThere = copies.length > 0 && copies.every(({ isDeleted }) => !isDeleted);
				if (isThere || this.#index.isShown(tag) || given.has(tag)) continue;
				if (dedupe && (this.#index.holds(name, hash) || given.has(hash))) continue;
				given.add(tag).add(hash);
				added++;
				const newest = newestOf(copies);
				if (newest === undefined) {
					fresh.push(await this.#documents.encode({ contact: name, message, tag, revision: 0 }));
				} else {
					for (const { docId, isDeleted } of copies) if (isDeleted) await this.#db.undeleteDocument(docId);
					if (newest.shownTag !== tag) await this.#rewrite(newest, message);
				}
			}
			for (let at = 0; at < fresh.length; at += batchSize) {
				await this.#db.createDocuments(fresh.slice(at, at + batchSize));
			}
			return added;
		});
	}

	/**
	 * Puts an envelope in the place of a message and all its copies.
	 * @param hash `messageHash` of the message. @returns whether it was found.
	 */
	edit(contact: string, hash: string, envelope: Envelope): Promise<boolean> {
		return this.#change(contact, async (name) => {
			const edited = this.#fitting(envelope);
			const found = this.#named(name, hash);
			// A copy that comes later is older, so one edited copy is enough.
			for (const { shown } of found) await this.#rewrite(shown, edited);
			return found.length > 0;
		});
	}

	/** Removes a message and all its copies, also those that come later. @returns whether it was found. */
	delete(contact: string, hash: string): Promise<boolean> {
		return this.#change(contact, async (name) => {
			const found = this.#named(name, hash);
			for (const { docId } of found.flatMap(({ copies }) => copies)) await this.#db.deleteDocument(docId);
			return found.length > 0;
		});
	}

	/** All conversations in one text and encrypted, in containers as other realisations have them. It is made in memory. */
	exportRecord(): Promise<string> {
		return this.#run(async () => {
			const { keys, crypto } = this.#options;
			const maxChunkSize = this.#maxChunkSize;
			const storage = new ConversationStorage({ store: new MemoryContainerStore(), keys, crypto, maxChunkSize });
			for (const contact of this.#index.contacts()) {
				await storage.appendMany(contact, await this.#read(this.#index.messages(contact)));
			}
			return storage.exportRecord();
		});
	}

	#run<T>(work: () => Promise<T>): Promise<T> {
		return this.#queue.run(async () => {
			await this.#follow();
			return work();
		});
	}

	#change<T>(contact: string, work: (name: string) => Promise<T>): Promise<T> {
		return this.#run(() => {
			const name = this.#nameOf(contact);
			if (name === "") throw new Dm3Error("argument", "expected the name of a contact");
			// A name that has no key in dm3 could never be exported.
			conversationKey("", name);
			return work(name);
		});
	}

	/** Takes up what has changed in the database since the last call, by whomever. */
	async #follow(): Promise<void> {
		if (this.#cursor === undefined) {
			// Reading all in a row is several times faster than one by one; what changes meanwhile is told after the cursor.
			const cursor = this.#db.changeCursor;
			for await (const doc of this.#db.iterateDocuments({ includeDeleted: true })) await this.#take(doc.id, doc);
			this.#cursor = cursor;
		}
		for await (const { docId, doc, cursor } of this.#db.iterateChangesSince(this.#cursor)) {
			await this.#take(docId, doc ?? (await this.#db.getDocument(docId)));
			this.#cursor = cursor;
		}
	}

	async #take(docId: string, doc: MindooDoc | undefined): Promise<void> {
		this.#damaged.delete(docId);
		try {
			this.#index.set(docId, doc && (await this.#documents.decode(doc))?.copy);
		} catch (error) {
			if (!(error instanceof Dm3Error)) throw error;
			this.#index.set(docId, undefined);
			this.#damaged.set(docId, error);
		}
	}

	#pages(contact: string): Page[] {
		return splitBySize(this.#index.messages(this.#nameOf(contact)), this.#maxChunkSize).map((messages, id) => ({
			identifier: { id, timestamp: messages[0]?.shown.timestamp ?? 0 },
			messages,
		}));
	}

	async #read(messages: readonly Message[]): Promise<Envelope[]> {
		const envelopes: Envelope[] = [];
		for (const { shown } of messages) {
			const doc = await this.#db.getDocument(shown.docId);
			const found = doc && (await this.#documents.decode(doc));
			if (found === undefined) throw new Dm3Error("missing", "the database lacks a document of this chunk");
			envelopes.push(found.envelope);
		}
		return envelopes;
	}

	#named(contact: string, hash: string): Message[] {
		return this.#index.messages(contact).filter(({ shown }) => shown.hash === hash);
	}

	async #rewrite({ docId, contact, tag, revision }: Copy, message: StoredEnvelope): Promise<void> {
		const value = await this.#documents.encodeValue({ contact, message, tag, revision: revision + 1 });
		await this.#db.changeDoc(docId, (draft: Record<string, unknown>) => {
			draft.value = value;
		});
	}

	#fitting(envelope: Envelope): StoredEnvelope {
		const message = storedEnvelope(envelope);
		demandFit(message, this.#maxChunkSize);
		return message;
	}

	#nameOf(contact: string): string {
		return this.#options.normalize?.(contact) ?? contact;
	}
}
