import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { nodeHasher } from "../node/hasher.js";
import { decodeChunk, decodeChunkPrefix, encodeChunk, maxDataLength, packetLengthOf } from "./chunk.js";
import { ChunkError } from "./chunk-error.js";
import { type ChunkHash, portableHasher } from "./hasher.js";

const datum = new Uint8Array(32).fill(7);
const bytes = (length: number) => Uint8Array.from({ length }, (_, at) => at % 251);
const chunkOf = fc.record({
	index: fc.integer({ min: 0, max: 0xffff_ffff }),
	datum: fc.uint8Array({ minLength: 32, maxLength: 32 }),
	data: fc.uint8Array({ minLength: 1, maxLength: 100 }),
});

function codeOf(work: () => unknown): string {
	try {
		work();
		return "nothing thrown";
	} catch (error) {
		return error instanceof ChunkError ? error.code : String(error);
	}
}

it("every chunk comes back as it was, by both hashes and all hashers, and `auto` tells which hash it was", () => {
	fc.assert(
		fc.property(chunkOf, fc.constantFrom<ChunkHash>("sha3-256", "keccak-256"), (chunk, hash) => {
			const packet = encodeChunk(chunk, { hash, makeHasher: nodeHasher });
			expect(encodeChunk(chunk, { hash, makeHasher: portableHasher })).toEqual(packet);
			expect(decodeChunk(packet, { hash })).toEqual({ ...chunk, hash, chunkHash: packet.slice(-32) });
			expect(decodeChunk(packet, { hash: "auto" }).hash).toBe(hash);
		}),
	);
});

it("no byte of a chunk can be another one", () => {
	const packet = encodeChunk({ index: 3, datum, data: bytes(21) });
	for (let at = 0; at < packet.length; at++) {
		const damaged = packet.slice();
		damaged[at] = (damaged[at] as number) ^ 1;
		expect([at, codeOf(() => decodeChunk(damaged))]).not.toEqual([at, "nothing thrown"]);
	}
});

it("what is decoded belongs to the caller, and what follows the chunk is told or left", () => {
	const packet = encodeChunk({ index: 0, datum, data: bytes(16) });
	const two = Uint8Array.from([...packet, 1, 2]);
	const { chunk, length } = decodeChunkPrefix(two);
	expect(length).toBe(packet.length);
	two.fill(0);
	expect(chunk.data).toEqual(bytes(16));
	expect(codeOf(() => decodeChunk(Uint8Array.from([...packet, 1])))).toBe("trailing");
});

it("a wrong byte is told before bytes that are missing", () => {
	expect(codeOf(() => decodeChunk(Uint8Array.of(1)))).toBe("magic");
	expect(codeOf(() => decodeChunk(Uint8Array.of(0, 2)))).toBe("type");
	expect(codeOf(() => decodeChunk(Uint8Array.of(0, 0, 0, 9)))).toBe("reserved");
	expect(codeOf(() => decodeChunk(Uint8Array.of(0, 0, 0)))).toBe("truncated");
});

it("only what has a form is written", () => {
	const largest = encodeChunk({ index: 0xffff_ffff, datum, data: new Uint8Array(maxDataLength) });
	expect(largest.length).toBe(131_152);
	expect(packetLengthOf(1)).toBe(96);
	for (const wrong of [
		{ index: 0, datum, data: new Uint8Array(maxDataLength + 1) },
		{ index: 0, datum, data: new Uint8Array(0) },
		{ index: 0, datum: datum.subarray(12), data: bytes(1) },
		{ index: -1, datum, data: bytes(1) },
		{ index: 0.5, datum, data: bytes(1) },
		{ index: 2 ** 32, datum, data: bytes(1) },
	]) {
		expect(codeOf(() => encodeChunk(wrong))).toBe("usage");
	}
});

it("hashers agree with node:crypto and with the published Keccak-256, also as a copy that goes its own way", () => {
	for (const makeHasher of [portableHasher, nodeHasher]) {
		const hasher = makeHasher("sha3-256");
		hasher.update(bytes(1000));
		const copy = hasher.copy();
		copy.update(bytes(5));
		const digest = (...parts: Uint8Array[]) => createHash("sha3-256").update(Buffer.concat(parts)).digest();
		expect(Buffer.from(hasher.digest())).toEqual(digest(bytes(1000)));
		expect(Buffer.from(copy.digest())).toEqual(digest(bytes(1000), bytes(5)));
		// The empty input, go.crypto 2014 and every later Keccak-256.
		const empty = Buffer.from(makeHasher("keccak-256").digest()).toString("hex");
		expect(empty).toBe("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
	}
});
