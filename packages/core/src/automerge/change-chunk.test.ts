import { deflateRawSync } from "node:zlib";
import { decodeChange as decodeByAutomerge, encodeChange } from "@automerge/automerge/slim";
import { nodeEnv } from "mindoodb";
import { beforeAll, describe, expect, it } from "vitest";
import { fromHex, toHex } from "../bytes/hex.js";
import type { Env } from "../env.js";
import { FormatError } from "../errors.js";
import { decodeChange, decodeChanges, inflateChange } from "./change-chunk.js";
import { CrdtDocument } from "./crdt-document.js";
import { encodeInitialChange } from "./initial-change.js";
import { ByteWriter } from "./leb128.js";
import { setsRootKey } from "./root-writes.js";

const actor = "aa".repeat(24);

let env: Env;
beforeAll(async () => {
	env = await nodeEnv();
});

/** A chunk of these contents with a right length and checksum. */
async function framed(contents: Uint8Array, type = 1): Promise<Uint8Array> {
	const writer = new ByteWriter();
	writer.append(fromHex("856f4a8300000000"));
	writer.byte(type);
	writer.unsigned(contents.length);
	writer.append(contents);
	const chunk = writer.take();
	chunk.set((await env.crypto.sha256(chunk.subarray(8))).subarray(0, 4), 4);
	return chunk;
}

/** Contents of a first change with these columns (hex by specification) behind its head. */
function contents(
	columns: readonly (readonly [number, string])[],
	others: readonly string[] = [],
	startOp = 1,
): Uint8Array {
	const writer = new ByteWriter();
	writer.append(Uint8Array.of(0, 24, ...fromHex(actor), 1));
	writer.unsigned(startOp);
	writer.append(Uint8Array.of(0, 0, others.length));
	for (const other of others) writer.append(Uint8Array.of(other.length / 2, ...fromHex(other)));
	writer.byte(columns.length);
	for (const [specification, hex] of columns) {
		writer.unsigned(specification);
		writer.unsigned(hex.length / 2);
	}
	for (const [, hex] of columns) writer.append(fromHex(hex));
	return writer.take();
}

/** One operation: root key "n" = null. */
const one: readonly (readonly [number, string])[] = [
	[0x15, "7f016e"],
	[0x34, "01"],
	[0x42, "7f01"],
	[0x56, "7f00"],
	[0x70, "7f00"],
];

function replaced(specification: number, hex: string | undefined): (readonly [number, string])[] {
	const columns = one.filter(([each]) => each !== specification);
	if (hex !== undefined) columns.push([specification, hex]);
	return columns.sort(([a], [b]) => a - b);
}

function signed(value: number): string {
	const writer = new ByteWriter();
	writer.signed(value);
	return toHex(writer.view());
}

function unsigned(value: number): string {
	const writer = new ByteWriter();
	writer.unsigned(value);
	return toHex(writer.view());
}

