import { type EntryMaker, entryMaker } from "@mindoodb/testing";
import { nodeCrypto } from "mindoodb";
import { beforeEach, describe, expect, it } from "vitest";
import { type CborValue, encodeCbor } from "../../bytes/cbor.js";
import { concatBytes } from "../../bytes/concat.js";
import { fromHex, toHex } from "../../bytes/hex.js";
import { type Entry, parseEntry, type StoredEntry, type Stub, stubOf } from "../../entry/entry.js";
import { FormatError } from "../../errors.js";
import { Packer } from "../../store/packing.js";
import { mostEntries, packRun, unpackRun } from "./entry-run.js";
import { mostMessageBytes } from "./messages.js";
import { RowsPacker } from "./pack-rows.js";

const crypto = nodeCrypto();
let maker: EntryMaker;

beforeEach(async () => {
	maker = await entryMaker({ crypto });
});

/** What a run has to bring. What the address covers need not be compared: it was computed anew. */
function shown(entry: StoredEntry): unknown {
	const { hash } = entry;
	const signature = entry.signature && toHex(entry.signature);
	if (entry.kind === "stub") return { hash, signature, link: entry.link };
	const { payload, header, fields } = entry;
	return { hash, signature, header: toHex(header), payload: payload && toHex(payload), known: fields !== undefined };
}

/** Bytes of the run. */
async function comesBack(entries: readonly StoredEntry[]): Promise<number> {
	const run = await packRun(crypto, entries);
	expect((await unpackRun(crypto, run)).map(shown)).toEqual(entries.map(shown));
	return run.length;
}

async function refused(run: Uint8Array): Promise<string> {
	try {
		await unpackRun(crypto, run);
		return "nothing thrown";
	} catch (error) {
		if (error instanceof FormatError) return error.code;
		throw error;
	}
}

async function withHeader(header: Uint8Array): Promise<Entry> {
	return parseEntry(crypto, { header, payload: crypto.randomBytes(40) });
}

describe("what comes back", () => {
	it("an empty run, one entry, documents of two authors that take turns", async () => {
		await comesBack([]);
		const [alice, bob] = [maker, await maker.another()];
		await comesBack([await alice.make()]);
		const mixed: Entry[] = [];
		for (let i = 0; i < 5; i++) {
			mixed.push(...(await alice.document(3, { signed: false })), ...(await bob.document(2)));
		}
		await comesBack(mixed);
	});

	it("every type, with and without its payload", async () => {
		const create = await maker.make();
		const of = { docId: create.common.docId, dependencyHashes: [create.hash] };
		const entries = [
			create,
			await maker.make({ ...of, entryType: "doc_change", originalSize: 5_000, signed: false }),
			await maker.make({ ...of, entryType: "doc_snapshot", originalSize: 2 ** 40 }),
			await maker.make({ ...of, entryType: "doc_delete", payload: crypto.randomBytes(29) }),
			await maker.make({ ...of, entryType: "attachment_chunk", dependencyHashes: [] }),
			await maker.make({ entryType: "doc_change" }),
		];
		await comesBack(entries);
		await comesBack(entries.map((entry) => ({ ...entry, payload: undefined })));
		await comesBack(entries.map((entry, index) => (index % 2 ? entry : { ...entry, payload: undefined })));
		await comesBack([{ ...create, payload: new Uint8Array(0) }]);
	});

	it("heads, keys and ids that change from entry to entry, and times that go back", async () => {
		const heads = [toHex(crypto.randomBytes(32)), toHex(crypto.randomBytes(32))].sort();
		const first = await maker.make({ directoryHeads: heads });
		const wishes = [
			{ directoryHeads: [first.hash] },
			{ directoryHeads: heads, createdAt: 0 },
			{ directoryHeads: heads, createdAt: 2 ** 48 - 1 },
			{ decryptionKeyId: "ключ", docId: "é" },
			{ keyCommitment: "00".repeat(32) },
			{ dbId: "another" },
			{ tenantRoot: "11".repeat(32) },
			{ previousByAuthor: toHex(crypto.randomBytes(32)) },
			{ previousByAuthor: first.hash },
		];
		const entries: Entry[] = [first];
		for (const wish of wishes) entries.push(await maker.make(wish));
		await comesBack([...entries, ...entries]);
	});

	it("stubs, among entries and alone", async () => {
		const entries = await maker.document(6, { signed: false });
		const stubs = await Promise.all(entries.map((entry) => stubOf(crypto, entry)));
		await comesBack(stubs);
		await comesBack(entries.map((entry, index) => (index % 2 ? entry : (stubs[index] as StoredEntry))));
	});

	it("what this version does not know, and what it does not fill in yet", async () => {
		const genuine = await maker.make();
		const items = [1, 0, ...unchanged(genuine)];
		const [later, type] = [items.slice(), items.slice()];
		later[0] = 2;
		type[1] = 9;
		await comesBack([
			await withHeader(encodeCbor([...later, "more"])),
			await withHeader(encodeCbor(type)),
			await maker.make({ extensions: new Map([[200, Uint8Array.of(1)]]) }),
			await withHeader(encodeCbor([...items.slice(0, 15), new Map([[1, Uint8Array.of(1)]])])),
		]);
	});

	it("an entry beside bytes that are not its payload, which the receiver has to see as such", async () => {
		const [first, second] = await maker.document(2);
		await comesBack([{ ...(first as Entry), payload: crypto.randomBytes(50) }, second as Entry]);
	});
});

