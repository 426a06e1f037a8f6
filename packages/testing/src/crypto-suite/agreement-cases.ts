import { fromHex, toHex } from "@mindoodb/core";
import { x25519 } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rfc7748, smallOrderX25519, wycheproofX25519 } from "./agreement-figures.js";
import type { CryptoUnderTest } from "./crypto-under-test.js";
import { expectOwnBytes } from "./expect-own-bytes.js";

export function agreementCases(crypto: CryptoUnderTest): void {
	describe("X25519", () => {
		it.each([...rfc7748, ...wycheproofX25519])("computes $name", async ({ privateKey, publicKey, shared }) => {
			const key = await crypto().importAgreementKey(fromHex(privateKey));
			expect(await crypto().agree(key, fromHex(publicKey))).toEqual(fromHex(shared));
		});

		it("makes the public keys of RFC 7748 §6.1", async () => {
			const alice = await crypto().importAgreementKey(fromHex(rfc7748[2]?.privateKey ?? ""));
			const bob = await crypto().importAgreementKey(fromHex(rfc7748[3]?.privateKey ?? ""));
			expect([toHex(bob.publicKey), toHex(alice.publicKey)]).toEqual([rfc7748[2]?.publicKey, rfc7748[3]?.publicKey]);
			expectOwnBytes(alice.publicKey);
		});

		it("computes the 1,000 iterations of RFC 7748 §5.2", async () => {
			let k: Uint8Array = Uint8Array.of(9, ...new Uint8Array(31));
			let u = k;
			for (let i = 0; i < 1000; i++) {
				const next = await crypto().agree(await crypto().importAgreementKey(k), u);
				u = k;
				k = next as Uint8Array;
			}
			expect(toHex(k)).toBe("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
		});

		it.each(smallOrderX25519)("gives nothing under the public key of small order $name", async (figures) => {
			for (const privateKey of [fromHex(figures.privateKey), crypto().randomBytes(32)]) {
				const key = await crypto().importAgreementKey(privateKey);
				expect(await crypto().agree(key, fromHex(figures.publicKey))).toBeUndefined();
			}
		});

		it("agrees with noble on random keys, and leaves what it was given as it was", async () => {
			const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
			await fc.assert(
				fc.asyncProperty(bytes32, bytes32, async (privateKey, publicKey) => {
					const given = [privateKey.slice(), publicKey.slice()];
					const key = await crypto().importAgreementKey(privateKey);
					expect(key.publicKey).toEqual(x25519.getPublicKey(privateKey));
					const shared = (await crypto().agree(key, publicKey)) as Uint8Array;
					expect(shared).toEqual(x25519.scalarMult(privateKey, publicKey));
					expectOwnBytes(shared);
					expect([privateKey, publicKey]).toEqual(given);
				}),
				{ numRuns: 50 },
			);
		});

		it("refuses keys of another length, and private keys of another adapter", async () => {
			const key = await crypto().importAgreementKey(crypto().randomBytes(32));
			for (const length of [0, 31, 33]) {
				expect(await crypto().agree(key, new Uint8Array(length).fill(9))).toBeUndefined();
				await expect(crypto().importAgreementKey(new Uint8Array(length))).rejects.toMatchObject({
					code: "key-mismatch",
				});
			}
			const foreign = { publicKey: key.publicKey };
			await expect(crypto().agree(foreign, key.publicKey)).rejects.toMatchObject({ code: "usage" });
		});
	});
}
