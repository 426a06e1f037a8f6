import { type TransportError, UsageError } from "@mindoodb/core";

/** Pieces below this many bytes are joined, so that a peer that sends single bytes does not cost an object for each. */
const smallPiece = 4096;
const joinedBytes = 16_384;

interface Reader {
	readonly resolve: (result: IteratorResult<Uint8Array, undefined>) => void;
	readonly reject: (reason: unknown) => void;
}

/** What came and was not taken yet, for one reader. Who fills it watches `held` and holds the other side back. */
export class IncomingBytes implements AsyncIterableIterator<Uint8Array, undefined> {
	#pieces: Uint8Array[] = [];
	/** The last piece is `filled` bytes of this block, which others may join. */
	#block: { readonly bytes: Uint8Array; filled: number } | undefined;
	#held = 0;
	#reader: Reader | undefined;
	#over: { readonly error?: TransportError } | undefined;
	readonly #onTaken: (bytes: number) => void;

	/** @param onTaken told how many bytes the reader took. */
	constructor(onTaken: (bytes: number) => void) {
		this.#onTaken = onTaken;
	}

	/** Bytes that wait for the reader. */
	get held(): number {
		return this.#held;
	}

	push(bytes: Uint8Array): void {
		if (this.#over !== undefined || bytes.length === 0) return;
		this.#held += bytes.length;
		// A reader that keeps up gets pieces as they came; what it has is never joined to.
		if (bytes.length >= smallPiece || this.#pieces.length === 0) {
			this.#block = undefined;
			this.#pieces.push(this.#reader === undefined ? withoutSurroundings(bytes) : bytes);
		} else this.#join(bytes);
		this.#serve();
	}

	/** After what is held comes the end. */
	end(): void {
		this.#over ??= {};
		this.#serve();
	}

	/** After what is held comes the error. */
	fail(error: TransportError): void {
		this.#over ??= { error };
		this.#serve();
	}

	/** Forgets what is held. */
	discard(): void {
		this.#pieces = [];
		this.#block = undefined;
		this.#held = 0;
	}

	next(): Promise<IteratorResult<Uint8Array, undefined>> {
		if (this.#reader !== undefined) {
			return Promise.reject(new UsageError("connection: expected one reader, found a second one"));
		}
		return new Promise((resolve, reject) => {
			this.#reader = { resolve, reject };
			this.#serve();
		});
	}

	[Symbol.asyncIterator](): this {
		return this;
	}

	#join(bytes: Uint8Array): void {
		let block = this.#block;
		if (block === undefined || block.filled + bytes.length > block.bytes.length) {
			block = { bytes: new Uint8Array(joinedBytes), filled: 0 };
			this.#block = block;
			this.#pieces.push(block.bytes.subarray(0, 0));
		}
		const start = block.filled - (this.#pieces.at(-1)?.length ?? 0);
		block.bytes.set(bytes, block.filled);
		block.filled += bytes.length;
		this.#pieces[this.#pieces.length - 1] = block.bytes.subarray(start, block.filled);
	}

	#serve(): void {
		const reader = this.#reader;
		if (reader === undefined) return;
		const piece = this.#pieces.shift();
		if (piece === undefined && this.#over === undefined) return;
		this.#reader = undefined;
		if (piece !== undefined) {
			this.#held -= piece.length;
			this.#onTaken(piece.length);
			reader.resolve({ done: false, value: piece });
		} else if (this.#over?.error === undefined) reader.resolve({ done: true, value: undefined });
		else reader.reject(this.#over.error);
	}
}

/** A view that waits must not keep a buffer alive that is much larger. */
function withoutSurroundings(bytes: Uint8Array): Uint8Array {
	return bytes.length * 4 < bytes.buffer.byteLength ? bytes.slice() : bytes;
}
