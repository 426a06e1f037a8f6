import { fromHex } from "@mindoodb/core";
import { gcm } from "@noble/ciphers/aes.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CryptoUnderTest } from "./crypto-under-test.js";
import { expectOwnBytes } from "./expect-own-bytes.js";

/** McGrew and Viega's cases 13, 14 and 16; NIST CAVS gcmEncryptExtIV256, the first of three groups. */
const vectors = [
	{
		name: "case 13",
		key: "00".repeat(32),
		iv: "00".repeat(12),
		plaintext: "",
		associatedData: "",
		sealed: "530f8afbc74536b9a963b4f1c4cb738b",
	},
	{
		name: "case 14",
		key: "00".repeat(32),
		iv: "00".repeat(12),
		plaintext: "00".repeat(16),
		associatedData: "",
		sealed: "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
	},
	{
		name: "case 16",
		key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
		iv: "cafebabefacedbaddecaf888",
		plaintext:
			"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525" +
			"b16aedf5aa0de657ba637b39",
		associatedData: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
		sealed:
			"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838" +
			"c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
	},
	{
		name: "CAVS, no plaintext",
		key: "b52c505a37d78eda5dd34f20c22540ea1b58963cf8e5bf8ffa85f9f2492505b4",
		iv: "516c33929df5a3284ff463d7",
		plaintext: "",
		associatedData: "",
		sealed: "bdc1ac884d332457a1d2664f168c76f0",
	},
	{
		name: "CAVS, 128 bits",
		key: "31bdadd96698c204aa9ce1448ea94ae1fb4a9a0b3c9d773b51bb1822666b8f22",
		iv: "0d18e06c7c725ac9e362e1ce",
		plaintext: "2db5168e932556f8089a0622981d017d",
		associatedData: "",
		sealed: "fa4362189661d163fcd6a56d8bf0405ad636ac1bbedd5cc3ee727dc2ab4a9489",
	},
	{
		name: "CAVS, 128 bits with associated data",
		key: "92e11dcdaa866f5ce790fd24501f92509aacf4cb8b1339d50c9c1240935dd08b",
		iv: "ac93a1a6145299bde902f21a",
		plaintext: "2d71bcfa914e4ac045b2aa60955fad24",
		associatedData: "1e0889016f67601c8ebea4943bc23ad6",
		sealed: "8995ae2e6df3dbf96fac7b7137bae67feca5aa77d51d4a0a14d9c51e1da474ab",
	},
];

const fixed = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const bytes = (length: number) => fc.uint8Array({ maxLength: length });

export function cipherCases(crypto: CryptoUnderTest): void {
	describe("AES-256-GCM", () => {
		it.each(vectors)("seals and opens $name", async ({ key, iv, plaintext, associatedData, sealed }) => {
			const [k, i, p, a] = [fromHex(key), fromHex(iv), fromHex(plaintext), fromHex(associatedData)];
			expect(await crypto().seal(k, i, p, a)).toEqual(fromHex(sealed));
			expect(await crypto().open(k, i, fromHex(sealed), a)).toEqual(p);
		});

		it("agrees with noble, and opens what it sealed", async () => {
			await fc.assert(
				fc.asyncProperty(fixed(32), fixed(12), bytes(500), bytes(100), async (key, iv, plaintext, associatedData) => {
					const sealed = await crypto().seal(key, iv, plaintext, associatedData);
					expect(sealed).toEqual(gcm(key, iv, associatedData).encrypt(plaintext));
					expect(await crypto().open(key, iv, sealed, associatedData)).toEqual(plaintext);
				}),
				{ numRuns: 100 },
			);
			const sealed = await crypto().seal(new Uint8Array(32), new Uint8Array(12), new Uint8Array(5), new Uint8Array(0));
			expectOwnBytes(sealed);
			const opened = await crypto().open(new Uint8Array(32), new Uint8Array(12), sealed, new Uint8Array(0));
			expectOwnBytes(opened as Uint8Array);
		});

		it("seals into part of an array, and touches nothing else of it", async () => {
			await fc.assert(
				fc.asyncProperty(fixed(32), fixed(12), bytes(500), bytes(100), async (key, iv, plaintext, associatedData) => {
					const around = new Uint8Array(plaintext.length + 20).fill(0xaa);
					await crypto().sealInto(around.subarray(2, -2), key, iv, plaintext, associatedData);
					const sealed = gcm(key, iv, associatedData).encrypt(plaintext);
					expect(around).toEqual(Uint8Array.of(0xaa, 0xaa, ...sealed, 0xaa, 0xaa));
				}),
				{ numRuns: 50 },
			);
		});

		it("opens nothing when a bit of anything is changed, or a byte is missing or more", async () => {
			await fc.assert(
				fc.asyncProperty(fixed(32), bytes(60), bytes(20), fc.nat(), async (key, plaintext, associatedData, place) => {
					const iv = new Uint8Array(12).fill(7);
					const sealed = await crypto().seal(key, iv, plaintext, associatedData);
					const flip = (array: Uint8Array) => {
						const copy = array.slice();
						const index = place % array.length;
						copy[index] = (copy[index] as number) ^ (1 << (place % 8));
						return copy;
					};
					expect(await crypto().open(flip(key), iv, sealed, associatedData)).toBeUndefined();
					expect(await crypto().open(key, flip(iv), sealed, associatedData)).toBeUndefined();
					expect(await crypto().open(key, iv, flip(sealed), associatedData)).toBeUndefined();
					expect(await crypto().open(key, iv, sealed.slice(0, -1), associatedData)).toBeUndefined();
					expect(await crypto().open(key, iv, Uint8Array.of(...sealed, 0), associatedData)).toBeUndefined();
					const otherData = associatedData.length > 0 ? flip(associatedData) : Uint8Array.of(0);
					expect(await crypto().open(key, iv, sealed, otherData)).toBeUndefined();
				}),
				{ numRuns: 60 },
			);
		});

		it("opens nothing shorter than a tag", async () => {
			for (const length of [0, 1, 12, 15]) {
				const nothing = new Uint8Array(length);
				expect(await crypto().open(new Uint8Array(32), new Uint8Array(12), nothing, nothing)).toBeUndefined();
			}
		});

		it("refuses keys and initialisation vectors of another length", async () => {
			const [key, iv, none] = [new Uint8Array(32), new Uint8Array(12), new Uint8Array(0)];
			await expect(crypto().seal(key.subarray(16), iv, none, none)).rejects.toMatchObject({ code: "usage" });
			await expect(crypto().seal(key, iv.subarray(1), none, none)).rejects.toMatchObject({ code: "usage" });
			for (const length of [0, 15, 17]) {
				const sealing = crypto().sealInto(new Uint8Array(length), key, iv, none, none);
				await expect(sealing).rejects.toMatchObject({ code: "usage" });
			}
			await expect(crypto().open(key.subarray(16), iv, key, none)).rejects.toMatchObject({ code: "usage" });
			await expect(crypto().open(key, new Uint8Array(16), key, none)).rejects.toMatchObject({ code: "usage" });
		});
	});
}
