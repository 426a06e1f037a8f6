import { encode } from "cborg";
import { expect, it } from "vitest";
import { type CborValue, decodeCbor, encodeCbor } from "../bytes/cbor.js";
import { concatBytes } from "../bytes/concat.js";
import { toHex } from "../bytes/hex.js";
import { decodeHeader, encodeHeader, type HeaderInput } from "./header.js";

const hash = (byte: number) => new Uint8Array(32).fill(byte);
const many = (count: number) =>
	Array.from({ length: count }, (_, i) => {
		const bytes = new Uint8Array(32);
		new DataView(bytes.buffer).setUint32(0, i + 1);
		return bytes;
	});
const id = (bytes: number) => "x".repeat(bytes);

/** Field, what is put there, and the code of the refusal; "unsupported" is kept, and opened after an upgrade. */
const replacements: readonly (readonly [field: number, name: string, value: CborValue, code: string])[] = [
	[0, "version 0", 0, "format"],
	[0, "version 2", 2, "unsupported"],
	[0, "version as text", "1", "format"],
	[1, "an unknown entry type", 5, "unsupported"],
	[1, "entry type null", null, "format"],
	[2, "tenantRoot of 31 bytes", new Uint8Array(31), "format"],
	[2, "tenantRoot as text", "ab", "format"],
	[3, "an empty dbId", "", "limit"],
	[3, "a dbId of 129 bytes", id(129), "limit"],
	[3, "a dbId of bytes", new Uint8Array(4), "format"],
	[4, "an empty docId", "", "limit"],
	[4, "a docId of 129 bytes", id(129), "limit"],
	[4, "a docId of 43 characters of 3 bytes", "€".repeat(43), "limit"],
	[5, "dependencies as bytes", hash(1), "format"],
	[5, "dependencies unsorted", [hash(2), hash(1)], "format"],
	[5, "a dependency twice", [hash(1), hash(1)], "format"],
	[5, "a dependency of 33 bytes", [new Uint8Array(33)], "format"],
	[5, "1,025 dependencies", many(1025), "limit"],
	[6, "createdAt of 2^48", 2 ** 48, "format"],
	[6, "createdAt as text", "now", "format"],
	[7, "a public key of 33 bytes", new Uint8Array(33), "format"],
	[8, "an empty key id", "", "limit"],
	[8, "a key id of 129 bytes", id(129), "limit"],
	[9, "a key commitment of no bytes", new Uint8Array(0), "format"],
	[10, "contentHash null", null, "format"],
	[11, "originalSize as bytes", Uint8Array.of(1), "format"],
	[12, "directory heads unsorted", [hash(2), hash(1)], "format"],
	[12, "65 directory heads", many(65), "limit"],
	[12, "directory heads null", null, "format"],
	[13, "a change without content tag", null, "format"],
	[13, "a content tag of 16 bytes", new Uint8Array(16), "format"],
	[14, "a predecessor of 31 bytes", new Uint8Array(31), "format"],
	[15, "extensions as array", [], "format"],
	[15, "an extension that is no bytes", new Map([[200, 1]]), "format"],
	[15, "an extension under a text", new Map([["a", hash(1)]]), "format"],
	[15, "a critical extension", new Map([[127, hash(1)]]), "unsupported"],
	[15, "extensions that make the header larger than 48 KiB", new Map([[200, new Uint8Array(49 * 1024)]]), "limit"],
];

/** By type: what must and must not stand there. */
const byType: readonly (readonly [name: string, changes: Readonly<Record<number, CborValue>>])[] = [
	["a create with dependencies", { 1: 0 }],
	["a snapshot with content tag", { 1: 2 }],
	["a snapshot without dependencies", { 1: 2, 5: [], 13: null }],
	["a delete with originalSize 1", { 1: 3, 11: 1, 13: null }],
	["a delete without dependencies", { 1: 3, 5: [], 11: 0, 13: null }],
	["a delete with content tag", { 1: 3, 11: 0 }],
	["a chunk with predecessor", { 1: 4, 13: null }],
	["a chunk with two dependencies", { 1: 4, 5: [hash(1), hash(2)], 13: null, 14: null }],
	["a chunk of no bytes", { 1: 4, 5: [], 11: 0, 13: null, 14: null }],
	["a chunk of 1 MiB", { 1: 4, 5: [], 11: 1024 * 1024, 13: null, 14: null }],
	["a chunk with content tag", { 1: 4, 5: [], 14: null }],
];

