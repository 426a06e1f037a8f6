/** Messages as bytes, and each rule of docs/negentropy.md on what is no message. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../bytes/hex.js";
import { type Bound, boundBetween, compareBounds, infinity, lastBound } from "./bound.js";
import { decodeMessage, MessageWriter, type Range } from "./message.js";
import { decodeVarint, encodeVarint } from "./varint.js";

const id = "ab".repeat(32);
const fingerprint = "cd".repeat(16);

function bound(timestamp: bigint, prefix = ""): Bound {
	return { timestamp, prefix: fromHex(prefix) };
}

function write(ranges: readonly Range[], limit?: number): string {
	const writer = new MessageWriter(limit);
	for (const range of ranges) {
		if (range.mode === "skip") writer.skip(range.upper);
		else expect(writer.write(range)).toBe(true);
	}
	return toHex(writer.finish());
}

describe("varints", () => {
	it("have the most significant group first, and all 64 bits", () => {
		for (const [value, bytes] of [
			[0n, "00"],
			[127n, "7f"],
			[128n, "8100"],
			[300n, "822c"],
			[2n ** 31n, "8880808000"],
			[2n ** 42n - 1n, "ffffffffff7f"],
			[2n ** 42n, "81808080808000"],
			[1_700_000_000_000n, "b1bcff95d000"],
			[2n ** 53n, "9080808080808000"],
			[infinity - 1n, "81ffffffffffffffff7e"],
			[infinity, "81ffffffffffffffff7f"],
		] as const) {
			expect(toHex(encodeVarint(value))).toBe(bytes);
			expect(decodeVarint(fromHex(bytes), 0)).toEqual({ value, end: bytes.length / 2 });
		}
	});

	it("give back any number, wherever it stands", () => {
		fc.assert(
			fc.property(fc.bigInt(0n, infinity), fc.nat(3), (value, before) => {
				const bytes = Uint8Array.from([...new Uint8Array(before), ...encodeVarint(value), 5]);
				expect(decodeVarint(bytes, before)).toEqual({ value, end: bytes.length - 1 });
			}),
		);
	});

	for (const [name, bytes, code] of [
		["is cut short", "81", "format"],
		["is nothing", "", "format"],
		["begins with an empty group", "8001", "format"],
		["is 2^64", "82808080808080808000", "limit"],
		["goes on after 2^64", "81ffffffffffffffffff7f", "limit"],
		["never ends", "ff".repeat(40), "limit"],
	] as const) {
		it(`refuse what ${name}`, () => {
			expect(() => decodeVarint(fromHex(bytes), 0)).toThrow(expect.objectContaining({ code }));
		});
	}
});

describe("a message", () => {
	it("is the bytes that the protocol says", () => {
		// Everything is empty: one list without ids up to infinity.
		expect(write([{ mode: "id-list", upper: lastBound, ids: [] }])).toBe("6100000200");
		expect(write([{ mode: "fingerprint", upper: lastBound, fingerprint: fromHex(fingerprint) }])).toBe(
			`61000001${fingerprint}`,
		);
		// Timestamps are 1 + the difference to the one before; skips are joined, and the last one is left out.
		const ranges: Range[] = [
			{ mode: "skip", upper: bound(5n) },
			{ mode: "skip", upper: bound(300n, "0102") },
			{ mode: "id-list", upper: bound(300n, "0103"), ids: [fromHex(id)] },
			{ mode: "fingerprint", upper: bound(2n ** 53n + 300n), fingerprint: fromHex(fingerprint) },
			{ mode: "skip", upper: lastBound },
		];
		const bytes = `61 822d 02 0102 00 | 01 02 0103 02 01 ${id} | 9080808080808001 00 01 ${fingerprint}`;
		expect(write(ranges)).toBe(bytes.replaceAll(/[ |]/g, ""));
		expect(decodeMessage(fromHex(write(ranges)))).toEqual(ranges.slice(1, 4));
	});

	it("has no byte more than its limit, and closes with the rest", () => {
		const writer = new MessageWriter(4096);
		let written = 0n;
		while (
			writer.write({ mode: "fingerprint", upper: bound(++written * 1000n, id), fingerprint: fromHex(fingerprint) })
		);
		writer.skip(bound(infinity - 1n, id));
		writer.close(fromHex(fingerprint));
		const message = writer.finish();
		expect(message.length).toBeLessThanOrEqual(4096);
		expect(message.length).toBeGreaterThan(3900);
		const ranges = decodeMessage(message);
		expect(ranges.slice(-2)).toMatchObject([{ mode: "skip" }, { mode: "fingerprint", upper: lastBound }]);
	});

	for (const [name, bytes, code] of [
		["is nothing", "", "format"],
		["begins with another byte", "0100000200", "format"],
		["is of another version", "6200000200", "unsupported"],
		["is of an older version", "60", "unsupported"],
		["has bounds that descend in time", "6101 02 0102 00 01 02 0101 00", "format"],
		["has an id in its bound that is too long", `6102 21 ${id}00 00`, "format"],
		["has bytes of an id at infinity", "6100 01 00 00", "format"],
		["has a bound that is cut short", "6102 05 0102", "format"],
		["goes on behind infinity", "6100 00 00 00 00 00", "format"],
		["reaches infinity as a number", "61 02 00 00 81ffffffffffffffff7f 00 00", "format"],
		["has an unknown mode", "6100 00 03", "format"],
		["has a mode in two bytes", "6100 00 8001", "format"],
		["has a fingerprint that is cut short", `6100 00 01 ${fingerprint.slice(2)}`, "format"],
		["announces more ids than there are", `6100 00 02 02 ${id}`, "format"],
		["announces 2^64 - 1 ids", `6100 00 02 81ffffffffffffffff7f ${id}`, "format"],
		["ends within an id", `6100 00 02 01 ${id.slice(2)}`, "format"],
		["ends after a bound", "6102 00", "format"],
	] as const) {
		it(`is not what ${name}`, () => {
			expect(() => decodeMessage(fromHex(bytes.replaceAll(" ", "")))).toThrow(expect.objectContaining({ code }));
		});
	}

	it("is decoded or refused, whatever the bytes are", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
				try {
					for (const range of decodeMessage(Uint8Array.of(0x61, ...bytes)))
						expect(range.upper.timestamp >= 0n).toBe(true);
				} catch (error) {
					expect(error).toMatchObject({ name: "FormatError" });
				}
			}),
			{ numRuns: 2000 },
		);
	});
});

describe("the bound between two records", () => {
	const record = (timestamp: bigint, text: string) => ({ timestamp, id: fromHex(text.padEnd(64, "0")) });

	it("is the shortest prefix that separates them", () => {
		expect(boundBetween(record(1n, "aa"), record(2n, "00"))).toEqual(bound(2n));
		expect(boundBetween(record(2n, "aabb"), record(2n, "aabc11"))).toEqual(bound(2n, "aabc"));
		const last = { timestamp: 2n, id: fromHex(`${"00".repeat(31)}01`) };
		expect(boundBetween(record(2n, "00"), last)).toEqual({ timestamp: 2n, prefix: last.id });
	});

	it("is compared as if bytes that it has not were zero", () => {
		expect(compareBounds(bound(1n), bound(1n, "00"))).toBe(0);
		expect(compareBounds(bound(1n, "01"), bound(1n))).toBeGreaterThan(0);
		expect(compareBounds(bound(2n ** 63n), bound(2n ** 63n + 1n))).toBeLessThan(0);
	});
});
