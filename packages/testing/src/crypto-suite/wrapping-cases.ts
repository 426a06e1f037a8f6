import { fromBase64 } from "@mindoodb/core";
import { describe, expect, it } from "vitest";
import type { CryptoUnderTest } from "./crypto-under-test.js";
import { expectOwnBytes } from "./expect-own-bytes.js";
import { wycheproofOaep, wycheproofRsaKey } from "./oaep-figures.js";

export function wrappingCases(crypto: CryptoUnderTest): void {
	describe("RSA-OAEP", () => {
		const label = Uint8Array.of(1, 2, 3);

		it.each(wycheproofOaep)("unwraps Wycheproof's $name", async ({ label, message, ciphertext }) => {
			const key = await crypto().importUnwrappingKey(fromBase64(wycheproofRsaKey));
			const data = await crypto().unwrap(key, fromBase64(ciphertext), fromBase64(label));
			expect(data).toEqual(message === undefined ? undefined : fromBase64(message));
		});

		it("wraps to what its own key unwraps, under the same label alone", async () => {
			const pair = await crypto().generateWrappingKeyPair();
			expectOwnBytes(pair.publicKey);
			expectOwnBytes(pair.privateKey);
			const key = await crypto().importUnwrappingKey(pair.privateKey);
			expect(key.publicKey).toEqual(pair.publicKey);
			for (const length of [0, 32, 318]) {
				const data = crypto().randomBytes(length);
				const wrapped = await crypto().wrap(pair.publicKey, data, label);
				expect(wrapped.length).toBe(384);
				const unwrapped = await crypto().unwrap(key, wrapped, label);
				expect(unwrapped).toEqual(data);
				expectOwnBytes(unwrapped as Uint8Array);
				expect(await crypto().unwrap(key, wrapped, Uint8Array.of(1, 2, 4))).toBeUndefined();
				expect(await crypto().unwrap(key, wrapped, new Uint8Array(0))).toBeUndefined();
				const other = await crypto().importUnwrappingKey(fromBase64(wycheproofRsaKey));
				expect(await crypto().unwrap(other, wrapped, label)).toBeUndefined();
			}
		});

		it("unwraps nothing that is damaged, shorter, longer or empty", async () => {
			const key = await crypto().importUnwrappingKey(fromBase64(wycheproofRsaKey));
			const wrapped = await crypto().wrap(key.publicKey, new Uint8Array(32), label);
			const changed = wrapped.slice();
			changed[200] = (changed[200] as number) ^ 1;
			for (const bytes of [changed, wrapped.slice(1), Uint8Array.of(...wrapped, 0), new Uint8Array(0)]) {
				expect(await crypto().unwrap(key, bytes, label)).toBeUndefined();
			}
		});

		it("unwraps nothing that lost a leading zero, which one wrap in 256 has", async () => {
			const key = await crypto().importUnwrappingKey(fromBase64(wycheproofRsaKey));
			let wrapped = await crypto().wrap(key.publicKey, new Uint8Array(32), label);
			while (wrapped[0] !== 0) wrapped = await crypto().wrap(key.publicKey, new Uint8Array(32), label);
			expect(await crypto().unwrap(key, wrapped, label)).toEqual(new Uint8Array(32));
			expect(await crypto().unwrap(key, wrapped.slice(1), label)).toBeUndefined();
		});

		it("refuses what is too long to wrap, and what is not an RSA key", async () => {
			const { publicKey } = await crypto().importUnwrappingKey(fromBase64(wycheproofRsaKey));
			await expect(crypto().wrap(publicKey, new Uint8Array(319), label)).rejects.toMatchObject({ code: "usage" });
			const signing = await crypto().generateSigningKeyPair();
			for (const bytes of [new Uint8Array(0), new Uint8Array(300), publicKey.slice(1), signing.privateKey]) {
				await expect(crypto().wrap(bytes, new Uint8Array(32), label)).rejects.toMatchObject({ code: "key-mismatch" });
				await expect(crypto().importUnwrappingKey(bytes)).rejects.toMatchObject({ code: "key-mismatch" });
			}
			const foreign = { publicKey };
			await expect(crypto().unwrap(foreign, new Uint8Array(384), label)).rejects.toMatchObject({ code: "usage" });
		});

		it("refuses RSA keys below 2,048 bits", async () => {
			await expect(crypto().wrap(fromBase64(rsa1024), new Uint8Array(1), label)).rejects.toMatchObject({
				code: "key-mismatch",
			});
		});
	});
}

/** Made for this test by OpenSSL; SPKI DER. */
const rsa1024 =
	"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDPT/Eu66LBBAAe7QkLAMiuPCrDDXuCV8/WoXLAE7zWo7YDs6r3jRnftFkr7ZTTnxnhff15" +
	"odeQU6SAgCV1GXUq3L3MDsB91e3dhmp51fj72InUmjkDwIlxjDyAselPpbd6t1DwvXkzDgefgWyXj1WnazOL5WuwiXIm0/FKDoM9WQIDAQAB";
