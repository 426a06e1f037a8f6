import fc from "fast-check";
import { expect, test } from "vitest";
import { toHex } from "../bytes/hex.js";
import type { Entry, Stub } from "../entry/entry.js";
import { entryTypes, type HeaderFields } from "../entry/header.js";
import { decodeRecord, decodeRecordHead, encodePurged, encodeRecord, encodeTombstone } from "./record.js";

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const signature = maybe(fc.uint8Array({ minLength: 64, maxLength: 64 }));
const docId = fc.oneof(
	fc.stringMatching(/^[A-Za-z0-9_-]{32}$/),
	fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }),
	fc.stringMatching(/^[A-Za-z0-9+/]{32}$/),
);
const payload = fc.oneof(
	fc.uint8Array({ maxLength: 60 }),
	fc.constantFrom(4096, 4097).map((length) => new Uint8Array(length).fill(7)),
);

const entry: fc.Arbitrary<Entry> = fc
	.record({
		hash,
		docId,
		createdAt: fc.nat(2 ** 48 - 1),
		createdByPublicKey: hash,
		contentHash: hash,
		previousByAuthor: maybe(hash),
		entryType: fc.constantFrom(...entryTypes),
		dependencyHashes: fc.array(hash, { maxLength: 4 }),
		originalSize: fc.maxSafeNat().map((size) => size % 2 ** 40),
		contentTag: maybe(hash),
		extensions: fc.array(fc.tuple(fc.nat(2 ** 31), fc.uint8Array({ maxLength: 9 }))).map((items) => new Map(items)),
		signature,
		payload,
		known: fc.boolean(),
	})
	.map(({ hash, signature, payload, known, ...rest }) => {
		const fields: HeaderFields = {
			...rest,
			version: 1,
			entryTypeCode: entryTypes.indexOf(rest.entryType),
			tenantRoot: "00".repeat(32),
			dbId: "notes",
			decryptionKeyId: "default",
			keyCommitment: "00".repeat(32),
			directoryHeads: [],
		};
		const header = Uint8Array.of(1, 2, 3);
		return { kind: "entry", hash, header, common: fields, fields: known ? fields : undefined, signature, payload };
	});

test("a record gives back what an entry does not share with others", () => {
	const digest = Uint8Array.from({ length: 16 }, (_, i) => i);
	fc.assert(
		fc.property(entry, fc.nat(2 ** 31), (each, context) => {
			const bytes = encodeRecord(each, digest, context);
			const record = decodeRecord(bytes);
			const { hash, common, fields, signature } = each;
			expect(decodeRecordHead(bytes)).toMatchObject({ hash, digest, createdAt: common.createdAt });
			if (record.kind !== "entry") {
				expect(record).toMatchObject({ kind: "verbatim", header: each.header });
				expect(fields).toBeUndefined();
			} else {
				const { entryType, dependencyHashes, originalSize, contentTag, extensions } = fields as HeaderFields;
				const { docId, previousByAuthor } = common;
				expect(record).toMatchObject({ context, docId, entryType, dependencyHashes, originalSize, signature });
				expect(record).toMatchObject({ contentTag, previousByAuthor, extensions });
			}
			if (record.kind !== "entry" && record.kind !== "verbatim") throw new Error("another kind");
			const length = (each.payload as Uint8Array).length;
			if (length <= 4096) expect(record.payload).toEqual({ inline: each.payload });
			else expect(record.payload).toEqual({ contentHash: common.contentHash, length });
		}),
	);
});

test("stubs that may be passed on, stubs that a purge left here alone, tombstones", () => {
	const digest = new Uint8Array(16).fill(9);
	fc.assert(
		fc.property(
			hash,
			docId,
			maybe(hash),
			signature,
			fc.nat(2 ** 48 - 1),
			(each, id, previousByAuthor, signed, createdAt) => {
				const link = {
					tenantRoot: each,
					dbId: "notes",
					docId: id,
					createdAt,
					createdByPublicKey: each,
					previousByAuthor,
				};
				const stub: Stub = { kind: "stub", hash: each, headerHash: digest.slice(0), link, signature: signed };
				const whole = { ...stub, headerHash: new Uint8Array(32).fill(3) };
				const record = {
					kind: "stub",
					digest,
					hash: each,
					createdAt,
					headerHash: whole.headerHash,
					docId: id,
					createdByPublicKey: each,
					previousByAuthor,
					signature: signed,
				};
				expect(decodeRecord(encodeRecord(whole, digest, 0))).toEqual({ ...record, purged: false });
				expect(decodeRecord(encodePurged(whole, digest))).toEqual({ ...record, purged: true });
				const head = { digest, hash: each, createdAt, purged: true };
				const left = encodeTombstone({ kind: "entry", ...head });
				expect(decodeRecord(left)).toEqual({ kind: "tombstone", ...head });
				// As version 1 wrote them: without the mark, with the number of the author.
				expect(decodeRecord(Uint8Array.of(3, ...left.subarray(1), 7))).toEqual({ kind: "tombstone", ...head });
			},
		),
	);
});

test("bytes that no writer wrote are a FormatError or other values, never a crash", () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
			try {
				decodeRecord(bytes);
			} catch (error) {
				expect((error as { code?: string }).code).toBe("format");
			}
		}),
		{ numRuns: 500 },
	);
});
