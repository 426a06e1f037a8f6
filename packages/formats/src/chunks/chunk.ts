/**
 * One chunk of type 0, XLattice "Chunks" (2013), in the dialect of its document.
 *
 * | offset | bytes | field | rule |
 * |---|---|---|---|
 * | 0 | 1 | magic | 0: no length-prefixed Protobuf message begins with it |
 * | 1 | 1 | type | 0 |
 * | 2 | 6 | reserved | 0 |
 * | 8 | 4 | length | big endian, N - 1 for N bytes of data, N from 1 to 131072; the upper 15 bits are 0 |
 * | 12 | 4 | index | big endian, from 0 |
 * | 16 | 32 | datum | hash of the whole message, without padding |
 * | 48 | N | data | |
 * | 48 + N | 0..15 | padding | 0, up to a multiple of 16 |
 * | 48 + P | 32 | hash | of everything before it, index and padding included |
 *
 * The document's list of what is hashed leaves out index and padding; the historic program hashes both, and so do we.
 */
import { equalBytes } from "../bytes/equal.js";
import { ChunkError, type ChunkErrorCode } from "./chunk-error.js";
import { type ChunkHash, type MakeHasher, portableHasher } from "./hasher.js";

export const headerLength = 48;
export const hashLength = 32;
/** Most bytes of data in a chunk. */
export const maxDataLength = 131_072;
export const maxIndex = 0xffff_ffff;

/** Bytes that decide whether a chunk is one and how long it is. */
const fixedLength = 12;

export interface Chunk {
	/** From 0 to 2^32 - 1. */
	readonly index: number;
	/** Hash of the whole message that this is a part of, 32 bytes. Nobody vouches for it. */
	readonly datum: Uint8Array;
	/** 1 to 131,072 bytes. */
	readonly data: Uint8Array;
}

/** A chunk whose hash was found right. */
export interface DecodedChunk extends Chunk {
	/** Which hash it was. */
	readonly hash: ChunkHash;
	/** The chunk's own hash: equal for equal chunks only. 32 bytes. */
	readonly chunkHash: Uint8Array;
}

export interface HashOptions {
	/** @default "sha3-256" */
	readonly hash?: ChunkHash;
	/** @default hashers in plain JavaScript */
	readonly makeHasher?: MakeHasher;
}

export interface DecodeOptions extends Omit<HashOptions, "hash"> {
	/** `auto` tries both. @default "sha3-256" */
	readonly hash?: ChunkHash | "auto";
}

/** @throws {ChunkError} `usage`: what cannot be written; an empty chunk has no form. */
export function encodeChunk({ index, datum, data }: Chunk, options: HashOptions = {}): Uint8Array {
	const { hash = "sha3-256", makeHasher = portableHasher } = options;
	if (!(data instanceof Uint8Array) || data.length === 0 || data.length > maxDataLength) {
		throw wrong("usage", `expected 1 to ${maxDataLength} bytes of data`, 0, data?.length);
	}
	if (!(datum instanceof Uint8Array) || datum.length !== hashLength) {
		throw wrong("usage", `expected a datum of ${hashLength} bytes`, 0, datum?.length);
	}
	if (!Number.isInteger(index) || index < 0 || index > maxIndex) {
		throw wrong("usage", `expected an index from 0 to ${maxIndex}`, 0, index);
	}
	const packet = new Uint8Array(packetLengthOf(data.length));
	const view = new DataView(packet.buffer);
	view.setUint32(8, data.length - 1);
	view.setUint32(12, index);
	packet.set(datum, 16);
	packet.set(data, headerLength);
	const hasher = makeHasher(hash);
	hasher.update(packet.subarray(0, -hashLength));
	packet.set(hasher.digest(), packet.length - hashLength);
	return packet;
}

/** @param dataLength 1 to 131,072 bytes. @returns bytes of the whole chunk, 96 to 131,152. */
export function packetLengthOf(dataLength: number): number {
	return headerLength + 16 * Math.ceil(dataLength / 16) + hashLength;
}

