import { fromHex, hkdfExpand, hkdfExtract } from "@mindoodb/core";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CryptoUnderTest } from "./crypto-under-test.js";
import { expectOwnBytes } from "./expect-own-bytes.js";

const bytes = (length = 300) => fc.uint8Array({ maxLength: length });

/** RFC 5869, appendix A. */
const hkdfVectors = [
	{
		name: "A.1",
		inputKey: "0b".repeat(22),
		salt: "000102030405060708090a0b0c",
		info: "f0f1f2f3f4f5f6f7f8f9",
		pseudorandomKey: "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
		output: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
	},
	{
		name: "A.2",
		inputKey: hexRange(0x00, 80),
		salt: hexRange(0x60, 80),
		info: hexRange(0xb0, 80),
		pseudorandomKey: "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
		output:
			"b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09" +
			"da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
	},
	{
		name: "A.3",
		inputKey: "0b".repeat(22),
		salt: "",
		info: "",
		pseudorandomKey: "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
		output: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
	},
];

export function hashCases(crypto: CryptoUnderTest): void {
	describe("hashing", () => {
		it("gives random bytes, in any number, never the same", () => {
			expect(crypto().randomBytes(0)).toEqual(new Uint8Array(0));
			const large = crypto().randomBytes(200_000);
			expect(large.length).toBe(200_000);
			expect(large.subarray(-1000).some((byte) => byte !== 0)).toBe(true);
			expect(crypto().randomBytes(32)).not.toEqual(crypto().randomBytes(32));
			expectOwnBytes(crypto().randomBytes(12));
		});

		it("computes SHA-256 of FIPS 180-4's examples", async () => {
			const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
			const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
			expect(await crypto().sha256(Uint8Array.of(0x61, 0x62, 0x63))).toEqual(fromHex(abc));
			expect(await crypto().sha256(new Uint8Array(0))).toEqual(fromHex(empty));
		});

		it("agrees with noble on SHA-256, alone and in bulk, in order", async () => {
			await fc.assert(
				fc.asyncProperty(fc.array(bytes(2000), { maxLength: 100 }), async (data) => {
					const expected = data.map((item) => sha256(item));
					expect(await crypto().sha256Many(data)).toEqual(expected);
					for (const item of data.slice(0, 3)) expect(await crypto().sha256(item)).toEqual(sha256(item));
				}),
				{ numRuns: 20 },
			);
			expectOwnBytes(await crypto().sha256(new Uint8Array(3)));
		});

		it("reads the bytes of a view, not of the memory behind it", async () => {
			const memory = Uint8Array.from({ length: 100 }, (_, index) => index);
			expect(await crypto().sha256(memory.subarray(10, 20))).toEqual(sha256(memory.slice(10, 20)));
		});

		it("computes HMAC-SHA-256 of RFC 4231's cases 1, 2 and 6", async () => {
			const text = (value: string) => new TextEncoder().encode(value);
			const one = await crypto().hmac(new Uint8Array(20).fill(0x0b), text("Hi There"));
			expect(one).toEqual(fromHex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
			const two = await crypto().hmac(text("Jefe"), text("what do ya want for nothing?"));
			expect(two).toEqual(fromHex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
			const six = await crypto().hmac(
				new Uint8Array(131).fill(0xaa),
				text("Test Using Larger Than Block-Size Key - Hash Key First"),
			);
			expect(six).toEqual(fromHex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
			expectOwnBytes(one);
		});

		it("agrees with noble on HMAC, with keys of any length", async () => {
			await fc.assert(
				fc.asyncProperty(bytes(150), bytes(), async (key, data) => {
					expect(await crypto().hmac(key, data)).toEqual(hmac(sha256, key, data));
				}),
				{ numRuns: 100 },
			);
		});

		it.each(hkdfVectors)(
			"computes HKDF of RFC 5869 $name",
			async ({ inputKey, salt, info, pseudorandomKey, output }) => {
				const extracted = await hkdfExtract(crypto(), fromHex(salt), fromHex(inputKey));
				expect(extracted).toEqual(fromHex(pseudorandomKey));
				expect(await hkdfExpand(crypto(), extracted, fromHex(info), output.length / 2)).toEqual(fromHex(output));
			},
		);
	});
}

function hexRange(first: number, count: number): string {
	return Array.from({ length: count }, (_, index) => (first + index).toString(16).padStart(2, "0")).join("");
}
