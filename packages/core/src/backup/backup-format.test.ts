import { FormatError, stubOf } from "@mindoodb/core";
import { entryMaker } from "@mindoodb/testing";
import fc from "fast-check";
import { nodeCrypto } from "mindoodb";
import { expect, it } from "vitest";
import { decodeSegment, encodeSegment, entryOf, recordOf } from "./backup-record.js";
import { type BackupManifest, decodeManifest, encodeManifest } from "./manifest.js";

const crypto = nodeCrypto();
const hex = (bytes: number) =>
	fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((each) => Buffer.from(each).toString("hex"));
const segments = fc.array(
	fc.record({
		records: fc.integer({ min: 1, max: 1024 }),
		bytes: fc.integer({ min: 1, max: 300_000 }),
		sha256: hex(32),
	}),
	{ maxLength: 3 },
);
const store = fc
	.record({
		dbId: fc.string({ minLength: 1, maxLength: 30, unit: "grapheme-ascii" }),
		purpose: fc.constantFrom("documents" as const, "attachments" as const),
		storeId: hex(16),
		from: fc.nat(1000),
		damaged: fc.nat(3),
		digest: hex(16),
		segments,
	})
	.map((part) => ({
		...part,
		to: part.from + part.damaged + part.segments.reduce((sum, { records }) => sum + records, 0),
	}));
const manifest: fc.Arbitrary<BackupManifest> = fc.record({
	tenant: fc.record(
		{ tenantId: fc.constantFrom("acme", "é"), administrationKey: hex(32), recoveryKey: hex(32) },
		{ requiredKeys: ["tenantId", "administrationKey"] },
	),
	createdAt: fc.nat(),
	previous: fc.option(hex(32), { nil: undefined }),
	stores: fc.uniqueArray(store, { maxLength: 3, selector: ({ dbId }) => dbId }),
	files: fc.array(
		fc.record({ name: fc.constantFrom("identity.json", "tenant-key.json"), bytes: fc.nat(1000), sha256: hex(32) }),
		{ maxLength: 2 },
	),
});

it("a manifest is read as it was written, and changed bytes are read as something else or refused", () => {
	fc.assert(
		fc.property(manifest, fc.nat(), fc.integer({ min: 1, max: 255 }), (made, at, flip) => {
			const bytes = encodeManifest(made);
			expect(decodeManifest(bytes)).toEqual(made);
			bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ flip;
			const read = decoded(() => decodeManifest(bytes));
			if (read !== undefined) expect(encodeManifest(read)).toEqual(bytes);
		}),
		{ numRuns: 500 },
	);
});

it("segments hold entries and stubs byte by byte, and nothing that is neither", async () => {
	const maker = await entryMaker({ crypto });
	const entries = await maker.document(3, { signed: false });
	const stub = await stubOf(crypto, entries[2] as (typeof entries)[number]);
	const records = [...entries, stub].map(recordOf);
	const bytes = encodeSegment(records);
	const read = await Promise.all(decodeSegment(bytes, 4).map((record) => entryOf(crypto, record)));
	expect(read.map(recordOf)).toEqual(records);
	expect(read.map(({ hash }) => hash)).toEqual([...entries, stub].map(({ hash }) => hash));
	expect(() => decodeSegment(bytes, 3)).toThrow(FormatError);
	await fc.assert(
		fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
			const changed = bytes.slice();
			changed[at] = (changed[at] as number) ^ flip;
			for (const record of decoded(() => decodeSegment(changed, 4)) ?? []) {
				await entryOf(crypto, record).catch((error: unknown) => expect(error).toBeInstanceOf(FormatError));
			}
		}),
		{ numRuns: 500 },
	);
});

it("random bytes are refused with a typed error", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
			decoded(() => decodeManifest(bytes));
			decoded(() => decodeSegment(bytes, 1));
		}),
		{ numRuns: 10_000 },
	);
});

function decoded<T>(decode: () => T): T | undefined {
	try {
		return decode();
	} catch (error) {
		expect(error).toBeInstanceOf(FormatError);
		return undefined;
	}
}
