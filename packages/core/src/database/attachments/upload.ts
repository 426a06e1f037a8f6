import { toHex } from "../../bytes/hex.js";
import type { Entry } from "../../entry/entry.js";
import { chunkPayloadLength, sealChunk } from "../../entry/payload.js";
import { makeEntry } from "../../entry/sign.js";
import { writtenAt } from "../../entry/written-at.js";
import type { HeldKey } from "../../keys/keyring.js";
import type { StagedContent } from "../../store/staging.js";
import type { LocalStore } from "../../store/store.js";
import type { DatabaseContext } from "../context.js";
import { type ByteSource, byteChunks } from "./byte-chunks.js";

/** Encrypted bytes that go to the store in one batch, and batches on their way there: all that an upload holds in memory. */
const batchBytes = 4 * 1024 * 1024;
const batchesInFlight = 3;
/** Payloads up to this many bytes lie in the record of their entry. */
const inlineBytes = 4096;

export interface UploadParts {
	readonly context: Pick<DatabaseContext, "env" | "tenantRoot" | "dbId">;
	readonly store: LocalStore;
	readonly docId: string;
	readonly key: HeldKey;
	/** Public key, hex. */
	readonly author: string;
	readonly directoryHeads: () => readonly string[];
	/** Bytes of a chunk. */
	readonly chunkSize: number;
	/** Bytes that the uploads of an edit may yet leave in memory, for the batch of the change. */
	readonly room: { bytes: number };
}

export interface UploadOptions {
	readonly signal?: AbortSignal | undefined;
	/** Told of every byte that was encrypted, as a sum. @throws what ends the upload. */
	readonly onBytes?: ((done: number) => void) | undefined;
}

/** Encrypts a stream chunk by chunk and stages the bytes; the entries are made and wait, unsigned, for the change that refers to them. */
export class Upload {
	readonly #parts: UploadParts;
	/** Names what it staged. */
	readonly #id: string;
	readonly #directoryHeads: readonly string[];
	readonly #staged: string[] = [];
	readonly #onTheWay = new Set<Promise<void>>();
	#failure: unknown;
	/** What the next batch begins with, as an index of `entries`; these still have their payloads. */
	#batchStart = 0;
	#batchBytes = 0;
	/** Arrays of whole chunks that the store has taken: new ones for each chunk would keep the collector busy. */
	readonly #spare: Uint8Array[] = [];
	#bytes = 0;
	/** Chunks in their order. */
	readonly entries: Entry[] = [];

	constructor(parts: UploadParts) {
		this.#parts = parts;
		this.#directoryHeads = parts.directoryHeads();
		this.#id = toHex(parts.context.env.random.randomBytes(8));
	}

	/**
	 * Resolves when all bytes are encrypted and with the store, which a crash may take from it until `settle`.
	 * @param previous entry of the chunk to go on from.
	 * @returns bytes that came, and hash of the last chunk, that of `previous` when none came.
	 */
	async write(
		source: ByteSource,
		previous: { readonly hash: string; readonly createdAt: number } | undefined,
		{ signal, onBytes }: UploadOptions,
	): Promise<{ readonly bytes: number; readonly lastChunk: string | undefined }> {
		const { subkeys } = this.#parts.key;
		const keys = { attachmentKey: await subkeys.attachmentKey(), attachmentIvKey: await subkeys.attachmentIvKey() };
		let last = previous;
		for await (const chunk of byteChunks(source, this.#parts.chunkSize, signal)) {
			onBytes?.(this.#bytes + chunk.length);
			const length = chunkPayloadLength(chunk.length);
			const inline = length <= inlineBytes;
			const spare = chunk.length === this.#parts.chunkSize ? this.#spare.pop() : undefined;
			const sealed = await sealChunk(this.#parts.context.env.crypto, chunk, keys, spare ?? new Uint8Array(length));
			const entry = await this.#entry(sealed, last);
			this.entries.push(entry);
			last = { hash: entry.hash, createdAt: entry.common.createdAt };
			this.#bytes += chunk.length;
			if (inline) continue;
			this.#batchBytes += length;
			if (this.#batchBytes >= batchBytes) await this.#send();
		}
		if (this.#batchBytes <= this.#parts.room.bytes) this.#parts.room.bytes -= this.#batchBytes;
		else await this.#send();
		while (this.#onTheWay.size > 0) await this.#arrival();
		if (this.#failure !== undefined) throw this.#failure;
		return { bytes: this.#bytes, lastChunk: last?.hash };
	}

	/** What was staged is durable when this resolves. */
	async settle(): Promise<void> {
		const { store, context } = this.#parts;
		if (this.#staged.length > 0) await store.staging.settle(this.#id, context.env.clock.now());
	}

	/** Gives up what was staged: entries that were stored meanwhile keep their bytes, all others are erased. */
	async release(): Promise<void> {
		while (this.#onTheWay.size > 0) await Promise.allSettled(this.#onTheWay);
		if (this.#staged.length > 0) await this.#parts.store.staging.release(this.#id, this.#staged);
		this.#staged.length = 0;
	}

	#entry(
		sealed: { readonly payload: Uint8Array; readonly contentHash: string; readonly originalSize: number },
		previous: { readonly hash: string; readonly createdAt: number } | undefined,
	): Promise<Entry> {
		const { context, docId, key, author } = this.#parts;
		return makeEntry(
			context.env.crypto,
			{
				entryType: "attachment_chunk",
				tenantRoot: context.tenantRoot,
				dbId: context.dbId,
				docId,
				dependencyHashes: previous === undefined ? [] : [previous.hash],
				createdAt: writtenAt(context.env.clock.now(), previous === undefined ? [] : [previous]),
				createdByPublicKey: author,
				decryptionKeyId: key.decryptionKeyId,
				keyCommitment: key.keyCommitment,
				contentHash: sealed.contentHash,
				originalSize: sealed.originalSize,
				directoryHeads: this.#directoryHeads,
				contentTag: undefined,
				previousByAuthor: undefined,
				extensions: new Map(),
			},
			sealed.payload,
		);
	}

	/** Resolves when there is room for another batch. */
	async #send(): Promise<void> {
		const batch: StagedContent[] = [];
		for (let index = this.#batchStart; index < this.entries.length; index++) {
			const entry = this.entries[index] as Entry;
			const { payload, common } = entry;
			if (payload === undefined || payload.length <= inlineBytes) continue;
			batch.push({ contentHash: common.contentHash, payload });
			this.entries[index] = { ...entry, payload: undefined };
		}
		this.#batchStart = this.entries.length;
		this.#batchBytes = 0;
		if (batch.length > 0) {
			for (const { contentHash } of batch) this.#staged.push(contentHash);
			const whole = chunkPayloadLength(this.#parts.chunkSize);
			const { store, context } = this.#parts;
			const sending: Promise<void> = store.staging.put(this.#id, batch, context.env.clock.now()).then(
				() => {
					for (const { payload } of batch) if (payload.length === whole) this.#spare.push(payload);
					this.#onTheWay.delete(sending);
				},
				(error) => {
					this.#failure ??= error;
					this.#onTheWay.delete(sending);
				},
			);
			this.#onTheWay.add(sending);
		}
		while (this.#onTheWay.size >= batchesInFlight) await this.#arrival();
	}

	async #arrival(): Promise<void> {
		await Promise.race(this.#onTheWay);
		if (this.#failure !== undefined) throw this.#failure;
	}
}
