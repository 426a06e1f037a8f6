import { equalBytes } from "../bytes/equal.js";
import type { ByteSource } from "../ports.js";
import { encodeChunk, type HashOptions, hashLength, maxDataLength, maxIndex } from "./chunk.js";
import { ChunkError } from "./chunk-error.js";
import { portableHasher } from "./hasher.js";

export interface SplitOptions extends HashOptions {
	readonly signal?: AbortSignal;
}

/** The hash that names a message in each of its chunks. @returns 32 bytes. */
export async function datumOf(source: ByteSource, options: SplitOptions = {}): Promise<Uint8Array> {
	const hasher = (options.makeHasher ?? portableHasher)(options.hash ?? "sha3-256");
	for await (const piece of piecesOf(source, options.signal)) hasher.update(piece);
	return hasher.digest();
}

/**
 * Splits a message into chunks, all full but the last. The first one already names the hash of the whole message, so the source is read
 * twice, unless the caller knows the hash; it must not change meanwhile.
 * @param options `datum`: the hash of the whole message; it is checked at the end, when the chunks have been handed out.
 * @returns the encoded chunks in the order of their indexes.
 * @throws {ChunkError} `usage`: an empty message has no chunks, one above 512 TiB has too many; `datum`: the source is not
 * the message of the datum that was given.
 */
export async function* splitSource(
	source: ByteSource,
	options: SplitOptions & { readonly datum?: Uint8Array } = {},
): AsyncGenerator<Uint8Array> {
	const { hash = "sha3-256", makeHasher = portableHasher } = options;
	if (source.size === 0) throw new ChunkError("usage", "an empty message has no chunks");
	if (source.size > maxDataLength * (maxIndex + 1)) throw new ChunkError("usage", "expected at most 512 TiB");
	const datum = options.datum ?? (await datumOf(source, options));
	if (datum.length !== hashLength) throw new ChunkError("usage", `expected a datum of ${hashLength} bytes`);
	const hasher = options.datum === undefined ? undefined : makeHasher(hash);
	let index = 0;
	for await (const data of piecesOf(source, options.signal)) {
		hasher?.update(data);
		yield encodeChunk({ index: index++, datum, data }, { hash, makeHasher });
	}
	if (hasher !== undefined && !equalBytes(hasher.digest(), datum)) {
		throw new ChunkError("datum", "the bytes are not those of the datum");
	}
}

async function* piecesOf(source: ByteSource, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
	for (let offset = 0; offset < source.size; offset += maxDataLength) {
		signal?.throwIfAborted();
		const length = Math.min(maxDataLength, source.size - offset);
		const piece = await source.read(offset, length);
		if (piece.length !== length) throw new ChunkError("truncated", "the source ends before its size", { offset });
		yield piece;
	}
}
