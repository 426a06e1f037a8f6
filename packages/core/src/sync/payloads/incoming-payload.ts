import { maxDataLength } from "@mindoodb/formats/chunks";
import { FormatError } from "../../errors.js";
import type { Announcement } from "../wire/terms.js";
import { chunkCount, chunkLength } from "./chunk-ranges.js";
import type { ContentPart } from "./partial-contents.js";

/** Who sends: any object that stands for one connection. */
export type Sender = object;

/** How a transfer ended. */
export type TransferEnd =
	/** The payload is the announced one. */
	| { readonly kind: "complete"; readonly payload: Uint8Array }
	/** It is not, and was thrown away. `sender` is whoever sent all of it; absent when several did, or a part came earlier. */
	| { readonly kind: "wrong"; readonly sender?: Sender }
	/** All who were to send it are gone; what came is kept, where there is a place for it. */
	| { readonly kind: "cut" };

/** One payload that comes in Chunks, from one or several senders. */
export class IncomingPayload {
	readonly contentHash: string;
	readonly size: number;
	/** Those that were asked for it and are still there. */
	readonly senders = new Set<Sender>();
	/** Whether parts of it were written. */
	kept = false;
	/** Resolves when what an earlier transfer left is here. */
	restored: Promise<void> = Promise.resolve();
	/** Resolves once, never rejects. */
	readonly ended: Promise<TransferEnd>;
	readonly #end: (end: TransferEnd) => void;
	readonly #here = new Set<number>();
	readonly #unwritten = new Set<number>();
	readonly #sources = new Set<Sender | undefined>();
	#bytes: Uint8Array | undefined;
	#closed = false;

	constructor({ contentHash, size }: Announcement) {
		this.contentHash = contentHash;
		this.size = size;
		let end: (end: TransferEnd) => void = () => {};
		this.ended = new Promise((resolve) => {
			end = resolve;
		});
		this.#end = end;
	}

	/** Whether nothing is taken any more. */
	get closed(): boolean {
		return this.#closed;
	}

	get complete(): boolean {
		return this.#here.size === chunkCount(this.size);
	}

	get unwrittenBytes(): number {
		return this.#unwritten.size * maxDataLength;
	}

	/** Indexes of the chunks that are here, ascending. */
	held(): number[] {
		return [...this.#here].sort((a, b) => a - b);
	}

	/** Takes over what an earlier transfer left. */
	restore(parts: readonly ContentPart[]): void {
		if (parts.length > 0) this.kept = true;
		for (const { index, data } of parts) {
			if (data.length === chunkLength(this.size, index)) this.#put(index, data, undefined);
		}
	}

	/** @throws {FormatError} when the payload has no such chunk. */
	add(sender: Sender, { index, data }: ContentPart): void {
		const length = chunkLength(this.size, index);
		if (data.length !== length) {
			throw new FormatError(`payload: expected ${length} bytes in chunk ${index}, found ${data.length}`, {
				expected: length,
				found: data.length,
			});
		}
		if (this.#put(index, data, sender)) this.#unwritten.add(index);
	}

	/** What came since the last call. The data are views. */
	takeUnwritten(): ContentPart[] {
		const bytes = this.#bytes;
		const indexes = [...this.#unwritten];
		this.#unwritten.clear();
		if (bytes === undefined) return [];
		return indexes.map((index) => {
			const start = index * maxDataLength;
			return { index, data: bytes.subarray(start, start + chunkLength(this.size, index)) };
		});
	}

	/** Takes nothing from now on. @returns what came, zeros where nothing did. */
	close(): Uint8Array {
		this.#closed = true;
		return this.#bytes ?? new Uint8Array(0);
	}

	/** @param fits whether the bytes are those of the contentHash; `undefined` when they are not all here. */
	end(fits: boolean | undefined): void {
		const payload = this.close();
		this.#bytes = undefined;
		if (fits === undefined) this.#end({ kind: "cut" });
		else if (fits) this.#end({ kind: "complete", payload });
		else {
			const [sender] = this.#sources;
			this.#end({ kind: "wrong", ...(this.#sources.size === 1 && sender !== undefined && { sender }) });
		}
	}

	/** Room is taken with the first chunk, not with the announcement. @returns whether the chunk was not here yet. */
	#put(index: number, data: Uint8Array, source: Sender | undefined): boolean {
		if (this.#closed || this.#here.has(index)) return false;
		this.#bytes ??= new Uint8Array(this.size);
		this.#bytes.set(data, index * maxDataLength);
		this.#here.add(index);
		this.#sources.add(source);
		return true;
	}
}
