import { fromHex, type Signed, toHex } from "@mindoodb/core";
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CryptoUnderTest } from "./crypto-under-test.js";
import { expectOwnBytes } from "./expect-own-bytes.js";
import { rfc8032, speccheck, torsionEncodings } from "./signature-figures.js";

/** RFC 8410 §7: what stands before the seed. */
const pkcs8 = (seed: Uint8Array) => Uint8Array.of(...fromHex("302e020100300506032b657004220420"), ...seed);
const order = 2n ** 252n + 27742317777372353535851937790883648493n;

export function signatureCases(crypto: CryptoUnderTest): void {
	describe("Ed25519", () => {
		it.each(rfc8032)("signs and verifies RFC 8032 §7.1 $name", async ({ seed, publicKey, message, signature }) => {
			const key = await crypto().importSigningKey(pkcs8(fromHex(seed)));
			expect(key.publicKey).toEqual(fromHex(publicKey));
			expect(await crypto().sign(key, fromHex(message))).toEqual(fromHex(signature));
			expect(await crypto().verify(fromHex(publicKey), fromHex(message), fromHex(signature))).toBe(true);
		});

		it.each(speccheck)("ed25519-speccheck case $index: $valid", async ({ publicKey, message, signature, valid }) => {
			const signed = { publicKey: fromHex(publicKey), message: fromHex(message), signature: fromHex(signature) };
			expect(await crypto().verify(signed.publicKey, signed.message, signed.signature)).toBe(valid);
			// In bulk an adapter may go another way.
			expect(await crypto().verifyMany(Array(20).fill(signed))).toEqual(Array(20).fill(valid));
		});

		it.each(torsionEncodings)("refuses the key of small order %s", async (encoding) => {
			const publicKey = fromHex(encoding);
			expect(crypto().isValidSigningPublicKey(publicKey)).toBe(false);
			// S = 0 and R = the neutral element or A itself: holds for some message under each of these keys.
			const zero = new Uint8Array(32);
			const neutral = Uint8Array.of(1, ...new Uint8Array(31));
			for (const r of [neutral, publicKey]) {
				const signature = Uint8Array.of(...r, ...zero);
				const signed = Array.from({ length: 16 }, (_, index) => ({
					publicKey,
					message: Uint8Array.of(index),
					signature,
				}));
				expect(await crypto().verifyMany(signed)).toEqual(signed.map(() => false));
				expect(await crypto().verify(publicKey, Uint8Array.of(0), signature)).toBe(false);
			}
		});

		it.each(torsionEncodings)("refuses R of small order %s, though the equation holds", async (encoding) => {
			const { publicKey, message, signature } = signWithSmallOrder(fromHex(encoding));
			expect(crypto().isValidSigningPublicKey(publicKey)).toBe(true);
			expect(await crypto().verify(publicKey, message, signature)).toBe(false);
			const signed = Array(16).fill({ publicKey, message, signature });
			expect(await crypto().verifyMany(signed)).toEqual(signed.map(() => false));
		});

		it("refuses keys that are not canonical, not on the curve, or not 32 bytes", async () => {
			const p = 2n ** 255n - 19n;
			for (let y = p; y < 2n ** 255n; y++) {
				expect(crypto().isValidSigningPublicKey(littleEndian(y))).toBe(false);
				expect(crypto().isValidSigningPublicKey(littleEndian(y + 2n ** 255n))).toBe(false);
			}
			// y = 2 has no x.
			expect(crypto().isValidSigningPublicKey(littleEndian(2n))).toBe(false);
			expect(await crypto().verify(littleEndian(2n), new Uint8Array(1), new Uint8Array(64))).toBe(false);
			for (const length of [0, 31, 33, 64])
				expect(crypto().isValidSigningPublicKey(new Uint8Array(length).fill(9))).toBe(false);
		});

		it("agrees with noble's points on which 32 bytes are a key", () => {
			fc.assert(
				fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
					expect(crypto().isValidSigningPublicKey(bytes)).toBe(isUsableByNoble(bytes));
				}),
				{ numRuns: 300 },
			);
		});

		it("makes pairs that noble understands, and verifies what noble signs", async () => {
			const pair = await crypto().generateSigningKeyPair();
			expectOwnBytes(pair.publicKey);
			expectOwnBytes(pair.privateKey);
			expect(ed25519.getPublicKey(pair.privateKey.slice(-32))).toEqual(pair.publicKey);
			const key = await crypto().importSigningKey(pair.privateKey);
			expect(key.publicKey).toEqual(pair.publicKey);
			await fc.assert(
				fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (message) => {
					const signature = await crypto().sign(key, message);
					expectOwnBytes(signature);
					expect(signature).toEqual(ed25519.sign(message, pair.privateKey.slice(-32)));
					expect(await crypto().verify(key.publicKey, message, signature)).toBe(true);
				}),
				{ numRuns: 20 },
			);
		});

		it("signs and verifies in bulk, in order, with one answer for each", async () => {
			const pairs = await Promise.all([1, 2, 3].map(() => crypto().generateSigningKeyPair()));
			for (const count of [0, 1, 3, 7, 200]) {
				const messages = Array.from({ length: count }, (_, index) => Uint8Array.of(index, 1, 2));
				const key = await crypto().importSigningKey((pairs[0] as (typeof pairs)[0]).privateKey);
				const signatures = await crypto().signMany(key, messages);
				expect(signatures).toEqual(await Promise.all(messages.map((message) => crypto().sign(key, message))));
				const signed = messages.map((message, index) => ({
					publicKey: (pairs[index % 5 === 4 ? 1 : 0] as (typeof pairs)[0]).publicKey,
					message,
					signature: index % 7 === 3 ? new Uint8Array(64) : (signatures[index] as Uint8Array),
				}));
				const expected = messages.map((_, index) => index % 5 !== 4 && index % 7 !== 3);
				expect(await crypto().verifyMany(signed)).toEqual(expected);
			}
		});

		it("refuses signatures with a changed bit, another length, or S plus the group order", async () => {
			const pair = await crypto().generateSigningKeyPair();
			const key = await crypto().importSigningKey(pair.privateKey);
			const message = Uint8Array.of(1, 2, 3);
			const signature = await crypto().sign(key, message);
			for (let bit = 0; bit < 512; bit++) {
				const changed = signature.slice();
				changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
				expect(await crypto().verify(key.publicKey, message, changed)).toBe(false);
			}
			for (const other of [signature.slice(1), Uint8Array.of(...signature, 0), new Uint8Array(0)]) {
				expect(await crypto().verify(key.publicKey, message, other)).toBe(false);
			}
			const s = BigInt(`0x${toHex(signature.slice(32).reverse())}`) + order;
			const malleable = Uint8Array.of(...signature.subarray(0, 32), ...littleEndian(s));
			expect(await crypto().verify(key.publicKey, message, malleable)).toBe(false);
		});

		it("refuses what is not an Ed25519 private key, and keys of another adapter", async () => {
			const rsa = await crypto().generateWrappingKeyPair();
			for (const bytes of [new Uint8Array(0), new Uint8Array(48), pkcs8(new Uint8Array(31)), rsa.privateKey]) {
				await expect(crypto().importSigningKey(bytes)).rejects.toMatchObject({ code: "key-mismatch" });
			}
			const foreign = { publicKey: new Uint8Array(32) };
			await expect(crypto().sign(foreign, new Uint8Array(1))).rejects.toMatchObject({ code: "usage" });
		});
	});
}