describe("decodeChange", () => {
	it("reads a change written by hand", async () => {
		const chunk = await framed(contents(one));
		expect(await decodeChange(env.crypto, chunk)).toEqual({
			bytes: chunk,
			hash: decodeByAutomerge(chunk).hash,
			deps: [],
			actor,
			seq: 1,
			startOp: 1,
			operations: 1,
			time: 0,
			message: false,
		});
	});

	it("refuses a wrong checksum, which Automerge takes", async () => {
		const chunk = await framed(contents(one));
		chunk[5] = (chunk[5] as number) ^ 1;
		const document = CrdtDocument.create("bb".repeat(24));
		expect(() => document.apply([chunk])).not.toThrow();
		await expect(decodeChange(env.crypto, chunk)).rejects.toThrow("checksum");
	});

	it.each<[string, () => Uint8Array]>([
		["bytes behind the columns", () => Uint8Array.of(...contents(one), 0)],
		["too few rows", () => contents(replaced(0x15, "7f016e0001"))],
		["a column that is not known", () => contents([...one, [0xb2, "7f00"]])],
		["a deflated column", () => contents([...one.slice(0, 4), [0x78, "7f00"]])],
		["columns out of order", () => contents([...one].reverse())],
		["a column twice", () => contents([...one, [0x70, "7f00"]])],
		["an empty column", () => contents(replaced(0x57, ""))],
		["no action", () => contents(replaced(0x42, undefined))],
		["no insert column", () => contents(replaced(0x34, undefined))],
		["no predecessors", () => contents(replaced(0x70, undefined))],
		["an action that is not known", () => contents(replaced(0x42, "7f08"))],
		["a type of value that is not known", () => contents(replaced(0x56, "7f0a"))],
		["a run of one", () => contents(replaced(0x42, "0101"))],
		["nothing but nulls in a column", () => contents(replaced(0x01, "0001"))],
		["a key that is not UTF-8", () => contents(replaced(0x15, "7f01ff"))],
		["no key at all", () => contents(replaced(0x15, undefined))],
		["an insertion into a map", () => contents(replaced(0x34, "0001"))],
		["values that nobody asks for", () => contents(replaced(0x57, "00"))],
		["a long number for a short one", () => contents(replaced(0x42, "7f8100"))],
		["other actors that nobody names", () => contents(one, ["bb".repeat(24)])],
		["its own actor among the others", () => contents(one, [actor])],
		[
			"a predecessor that comes later",
			() => contents([...one.slice(0, 4), [0x70, "7f01"], [0x71, "7f00"], [0x73, "7f01"]]),
		],
		["other actors without operations", () => contents([], ["bb".repeat(24)])],
	])("refuses %s", async (_, make) => {
		await expect(decodeChange(env.crypto, await framed(make()))).rejects.toThrow(FormatError);
	});

	/** A change that sets the root key "n" so many times. */
	const repeated = (count: number) =>
		framed(
			contents([
				[0x15, `${signed(count)}016e`],
				[0x34, unsigned(count)],
				[0x42, `${signed(count)}01`],
				[0x56, `${signed(count)}00`],
				[0x70, `${signed(count)}00`],
			]),
		);

	it("counts 400,000 operations in 112 bytes without unfolding them", async () => {
		const chunk = await repeated(400_000);
		expect(chunk.length).toBeLessThan(112);
		await expect(decodeChange(env.crypto, chunk)).rejects.toMatchObject({ code: "limit" });
	});

	it("counts the operations of a run together", async () => {
		const half = await repeated(131_072);
		expect(await decodeChanges(env.crypto, [half, half])).toMatchObject([{ operations: 131_072 }, {}]);
		const one = await repeated(2);
		await expect(decodeChanges(env.crypto, [half, one, half])).rejects.toMatchObject({ code: "limit" });
	});

	it("counts the predecessors of a run together", async () => {
		/** A change that replaces so many values at once. */
		const replacing = (count: number) =>
			framed(
				contents(
					[
						...one.slice(0, 4),
						[0x70, `7f${unsigned(count)}`],
						[0x71, `${signed(count)}00`],
						[0x73, `${signed(count)}01`],
					],
					[],
					2_000_000,
				),
			);
		const half = await replacing(524_288);
		expect(await decodeChanges(env.crypto, [half, half])).toHaveLength(2);
		await expect(decodeChanges(env.crypto, [half, half, await replacing(2)])).rejects.toMatchObject({ code: "limit" });
	});

	it("never counts to what bytes announce", async () => {
		const [many, most] = [signed(Number.MAX_SAFE_INTEGER), unsigned(Number.MAX_SAFE_INTEGER)];
		for (const columns of [
			replaced(0x42, `${many}01`),
			replaced(0x70, `7f${most}`),
			replaced(0x34, most),
			replaced(0x15, `00${most}`),
			replaced(0x15, `7f${most}6e`),
			replaced(0x56, `7f${most}`),
		]) {
			await expect(decodeChange(env.crypto, await framed(contents(columns)))).rejects.toThrow(FormatError);
		}
		const head = new ByteWriter();
		head.unsigned(Number.MAX_SAFE_INTEGER);
		await expect(decodeChange(env.crypto, await framed(head.take()))).rejects.toThrow(FormatError);
	});

	it("takes type 1 alone; a deflated chunk has the hash of the chunk that it unfolds to", async () => {
		const made = await encodeInitialChange(env.crypto, actor, { text: "some text ".repeat(50) });
		const plain = made?.change ?? new Uint8Array();
		const start = plain.length < 138 ? 10 : 11;
		const packed = await framed(deflateRawSync(plain.subarray(start)), 2);
		packed.set(plain.subarray(4, 8), 4);
		await expect(decodeChange(env.crypto, packed)).rejects.toMatchObject({ data: { found: 2 } });
		expect(toHex(await inflateChange(env.crypto, packed))).toBe(toHex(plain));
		expect(await inflateChange(env.crypto, plain)).toBe(plain);
		await expect(inflateChange(env.crypto, await framed(Uint8Array.of(1, 2, 3), 2))).rejects.toThrow(FormatError);
	});
});

describe("setsRootKey", () => {
	it("finds a value that stands at a key of the root map, whatever else the change holds", () => {
		const head = { actor, author: null, seq: 1, startOp: 1, time: 0, message: null, deps: [] };
		const assign = (key: string, value: unknown, obj = "_root") => ({ action: "set", obj, key, value, pred: [] });
		const ops = [
			{ action: "makeMap", obj: "_root", key: "map", pred: [] },
			assign("adminOnly", true, `1@${actor}`),
			assign("other", true),
			assign("name", "x"),
		];
		const without = encodeChange({ ...head, ops } as unknown as Parameters<typeof encodeChange>[0]);
		const both = [...ops, assign("adminOnly", true), assign("adminOnly", false)];
		const within = encodeChange({ ...head, ops: both } as unknown as Parameters<typeof encodeChange>[0]);
		expect([setsRootKey(without, "adminOnly", true), setsRootKey(within, "adminOnly", true)]).toEqual([false, true]);
		expect([setsRootKey(within, "name", "x"), setsRootKey(within, "name", "y")]).toEqual([true, false]);
	});
});