/** Decodes exactly one chunk. @throws {ChunkError} also when bytes are left over. */
export function decodeChunk(bytes: Uint8Array, options: DecodeOptions = {}): DecodedChunk {
	const { chunk, length } = decodeChunkPrefix(bytes, options);
	if (length < bytes.length) throw wrong("trailing", `expected ${length} bytes`, length, bytes.length);
	return chunk;
}

/**
 * Decodes the chunk that `bytes` begin with.
 * @returns the chunk and the bytes that it takes. @throws {ChunkError}
 */
export function decodeChunkPrefix(
	bytes: Uint8Array,
	options: DecodeOptions = {},
): { readonly chunk: DecodedChunk; readonly length: number } {
	const { chunkView, length } = decodeChunkView(bytes, options);
	const { hash, index, datum, data, chunkHash } = chunkView;
	return {
		chunk: { hash, index, datum: datum.slice(), data: data.slice(), chunkHash: chunkHash.slice() },
		length,
	};
}

/** As `decodeChunkPrefix`; the fields are views into `bytes`. @throws {ChunkError} */
export function decodeChunkView(
	bytes: Uint8Array,
	options: DecodeOptions = {},
): { readonly chunkView: DecodedChunk; readonly length: number } {
	const { hash = "sha3-256", makeHasher = portableHasher } = options;
	const dataLength = decodeDataLength(bytes);
	if (dataLength === undefined) throw wrong("truncated", `expected ${fixedLength} bytes`, 0, bytes.length);
	const length = packetLengthOf(dataLength);
	if (bytes.length < length) throw wrong("truncated", `expected ${length} bytes`, 0, bytes.length);
	const hashed = bytes.subarray(0, length - hashLength);
	const chunkHash = bytes.subarray(length - hashLength, length);
	const candidates: readonly ChunkHash[] = hash === "auto" ? ["sha3-256", "keccak-256"] : [hash];
	const right = candidates.find((candidate) => {
		const hasher = makeHasher(candidate);
		hasher.update(hashed);
		return equalBytes(hasher.digest(), chunkHash);
	});
	if (right === undefined) throw wrong("hash", `the hash of the chunk is not its ${hash}`, length - hashLength);
	const end = headerLength + dataLength;
	for (let offset = end; offset < hashed.length; offset++) {
		if (hashed[offset] !== 0) throw wrong("padding", "expected padding of zeros", offset, hashed[offset]);
	}
	const index = new DataView(bytes.buffer, bytes.byteOffset).getUint32(12);
	const [datum, data] = [bytes.subarray(16, headerLength), bytes.subarray(headerLength, end)];
	return { chunkView: { hash: right, index, datum, data, chunkHash }, length };
}

/**
 * Reads what a chunk begins with, as far as it is there: a byte that is wrong is told before bytes that are missing.
 * @returns bytes of data, `undefined` when fewer than 12 bytes are there.
 * @throws {ChunkError} `magic`, `type`, `reserved`, `length`
 */
export function decodeDataLength(bytes: Uint8Array): number | undefined {
	const seen = Math.min(bytes.length, 8);
	for (let offset = 0; offset < seen; offset++) {
		const code = offset === 0 ? "magic" : offset === 1 ? "type" : "reserved";
		if (bytes[offset] !== 0) throw wrong(code, `${code}: expected 0`, offset, bytes[offset]);
	}
	if (bytes.length < fixedLength) return undefined;
	const stored = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8);
	if (stored >= maxDataLength) throw wrong("length", `length: expected at most ${maxDataLength - 1}`, 8, stored);
	return stored + 1;
}

function wrong(code: ChunkErrorCode, message: string, offset: number, found?: number): ChunkError {
	return new ChunkError(code, found === undefined ? message : `${message}, found ${found}`, {
		offset,
		...(found === undefined ? {} : { found }),
	});
}
