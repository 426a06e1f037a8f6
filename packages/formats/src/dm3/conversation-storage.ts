import { AccountContainers } from "./account-containers.js";
import { type Envelope, messageHash, type StoredEnvelope, storedEnvelope } from "./containers/envelope.js";
import { checkMaxChunkSize, defaultMaxChunkSize, demandFit } from "./containers/split.js";
import { chunksThatMayHold, isWithin, type TimeRange } from "./containers/time-search.js";
import { Dm3Error } from "./dm3-error.js";
import type { Dm3Crypto } from "./encryption/encrypted-text.js";
import type { ChunkIdentifier } from "./keys/container-keys.js";
import type { StorageKeys } from "./keys/profile-keys.js";
import type { ContainerStore } from "./stores/container-store.js";
import { encodeExportRecord } from "./stores/export-record.js";
import { utf8Of } from "./text/sha256-text.js";
import { ConversationDraft } from "./writing/conversation-draft.js";
import { Queue } from "./writing/queue.js";
import { planWrites } from "./writing/write-plan.js";

export interface ConversationStorageOptions {
	readonly store: ContainerStore;
	readonly keys: StorageKeys;
	readonly crypto: Dm3Crypto;
	/**
	 * Bytes of the largest chunk, measured as its JSON text. The specification advises 500,000 to 10,000,000, and at least the largest
	 * message of the delivery service; 25,000,000 is the most.
	 * @default 1_000_000
	 */
	readonly maxChunkSize?: number;
	/** Passes over a message that the conversation holds already. @default false */
	readonly dedupe?: boolean;
	/** What is done with a contact's name before it counts; dm3's clients lower-case it. @default nothing */
	readonly normalize?: (name: string) => string;
}

/** One chunk of a conversation, or why it cannot be read; the others can be nevertheless. */
export type ChunkReading =
	| { readonly identifier: ChunkIdentifier; readonly messages: readonly Envelope[]; readonly error?: undefined }
	| { readonly identifier: ChunkIdentifier; readonly messages?: undefined; readonly error: Dm3Error };

/**
 * A user's conversations in a store. Operations of one object run one after the other, and each change is there whole or not at all after
 * a crash. Only one writer may be at a store at a time.
 */
export class ConversationStorage {
	readonly #containers: AccountContainers;
	readonly #maxChunkSize: number;
	readonly #dedupe: boolean;
	readonly #normalize: (name: string) => string;
	readonly #queue = new Queue();

	/** @throws {Dm3Error} `argument` */
	constructor(options: ConversationStorageOptions) {
		const {
			store,
			keys,
			crypto,
			maxChunkSize = defaultMaxChunkSize,
			dedupe = false,
			normalize = (name) => name,
		} = options;
		this.#maxChunkSize = checkMaxChunkSize(maxChunkSize);
		this.#containers = new AccountContainers(store, keys, crypto);
		this.#dedupe = dedupe;
		this.#normalize = normalize;
	}

	/** @returns names of the contacts, in the order of their first message. */
	listConversations(): Promise<string[]> {
		return this.#queue.run(() => this.#containers.readRoot());
	}

	/** The pages of a conversation, the newest last. @returns none for an unknown contact. */
	listChunks(contact: string): Promise<ChunkIdentifier[]> {
		return this.#run(contact, (name) => this.#chunksOf(name));
	}

	/** @returns the messages of one page, sorted by time. @throws {Dm3Error} `missing` also for a page that has moved meanwhile. */
	readChunk(contact: string, identifier: ChunkIdentifier): Promise<Envelope[]> {
		return this.#run(contact, (name) => this.#containers.readChunk(name, identifier));
	}

	/**
	 * All of a conversation, or its messages of some time; only chunks that may hold such are read.
	 * @returns chunks in their order; none for an unknown contact. A chunk that cannot be read does not hide the others.
	 */
	readConversation(contact: string, range: TimeRange = {}): Promise<ChunkReading[]> {
		return this.#run(contact, async (name) => {
			const readings: ChunkReading[] = [];
			for (const identifier of chunksThatMayHold(await this.#chunksOf(name), range)) {
				readings.push(await this.#readPart(name, identifier, range));
			}
			return readings;
		});
	}

	/** @throws {Dm3Error} `envelope`, `value`, `too-large`: then nothing was stored. */
	async append(contact: string, envelope: Envelope): Promise<void> {
		await this.appendMany(contact, [envelope]);
	}

