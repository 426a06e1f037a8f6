import { constants, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inflateRawAtMost } from "../node/deflate.js";
import { inflateBounded } from "./inflate.js";

const strategies = [constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY, constants.Z_RLE];

const compressed = fc
	.tuple(
		fc.oneof(
			fc.uint8Array({ maxLength: 4000 }),
			fc.string({ maxLength: 200 }).map((text) => new TextEncoder().encode(text.repeat(30))),
			fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3000 }).map((digits) => Uint8Array.from(digits)),
		),
		fc.constantFrom(...strategies),
		fc.integer({ min: 0, max: 9 }),
	)
	.map(([data, strategy, level]) => ({ data, deflated: new Uint8Array(deflateRawSync(data, { strategy, level })) }));

describe("inflateBounded", () => {
	it("undoes what zlib makes, by every strategy and level", () => {
		fc.assert(
			fc.property(compressed, ({ data, deflated }) => {
				expect(inflateBounded(deflated, data.length)).toEqual(data);
			}),
			{ numRuns: 500 },
		);
	});

	it("accepts and refuses exactly what zlib does, for damaged data", async () => {
		await fc.assert(
			fc.asyncProperty(
				compressed,
				fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 7 })), { maxLength: 3 }),
				fc.integer({ min: -3, max: 3 }),
				async ({ data, deflated }, flips, more) => {
					const damaged = new Uint8Array(Math.max(0, deflated.length + more));
					damaged.set(deflated.subarray(0, damaged.length));
					for (const [place, bit] of flips) {
						// Nearly all of what can go wrong stands in the first bytes, where the codes are listed.
						const index = place % Math.min(damaged.length || 1, place % 2 === 0 ? 40 : damaged.length || 1);
						damaged[index] = (damaged[index] ?? 0) ^ (1 << bit);
					}
					expect(inflateBounded(damaged, 2 * data.length)).toEqual(await inflateRawAtMost(damaged, 2 * data.length));
				},
			),
			{ numRuns: 5000 },
		);
	});

	it("accepts and refuses exactly what zlib does, for random bytes", async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.uint8Array({ minLength: 1, maxLength: 300 }),
				fc.integer({ min: 0, max: 2 }),
				async (bytes, type) => {
					bytes[0] = ((bytes[0] as number) & 0xf8) | 1 | (type << 1);
					expect(inflateBounded(bytes, 10_000)).toEqual(await inflateRawAtMost(bytes, 10_000));
				},
			),
			{ numRuns: 10_000 },
		);
	});

	it("accepts and refuses exactly what zlib does, for lists of codes that are whole, crowded, or have gaps", async () => {
		let accepted = 0;
		await fc.assert(
			fc.asyncProperty(blocks, async (block) => {
				const bytes = writeBlock(block);
				const found = inflateBounded(bytes, 10_000);
				expect(found).toEqual(await inflateRawAtMost(bytes, 10_000));
				if (found !== undefined) accepted++;
			}),
			{ numRuns: 4000 },
		);
		expect(accepted).toBeGreaterThan(200);
	});
});

/** A block of type 2 (RFC 1951 §3.2.7) whose code lengths are free, so that every rule on them is met and broken. */
interface Block {
	readonly literals: readonly number[];
	readonly distances: readonly number[];
	/** Leaves the code for code lengths with a gap. */
	readonly gap: boolean;
	/** Bits that follow; the end-of-block code comes after them. */
	readonly bits: readonly number[];
}

/** Lengths of a complete code of `count` symbols, or of none, one or two; then perhaps one length is another. */
const codeLengths = (least: number, most: number) =>
	fc
		.record({
			count: fc.integer({ min: least, max: most }),
			splits: fc.array(fc.nat(), { maxLength: 20 }),
			places: fc.infiniteStream(fc.nat()),
			change: fc.option(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 15 })), { freq: 3 }),
		})
		.map(({ count, splits, places, change }) => {
			const tree = [1, 1];
			for (const split of splits) {
				const leaf = split % tree.length;
				const depth = tree[leaf] as number;
				if (depth < 15) tree.splice(leaf, 1, depth + 1, depth + 1);
			}
			const lengths = new Array<number>(count).fill(0);
			// The end-of-block symbol first: without it few blocks would come to an end.
			const end = count > 256 ? 256 : 0;
			for (const [index, depth] of tree.slice(0, count).entries()) {
				let place = index === 0 ? end : (places.next().value as number) % count;
				while (lengths[place] !== 0) place = (place + 1) % count;
				lengths[place] = depth;
			}
			if (change !== null) lengths[change[0] % 3 === 0 ? end : change[0] % count] = change[1];
			return lengths;
		});

const single = (count: number) =>
	fc.nat({ max: count - 1 }).map((place) => Array.from({ length: count }, (_, i) => (i === place ? 1 : 0)));

const blocks: fc.Arbitrary<Block> = fc.record({
	literals: fc.oneof({ weight: 4, arbitrary: codeLengths(257, 288) }, { weight: 1, arbitrary: single(257) }),
	distances: fc.oneof(codeLengths(1, 32), single(5), fc.constant([0])),
	gap: fc.integer({ min: 0, max: 9 }).map((value) => value === 0),
	bits: fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 60 }),
});

function writeBlock({ literals, distances, gap, bits }: Block): Uint8Array {
	const out: number[] = [];
	const write = (value: number, count: number) => {
		for (let i = 0; i < count; i++) out.push((value >> i) & 1);
	};
	write(1, 1);
	write(2, 2);
	write(literals.length - 257, 5);
	write(distances.length - 1, 5);
	write(19 - 4, 4);
	// Lengths 0 to 15 have a code of 4 bits each: complete. Without 15 there is a gap.
	for (const symbol of [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]) {
		write(symbol > 15 || (gap && symbol === 15) ? 0 : 4, 3);
	}
	for (const length of [...literals, ...distances]) for (let i = 3; i >= 0; i--) out.push((length >> i) & 1);
	out.push(...bits);
	const end = canonicalCode(literals, 256);
	for (let i = end.length - 1; i >= 0; i--) out.push((end.code >> i) & 1);
	const bytes = new Uint8Array(Math.ceil(out.length / 8));
	for (const [index, bit] of out.entries()) bytes[index >> 3] = (bytes[index >> 3] as number) | (bit << (index & 7));
	return bytes;
}

/** RFC 1951 §3.2.2. */
function canonicalCode(lengths: readonly number[], symbol: number): { readonly code: number; readonly length: number } {
	const length = lengths[symbol] as number;
	let code = 0;
	for (let bits = 1; bits <= length; bits++)
		code = (code + lengths.filter((other) => other === bits - 1 && bits > 1).length) << 1;
	return { code: code + lengths.slice(0, symbol).filter((other) => other === length).length, length };
}