describe("what is refused", () => {
	it("more entries than a run holds, also when only announced", async () => {
		const entry = await maker.make();
		await expect(packRun(crypto, Array(mostEntries + 1).fill(entry))).rejects.toThrow(/4096/);
		expect(await refused(new Packer().uint(mostEntries + 1).finish())).toBe("limit");
		expect(await refused(new Packer().uint(mostEntries).finish())).toBe("format");
	});

	it("rows that unfold to more bytes of headers than allowed", async () => {
		const dependencyHashes = Array.from({ length: 1024 }, (_, index) => index.toString(16).padStart(64, "0"));
		const change = await maker.make({ entryType: "doc_change", dependencyHashes });
		const many = Array<Entry>(300).fill({ ...change, payload: undefined });
		await expect(packRun(crypto, many)).rejects.toMatchObject({ code: "limit" });
		const lengths = new Packer().uint(many.length).raw(new Uint8Array(many.length)).finish();
		const rows = new RowsPacker();
		for (const entry of many) rows.add(entry, undefined);
		const run = concatBytes(lengths, rows.finish());
		expect(run.length).toBeLessThan(mostMessageBytes);
		expect(await refused(run)).toBe("limit");
	});

	it("more dependencies than an entry has", async () => {
		const entry = await maker.make({ entryType: "doc_change", payload: new Uint8Array(29) });
		const run = await packRun(crypto, [{ ...entry, payload: undefined }]);
		// Behind it come originalSize, contentHash, contentTag and signature.
		const count = run.length - 1 - 32 - 32 - 64 - 1;
		expect(run[count]).toBe(0);
		const more = new Packer().uint(1025).finish();
		expect(await refused(concatBytes(run.subarray(0, count), more, run.subarray(count + 1)))).toBe("limit");
	});

	it("bytes left over, numbers that are longer than needed, forms and predecessors that there are not", async () => {
		const [first, second] = (await maker.document(2)) as [Entry, Entry];
		const run = await packRun(crypto, [{ ...first, payload: undefined }]);
		expect(await refused(concatBytes(run, Uint8Array.of(0)))).toBe("format");
		expect(await refused(concatBytes(Uint8Array.of(0x81, 0), run.subarray(1)))).toBe("format");
		const withFlags = (flags: number) => concatBytes(run.subarray(0, 2), Uint8Array.of(flags), run.subarray(3));
		expect(run[2]).toBe(0b0110_1000);
		expect(await refused(withFlags(0b0110_1111))).toBe("format");
		expect(await refused(withFlags(0b1110_1000))).toBe("format");
		// A predecessor, where none follows; an origin that no row says; a setting that no row says.
		expect(await refused(withFlags(0b0111_1000))).toBe("format");
		expect(await refused(withFlags(0b0100_1000))).toBe("format");
		expect(await refused(withFlags(0b0010_1000))).toBe("format");
		const two = await packRun(crypto, [first, second]);
		for (let length = 0; length < two.length; length += 7)
			expect(await refused(two.subarray(0, length))).toBe("format");
	});

	it("stubs with ids or times that no entry has", async () => {
		const stub = await stubOf(crypto, await maker.make());
		const of = (link: Partial<Stub["link"]>) => packRun(crypto, [{ ...stub, link: { ...stub.link, ...link } }]);
		expect(await refused(await of({ docId: "x".repeat(129) }))).toBe("limit");
		expect(await refused(await of({ dbId: "x".repeat(129) }))).toBe("limit");
		expect(await refused(await of({ createdAt: 2 ** 48 }))).toBe("format");
	});

	it("what is written out although a row before says it", async () => {
		const [first, second] = (await maker.document(2)) as [Entry, Entry];
		const apart = new RowsPacker();
		apart.add({ ...second, payload: undefined }, undefined);
		const before = await packRun(crypto, [{ ...first, payload: undefined }]);
		const run = concatBytes(Uint8Array.of(2, 0, 0), before.subarray(2), apart.finish());
		expect(await refused(run)).toBe("format");
	});

	it("a header as it is, where rows can tell it in parts", async () => {
		const { header } = await maker.make();
		expect(
			await refused(concatBytes(Uint8Array.of(1, 0, 5), new Packer().uint(header.length).raw(header).finish())),
		).toBe("format");
	});

	it("no byte of a run can be another one: else another address, signature or payload comes out", async () => {
		const entries: StoredEntry[] = await maker.document(3, { payload: crypto.randomBytes(30), signed: false });
		const unusual = await maker.make({ extensions: new Map([[200, Uint8Array.of(1)]]) });
		entries.push(await stubOf(crypto, await maker.make()), unusual);
		const run = await packRun(crypto, entries);
		const told = JSON.stringify(entries.map(shown));
		for (let at = 0; at < run.length; at++) {
			const damaged = run.slice();
			damaged[at] = (damaged[at] as number) ^ (1 << (at % 8));
			try {
				expect(JSON.stringify((await unpackRun(crypto, damaged)).map(shown))).not.toBe(told);
			} catch (error) {
				expect(error).toBeInstanceOf(FormatError);
			}
		}
	});
});

it("what entries have in common is said once", async () => {
	const entries = await maker.document(200, { signed: false, directoryHeads: [toHex(crypto.randomBytes(32))] });
	const run = await packRun(crypto, entries);
	const payloads = entries.reduce((sum, { payload }) => sum + (payload?.length ?? 0), 0);
	// Length, flags, document, time, number of dependencies, dependency, size, contentTag, predecessor; the rest is said once.
	expect((run.length - payloads) / entries.length).toBeLessThan(1 + 1 + 1 + 1 + 1 + 1 + 2 + 32 + 1 + 2);
});

/** The fields behind version and type as they stand in a header. */
function unchanged(entry: Entry): CborValue[] {
	const { tenantRoot, dbId, docId, createdAt, createdByPublicKey } = entry.common;
	const hash = new Uint8Array(32);
	const author = fromHex(createdByPublicKey);
	return [fromHex(tenantRoot), dbId, docId, [], createdAt, author, "default", hash, hash, 1, [], hash, null, new Map()];
}
