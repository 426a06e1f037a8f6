import { ed25519 } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hasReducedScalar, isUsableEd25519Point, isUsableEd25519Signature } from "./ed25519-point.js";

const order = ed25519.Point.Fn.ORDER;

function littleEndian(value: bigint, length = 32): Uint8Array {
	return Uint8Array.from({ length }, (_, index) => Number((value >> BigInt(8 * index)) & 255n));
}

describe("isUsableEd25519Point", () => {
	it("takes every key that noble makes", () => {
		for (let i = 0; i < 50; i++) expect(isUsableEd25519Point(ed25519.keygen().publicKey)).toBe(true);
	});

	it("takes points of mixed order, and refuses what the cofactor leaves of them", () => {
		const torsion = ed25519.Point.fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
		const mixed = ed25519.Point.fromBytes(ed25519.keygen().publicKey).add(torsion);
		expect(isUsableEd25519Point(mixed.toBytes())).toBe(true);
		let point = torsion;
		for (let i = 0; i < 8; i++) {
			expect(isUsableEd25519Point(point.toBytes())).toBe(false);
			point = point.add(torsion);
		}
	});

	it("refuses y from p upwards, with either sign, and other lengths", () => {
		for (let y = 2n ** 255n - 19n; y < 2n ** 255n; y++) {
			expect(isUsableEd25519Point(littleEndian(y))).toBe(false);
			expect(isUsableEd25519Point(littleEndian(y + 2n ** 255n))).toBe(false);
		}
		expect(isUsableEd25519Point(new Uint8Array(31))).toBe(false);
		expect(isUsableEd25519Point(new Uint8Array(0))).toBe(false);
	});

	it("agrees with noble on random bytes", () => {
		fc.assert(
			fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
				let expected = true;
				try {
					ed25519.Point.fromBytes(bytes, false);
				} catch {
					expected = false;
				}
				expect(isUsableEd25519Point(bytes)).toBe(expected);
			}),
			{ numRuns: 500 },
		);
	});
});

describe("isUsableEd25519Signature", () => {
	const withR = (r: Uint8Array) => Uint8Array.of(...r, ...new Uint8Array(32).fill(3));

	it("refuses the eight points of small order as R, and no other point", () => {
		const torsion = ed25519.Point.fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
		const ordinary = ed25519.Point.fromBytes(ed25519.keygen().publicKey);
		let point = torsion;
		for (let i = 0; i < 8; i++) {
			expect(isUsableEd25519Signature(withR(point.toBytes()))).toBe(false);
			expect(isUsableEd25519Signature(withR(point.add(ordinary).toBytes()))).toBe(true);
			for (const position of [0, 1, 15, 30, 31]) {
				const other = point.toBytes();
				other[position] = (other[position] as number) ^ 2;
				expect(isUsableEd25519Signature(withR(other))).toBe(true);
			}
			point = point.add(torsion);
		}
	});

	it("refuses other lengths", () => {
		const r = ed25519.keygen().publicKey;
		expect(isUsableEd25519Signature(withR(r))).toBe(true);
		expect(isUsableEd25519Signature(withR(r).slice(1))).toBe(false);
		expect(isUsableEd25519Signature(Uint8Array.of(...withR(r), 0))).toBe(false);
	});
});

describe("hasReducedScalar", () => {
	it("knows the numbers around the group order", () => {
		const signature = (s: bigint) => Uint8Array.of(...new Uint8Array(32).fill(255), ...littleEndian(s));
		expect(hasReducedScalar(signature(0n))).toBe(true);
		expect(hasReducedScalar(signature(order - 1n))).toBe(true);
		expect(hasReducedScalar(signature(order))).toBe(false);
		expect(hasReducedScalar(signature(2n ** 256n - 1n))).toBe(false);
		expect(hasReducedScalar(signature(0n).slice(1))).toBe(false);
	});
});
