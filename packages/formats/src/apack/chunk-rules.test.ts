import { describe, expect, it } from "vitest";
import { type ChunkRules, checkChunkHeader } from "./chunk-rules.js";
import type { ChunkHeader } from "./format/chunk-header.js";

const plain: ChunkRules = { chunkSize: 1024, compressionRatio: 100, compressed: false, encrypted: false };
const rulesOf = { plain, compressed: { ...plain, compressed: true }, encrypted: { ...plain, encrypted: true } };

/** @returns a header with index 3. */
function header(sizes: readonly [original: number, stored: number], flags: Partial<ChunkHeader> = {}): ChunkHeader {
	const [originalSize, storedSize] = sizes;
	return {
		index: 3,
		originalSize,
		storedSize,
		checksum: 0,
		last: false,
		compressed: false,
		encrypted: false,
		...flags,
	};
}

const last = { last: true };
const encrypted = { encrypted: true };
const compressed = { compressed: true };

describe("taken", () => {
	it.each<[keyof typeof rulesOf, ChunkHeader]>([
		["plain", header([1024, 1024])],
		["plain", header([1, 1])],
		["plain", header([0, 0], last)],
		["encrypted", header([0, 28], { ...last, ...encrypted })],
		["encrypted", header([1024, 1052], encrypted)],
		["compressed", header([1024, 1024])],
		["compressed", header([1024, 1023], compressed)],
		["compressed", header([1000, 10], compressed)],
	])("%s %o", (rules, chunk) => checkChunkHeader(chunk, 3, rulesOf[rules]));
});

describe("refused", () => {
	it.each<[string, keyof typeof rulesOf, ChunkHeader, string?]>([
		["another index", "plain", { ...header([5, 5]), index: 2 }],
		["an empty chunk that is not the last", "plain", header([0, 0])],
		["an empty encrypted chunk that is not the last", "encrypted", header([0, 28], encrypted)],
		["an empty chunk with bytes", "plain", header([0, 5], last)],
		["an empty compressed chunk", "compressed", header([0, 1], { ...last, ...compressed })],
		["more than the chunk size", "plain", header([1025, 1025])],
		["a stored chunk of another length", "plain", header([5, 6])],
		["an encrypted chunk without room for the tag", "encrypted", header([5, 27], encrypted)],
		["a plain chunk of an encrypted entry", "encrypted", header([5, 5])],
		["an encrypted chunk of a plain entry", "plain", header([5, 33], encrypted)],
		["a compressed chunk of an entry that is not", "plain", header([500, 50], compressed)],
		["a compressed chunk that became no shorter", "compressed", header([500, 500], compressed)],
		["a compressed chunk without bytes", "compressed", header([500, 0], compressed)],
		["a compressed chunk that grows too much", "compressed", header([1001, 10], compressed), "limit"],
	])("%s", (_, rules, chunk, code = "malformed") => {
		expect(() => checkChunkHeader(chunk, 3, rulesOf[rules])).toThrow(expect.objectContaining({ code }));
	});
});