	/**
	 * Adds messages of any times; a first one begins the conversation.
	 * @returns how many were added; all, unless `dedupe` is set.
	 * @throws {Dm3Error} `envelope`, `value`, `too-large`: then nothing was stored.
	 */
	appendMany(contact: string, envelopes: readonly Envelope[]): Promise<number> {
		return this.#change(contact, async (draft) => {
			let added = 0;
			for (const message of envelopes.map(storedEnvelope)) {
				if (this.#dedupe && (await holds(draft, message))) continue;
				await draft.add(message);
				added++;
			}
			return added;
		});
	}

	/**
	 * Puts an envelope in the place of a message and all its copies.
	 * @param hash `messageHash` of the message. @returns whether it was found.
	 * @throws {Dm3Error} when it was not found, but parts of the conversation cannot be read.
	 */
	edit(contact: string, hash: string, envelope: Envelope): Promise<boolean> {
		return this.#change(contact, async (draft) => {
			const edited = storedEnvelope(envelope);
			demandFit(edited, this.#maxChunkSize);
			let moving = 0;
			const found = await changeMessage(draft, hash, ({ timestamp }) => {
				if (timestamp === edited.timestamp) return edited;
				moving++;
				return undefined;
			});
			for (; moving > 0; moving--) await draft.add(edited);
			return found;
		});
	}

	/** Removes a message and all its copies. @returns whether it was found. @throws {Dm3Error} as `edit` does. */
	delete(contact: string, hash: string): Promise<boolean> {
		return this.#change(contact, (draft) => changeMessage(draft, hash, () => undefined));
	}

	/**
	 * Everything that can be reached, in one text and still encrypted: the realisation as a single file. Damaged containers are in it as
	 * they are.
	 * @throws {Dm3Error} when the root container cannot be read.
	 */
	exportRecord(): Promise<string> {
		return this.#queue.run(async () => encodeExportRecord(await this.#containers.collect()));
	}

	#run<T>(contact: string, work: (name: string) => Promise<T>): Promise<T> {
		return this.#queue.run(() => {
			const name = this.#normalize(contact);
			if (name === "") throw new Dm3Error("argument", "expected the name of a contact");
			utf8Of(name);
			return work(name);
		});
	}

	#change<T>(contact: string, work: (draft: ConversationDraft) => Promise<T>): Promise<T> {
		return this.#run(contact, async (name) => {
			const before = await this.#chunksOf(name);
			const load = async (identifier: ChunkIdentifier) =>
				(await this.#containers.readChunk(name, identifier)).map(storedEnvelope);
			const draft = new ConversationDraft(before, load, this.#maxChunkSize);
			const result = await work(draft);
			await this.#containers.write(name, planWrites(before, draft.chunks));
			return result;
		});
	}

	/** What the root does not name is not there: a container of that name is what a crash has left. */
	async #chunksOf(name: string): Promise<ChunkIdentifier[]> {
		return (await this.#containers.readRoot()).includes(name) ? this.#containers.readConversation(name) : [];
	}

	async #readPart(name: string, identifier: ChunkIdentifier, range: TimeRange): Promise<ChunkReading> {
		try {
			const messages = await this.#containers.readChunk(name, identifier);
			return { identifier, messages: messages.filter(({ message }) => isWithin(message.metadata.timestamp, range)) };
		} catch (error) {
			if (error instanceof Dm3Error) return { identifier, error };
			throw error;
		}
	}
}

/** What every realisation of the storage can do, also one whose containers are computed. */
export type Conversations = Pick<ConversationStorage, keyof ConversationStorage>;

async function holds(draft: ConversationDraft, { timestamp, envelope }: StoredEnvelope): Promise<boolean> {
	const hash = messageHash(envelope);
	const found = await draft.find({ from: timestamp, to: timestamp });
	return found.some((each) => messageHash(each.envelope) === hash);
}

async function changeMessage(
	draft: ConversationDraft,
	hash: string,
	change: (message: StoredEnvelope) => StoredEnvelope | undefined,
): Promise<boolean> {
	const { count, failures } = await draft.change((message) =>
		messageHash(message.envelope) === hash ? change(message) : message,
	);
	const [failure] = failures;
	if (count === 0 && failure !== undefined) throw failure;
	return count > 0;
}
