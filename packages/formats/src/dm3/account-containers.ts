import {
	decodeChunk,
	decodeConversation,
	decodeRoot,
	encodeChunk,
	encodeConversation,
	encodeRoot,
} from "./containers/containers.js";
import type { Envelope } from "./containers/envelope.js";
import { Dm3Error } from "./dm3-error.js";
import { type Dm3Crypto, decryptText, encryptText } from "./encryption/encrypted-text.js";
import { type ChunkIdentifier, chunkKey, conversationKey, rootKey } from "./keys/container-keys.js";
import { checkStorageKey, type StorageKeys } from "./keys/profile-keys.js";
import type { ContainerStore } from "./stores/container-store.js";
import type { WriteStep } from "./writing/write-plan.js";

/** The containers of one user in a store, encrypted there and checked when they are read. */
export class AccountContainers {
	readonly #store: ContainerStore;
	readonly #crypto: Dm3Crypto;
	readonly #storageKey: Uint8Array;
	readonly #rootKey: string;

	constructor(store: ContainerStore, { storageKey, signature }: StorageKeys, crypto: Dm3Crypto) {
		this.#store = store;
		this.#crypto = crypto;
		this.#storageKey = checkStorageKey(storageKey).slice();
		this.#rootKey = rootKey(signature);
	}

	/** @returns the names of the conversations; none when there is no root container, as in a new account. */
	async readRoot(): Promise<string[]> {
		const value = await this.#store.get(this.#rootKey);
		return value === undefined ? [] : decodeRoot(await this.#open(value));
	}

	/** @throws {Dm3Error} `missing`, and what is wrong with the container otherwise. */
	async readConversation(contact: string): Promise<ChunkIdentifier[]> {
		return decodeConversation(await this.#demand("conversation", this.#conversationKey(contact)));
	}

	/** @throws {Dm3Error} `missing`, and what is wrong with the container otherwise. */
	async readChunk(contact: string, identifier: ChunkIdentifier): Promise<Envelope[]> {
		return decodeChunk(await this.#demand("chunk", chunkKey(this.#conversationKey(contact), identifier)), identifier);
	}

	/** Carries out what `planWrites` has planned, one step after the other. */
	async write(contact: string, steps: readonly WriteStep[]): Promise<void> {
		const conversation = this.#conversationKey(contact);
		for (const step of steps) {
			if ("delete" in step) {
				const key = step.delete === "chunk" ? chunkKey(conversation, step.identifier) : conversation;
				await this.#store.delete(key);
			} else if (step.write === "chunk") {
				await this.#put(chunkKey(conversation, step.identifier), encodeChunk(step.messages));
			} else if (step.write === "conversation") {
				await this.#put(conversation, encodeConversation(step.chunks));
			} else {
				const others = (await this.readRoot()).filter((name) => name !== contact);
				await this.#put(this.#rootKey, encodeRoot(step.listed ? [...others, contact] : others));
			}
		}
	}

	/**
	 * @returns key → value of all containers that the root leads to, as they are in the store: what is damaged there is so here.
	 * @throws {Dm3Error} when the root container cannot be read.
	 */
	async collect(): Promise<Map<string, string>> {
		const values = new Map<string, string>();
		const take = async (key: string) => {
			const value = await this.#store.get(key);
			if (value !== undefined) values.set(key, value);
		};
		await take(this.#rootKey);
		for (const contact of await this.readRoot()) {
			const conversation = this.#conversationKey(contact);
			await take(conversation);
			const chunks = await this.readConversation(contact).catch(noneOf);
			for (const identifier of chunks) await take(chunkKey(conversation, identifier));
		}
		return values;
	}

	#conversationKey(contact: string): string {
		return conversationKey(this.#rootKey, contact);
	}

	async #demand(what: string, key: string): Promise<string> {
		const value = await this.#store.get(key);
		if (value === undefined) throw new Dm3Error("missing", `the store lacks a ${what} container`, { field: what });
		return this.#open(value);
	}

	#open(value: string): Promise<string> {
		return decryptText(value, this.#storageKey, this.#crypto.aead);
	}

	async #put(key: string, text: string): Promise<void> {
		await this.#store.put(key, await encryptText(text, this.#storageKey, this.#crypto));
	}
}

/** Of a conversation that is damaged nobody can tell the chunks. */
function noneOf(error: unknown): readonly never[] {
	if (error instanceof Dm3Error) return [];
	throw error;
}
