/**
 * Which bytes of chunks are here, from those read longest ago to those read last, and how many. Kept where a bound makes some of them
 * leave. It is roughly what is there: rows of readings are written now and then, and what a purge took is struck out when it is loaded.
 */
import { readUint, writeUint } from "../../bytes/big-endian.js";
import { toHex } from "../../bytes/hex.js";
import { chunkPayloadLength } from "../../entry/payload.js";
import { isLargeChunk } from "../../store/record.js";
import type { RowWrite } from "../../store/rows.js";
import type { LocalStore } from "../../store/store.js";
import { heldContentKey, noValue, rowKinds, rowRange } from "../document-rows.js";

/** Readings that are written together. */
const readingsPerWrite = 64;
const listedKey = Uint8Array.of(rowKinds.heldListed);

export interface HeldContent {
	readonly contentHash: string;
	readonly bytes: number;
}

export class HeldLedger {
	readonly #store: LocalStore;
	/** Bytes by contentHash, read longest ago first. */
	readonly #held = new Map<string, number>();
	readonly #unwritten = new Set<string>();
	#turn = 0;
	#bytes = 0;

	private constructor(store: LocalStore) {
		this.#store = store;
	}

	/** @param store holds the chunks. */
	static async load(store: LocalStore): Promise<HeldLedger> {
		const ledger = new HeldLedger(store);
		if ((await store.rows.get(listedKey)) === undefined) await ledger.#takeStock();
		await ledger.#read();
		return ledger;
	}

	/** For a replica that has no bound any more: what it takes in from now on is not listed. */
	static async forget(store: LocalStore): Promise<void> {
		if ((await store.rows.get(listedKey)) !== undefined) await store.rows.write([{ type: "del", key: listedKey }]);
	}

	get bytes(): number {
		return this.#bytes;
	}

	/** Hashes of the payloads, read longest ago first. */
	oldest(): IterableIterator<string> {
		return this.#held.keys();
	}

	bytesOf(contentHash: string): number {
		return this.#held.get(contentHash) ?? 0;
	}

	/** Rows for the batch that writes payloads. */
	rowsOf(contents: readonly HeldContent[]): RowWrite[] {
		return contents.map(({ contentHash, bytes }) => this.#row(contentHash, bytes));
	}

	/** Counts payloads that are here now. */
	add(contents: readonly HeldContent[]): void {
		for (const { contentHash, bytes } of contents) this.#place(contentHash, bytes);
	}

	/** Notes that payloads were read. */
	async touch(contentHashes: readonly string[]): Promise<void> {
		for (const contentHash of contentHashes) {
			const bytes = this.#held.get(contentHash);
			if (bytes === undefined) continue;
			this.#place(contentHash, bytes);
			this.#unwritten.delete(contentHash);
			this.#unwritten.add(contentHash);
		}
		if (this.#unwritten.size >= readingsPerWrite) await this.flush();
	}

	async remove(contentHashes: readonly string[]): Promise<void> {
		for (const contentHash of contentHashes) {
			this.#bytes -= this.bytesOf(contentHash);
			this.#held.delete(contentHash);
			this.#unwritten.delete(contentHash);
		}
		const rows = contentHashes.map((contentHash): RowWrite => ({ type: "del", key: heldContentKey(contentHash) }));
		await this.#store.rows.write(rows, { durable: false });
	}

	/** Writes the readings that are not written yet. */
	async flush(): Promise<void> {
		const rows = [...this.#unwritten].map((contentHash) => this.#row(contentHash, this.bytesOf(contentHash)));
		this.#unwritten.clear();
		await this.#store.rows.write(rows, { durable: false });
	}

	#place(contentHash: string, bytes: number): void {
		this.#bytes += bytes - this.bytesOf(contentHash);
		this.#held.delete(contentHash);
		this.#held.set(contentHash, bytes);
	}

	#row(contentHash: string, bytes: number): RowWrite {
		const value = new Uint8Array(10);
		writeUint(value, writeUint(value, 0, bytes, 4), ++this.#turn, 6);
		return { type: "put", key: heldContentKey(contentHash), value };
	}

	/** Lists what is here, once after there was no bound. */
	async #takeStock(): Promise<void> {
		const rows: RowWrite[] = [];
		for (let document = 1; document <= this.#store.documentCount(); document++) {
			for await (const batch of this.#store.entriesOfDocument(document, { payload: false, chunks: true })) {
				for (const { entry } of batch) {
					if (!isLargeChunk(entry)) continue;
					rows.push(this.#row(entry.common.contentHash, chunkPayloadLength(entry.fields?.originalSize ?? 0)));
				}
				await this.#store.rows.write(rows.splice(0), { durable: false });
			}
		}
		await this.#store.rows.write([{ type: "put", key: listedKey, value: noValue }]);
	}

	async #read(): Promise<void> {
		const listed: { readonly contentHash: string; readonly bytes: number; readonly turn: number }[] = [];
		for await (const batch of this.#store.rows.scan(rowRange(rowKinds.heldContent))) {
			const hashes = batch.map(([key]) => toHex(key.subarray(1)));
			const present = await this.#store.contents.has(hashes);
			const gone: RowWrite[] = [];
			for (const [index, [key, value]] of batch.entries()) {
				const contentHash = hashes[index] as string;
				if (present[index]) listed.push({ contentHash, bytes: readUint(value, 0, 4), turn: readUint(value, 4, 6) });
				else gone.push({ type: "del", key });
			}
			await this.#store.rows.write(gone, { durable: false });
		}
		for (const { contentHash, bytes, turn } of listed.sort((a, b) => a.turn - b.turn)) {
			this.#place(contentHash, bytes);
			this.#turn = Math.max(this.#turn, turn);
		}
	}
}