function isUsableByNoble(bytes: Uint8Array): boolean {
	try {
		return !ed25519.Point.fromBytes(bytes, false).isSmallOrder();
	} catch {
		return false;
	}
}

/**
 * A signature with the given R of small order that fulfils [S]B = R + [k]A: A = [a]B + T with T of order 8 and S = ka leave
 * R = -[k]T, which one message in eight gives.
 */
function signWithSmallOrder(r: Uint8Array): Signed {
	const { Point } = ed25519;
	const wanted = Point.fromBytes(r, true);
	const torsion = Point.fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
	const a = 0x6d696e646f6f6462n;
	const publicKey = Point.BASE.multiply(a).add(torsion).toBytes();
	for (let first = 0; first < 256; first++) {
		const message = Uint8Array.of(first);
		const hash = sha512.create().update(r).update(publicKey).update(message).digest();
		const k = BigInt(`0x${toHex(hash.reverse())}`) % order;
		if (!torsion.multiplyUnsafe(k).negate().equals(wanted)) continue;
		const s = littleEndian((k * a) % order);
		return { publicKey, message, signature: Uint8Array.of(...r, ...s) };
	}
	throw new Error("no message of one byte fits");
}

function littleEndian(value: bigint): Uint8Array {
	return fromHex(value.toString(16).padStart(64, "0")).reverse();
}