/** Headers that are refused, one for every rule, made of a `doc_change` that passes. */
export function headerRejects(
	genuine: Uint8Array,
): { readonly name: string; readonly header: string; readonly code: string }[] {
	const items = decodeCbor(genuine) as readonly CborValue[];
	const withItem = (field: number, value: CborValue) => items.map((each, i) => (i === field ? value : each));
	const rejects: { name: string; header: string; code: string }[] = [];
	const add = (name: string, header: Uint8Array, code: string) => rejects.push({ name, header: toHex(header), code });
	for (const [field, name, value, code] of replacements) add(name, encodeCbor(withItem(field, value)), code);
	for (const [name, changes] of byType) {
		add(name, encodeCbor(items.map((each, i) => (i in changes ? (changes[i] as CborValue) : each))), "format");
	}
	add("15 elements", encodeCbor(items.slice(0, 15)), "format");
	add("17 elements in version 1", encodeCbor([...items, 0]), "format");
	add("no array", encodeCbor(new Map([[0, 1]])), "format");
	add("no bytes", new Uint8Array(0), "format");
	add("a byte behind it", concatBytes(genuine, Uint8Array.of(0)), "format");
	add("a byte less", genuine.subarray(0, -1), "format");
	// 90 = array of 16; 98 10 is its longer form, 9f … ff the indefinite one.
	add("a length that is not in shortest form", concatBytes(Uint8Array.of(0x98, 0x10), genuine.subarray(1)), "format");
	add(
		"an array of indefinite length",
		concatBytes(Uint8Array.of(0x9f), genuine.subarray(1), Uint8Array.of(0xff)),
		"format",
	);
	add(
		"a version that is not in shortest form",
		concatBytes(genuine.subarray(0, 1), Uint8Array.of(0x18, 0x01), genuine.subarray(2)),
		"format",
	);
	add("a float", new Uint8Array(encode(items.map((each, i) => (i === 6 ? 1.5 : each)))), "format");
	add("a negative time", new Uint8Array(encode(items.map((each, i) => (i === 6 ? -1 : each)))), "format");
	add("a tag", concatBytes(Uint8Array.of(0xc1), genuine), "format");
	return rejects;
}

const genuine: HeaderInput = {
	entryType: "doc_change",
	tenantRoot: "11".repeat(32),
	dbId: "notes",
	docId: "x".repeat(32),
	dependencyHashes: ["22".repeat(32)],
	createdAt: 1,
	createdByPublicKey: "33".repeat(32),
	decryptionKeyId: "default",
	keyCommitment: "44".repeat(32),
	contentHash: "55".repeat(32),
	originalSize: 1,
	directoryHeads: [],
	contentTag: "66".repeat(32),
	previousByAuthor: "77".repeat(32),
	extensions: new Map(),
};

it("one byte changed anywhere in a header gives a refusal, another meaning or another header, never the same fields", () => {
	const header = encodeHeader(genuine);
	const read = JSON.stringify(decodeHeader(header));
	for (let at = 0; at < header.length; at++) {
		for (const bit of [0, 3, 7]) {
			const changed = header.slice();
			changed[at] = (changed[at] as number) ^ (1 << bit);
			try {
				const decoded = decodeHeader(changed);
				expect(JSON.stringify(decoded)).not.toBe(read);
				if (decoded.fields !== undefined) expect(toHex(encodeHeader(decoded.fields))).toBe(toHex(changed));
			} catch (error) {
				expect((error as { name: string }).name).toBe("FormatError");
			}
		}
	}
});

it("what a reader refuses, a writer does not write", () => {
	const wishes: readonly Partial<HeaderInput>[] = [
		{ dbId: "" },
		{ docId: id(129) },
		{ dependencyHashes: ["22".repeat(32), "11".repeat(32)] },
		{ directoryHeads: Array.from({ length: 65 }, (_, i) => i.toString(16).padStart(64, "0")) },
		{ createdAt: 2 ** 48 },
		{ createdAt: -1 },
		{ createdAt: 0.5 },
		{ originalSize: -1 },
		{ contentTag: undefined },
		{ tenantRoot: "11" },
		{ keyCommitment: "AA".repeat(32) },
		{ dbId: "\ud800" },
		{ entryType: "doc_create" },
		{ entryType: "doc_delete", contentTag: undefined },
	];
	for (const wish of wishes) expect(() => encodeHeader({ ...genuine, ...wish }), JSON.stringify(wish)).toThrow();
});
