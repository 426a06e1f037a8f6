import { concatBytes } from "../../bytes/concat.js";
import type { ByteSource } from "../../ports.js";
import { ApackError } from "../errors.js";

/** Bytes of an archive by their offsets, wherever they come from. */
export interface ByteView {
	/**
	 * @param ahead further bytes that are probably wanted next; they are read along, as far as there are any.
	 * @returns exactly `length` bytes; nobody else writes to them. @throws {ApackError} `truncated`
	 */
	view(offset: number, length: number, ahead?: number): Promise<Uint8Array>;
	/** Says that nothing before this offset is wanted again. */
	release(offset: number): void;
}

/** A view of a source that can be read anywhere. It keeps what it read last, so that small neighbours cost one read. */
export class SourceView implements ByteView {
	readonly #source: ByteSource;
	readonly #signal: AbortSignal | undefined;
	#window: Uint8Array = new Uint8Array(0);
	#start = 0;
	#coming: { readonly start: number; readonly length: number; readonly bytes: Promise<Uint8Array> } | undefined;

	constructor(source: ByteSource, signal?: AbortSignal) {
		this.#source = source;
		this.#signal = signal;
	}

	async view(offset: number, length: number, ahead = 0): Promise<Uint8Array> {
		const held = this.#held(offset, length);
		if (held !== undefined) return held;
		this.#signal?.throwIfAborted();
		const coming = this.#coming;
		if (coming !== undefined && coming.start <= offset && offset + length <= coming.start + coming.length) {
			this.#coming = undefined;
			this.#window = await coming.bytes;
			this.#start = coming.start;
			const come = this.#held(offset, length);
			if (come !== undefined) return come;
		}
		const { size } = this.#source;
		if (offset + length > size) throw truncated(offset + length, size);
		const wanted = Math.min(length + ahead, size - offset);
		const bytes = await this.#source.read(offset, wanted);
		if (bytes.length !== wanted) throw truncated(offset + wanted, offset + bytes.length);
		this.#window = bytes;
		this.#start = offset;
		return bytes.subarray(0, length);
	}

	/** Begins to read what is probably wanted next, while the caller works on what it has. Its failure is told to who wants it. */
	prefetch(offset: number, length: number): void {
		const wanted = Math.min(length, this.#source.size - offset);
		if (wanted <= 0) return;
		const bytes = this.#source.read(offset, wanted);
		bytes.catch(() => undefined);
		this.#coming = { start: offset, length: wanted, bytes };
	}

	release(): void {}

	#held(offset: number, length: number): Uint8Array | undefined {
		const from = offset - this.#start;
		return from >= 0 && from + length <= this.#window.length ? this.#window.subarray(from, from + length) : undefined;
	}
}

/** A view of bytes that come one after another; it keeps what was read from the last released offset on. */
export class StreamView implements ByteView {
	readonly #pieces: AsyncIterator<Uint8Array>;
	readonly #signal: AbortSignal | undefined;
	#kept: Uint8Array = new Uint8Array(0);
	#start = 0;
	/** Bytes that were released before they came. */
	#unwanted = 0;

	constructor(stream: AsyncIterable<Uint8Array>, signal?: AbortSignal) {
		this.#pieces = stream[Symbol.asyncIterator]();
		this.#signal = signal;
	}

	async view(offset: number, length: number): Promise<Uint8Array> {
		const end = offset + length;
		const found = await this.#fill(end);
		if (found < end) throw truncated(end, found);
		return this.#kept.subarray(offset - this.#start, end - this.#start);
	}

	/** Whether the stream ends at this offset. */
	async endsAt(offset: number): Promise<boolean> {
		return (await this.#fill(offset + 1)) === offset;
	}

	release(offset: number): void {
		const from = Math.min(offset - this.#start, this.#kept.length);
		this.#kept = this.#kept.subarray(from);
		this.#start += from;
		this.#unwanted = offset - this.#start;
	}

	/** Tells the producer that no more is wanted. */
	async close(): Promise<void> {
		await this.#pieces.return?.();
	}

	/** Reads until `end`. @returns the offset up to which there are bytes, `end` or more unless the stream ends before. */
	async #fill(end: number): Promise<number> {
		let available = this.#start + this.#kept.length;
		if (available >= end) return available;
		// Copied, because a producer may use its own buffer again; and only once, because pieces may be single bytes.
		const pieces = [this.#kept];
		while (available < end) {
			this.#signal?.throwIfAborted();
			const { done, value } = await this.#pieces.next();
			if (done === true) break;
			const passed = Math.min(value.length, this.#unwanted);
			this.#unwanted -= passed;
			this.#start += passed;
			available += value.length;
			pieces.push(value.slice(passed));
		}
		this.#kept = concatBytes(pieces);
		return available;
	}
}

function truncated(expected: number, found: number): ApackError {
	return new ApackError("truncated", `expected bytes up to offset ${expected}, the archive ends at ${found}`, {
		offset: found,
		expected,
		found,
	});
}
