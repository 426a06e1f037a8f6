import { cheapKdf } from "@mindoodb/testing";
import fc from "fast-check";
import { nodeCrypto } from "mindoodb";
import { beforeAll, describe, expect, it } from "vitest";
import { toBase64 } from "../bytes/base64.js";
import { encodeCbor } from "../bytes/cbor.js";
import { toHex } from "../bytes/hex.js";
import { decodeUtf8, encodeUtf8 } from "../bytes/text.js";
import { KeyBag } from "./key-bag.js";
import { createSymmetricEncryptedPrivateKey } from "./key-pair.js";
import { createPasswordKey, type PasswordKey } from "./password-key.js";

const crypto = nodeCrypto();
const env = { crypto, random: crypto, clock: { now: () => 42 } };
const { limits } = cheapKdf;
const key = (byte: number) => new Uint8Array(32).fill(byte);

let passwordKey: PasswordKey;
beforeAll(async () => {
	passwordKey = await createPasswordKey(env, "password", cheapKdf);
});

function contents(bag: KeyBag): Record<string, string[]> {
	const ids = bag.listKeys().sort();
	return Object.fromEntries(ids.map((keyId) => [keyId, bag.getAllKeys(keyId).map(toHex)]));
}

describe("KeyBag", () => {
	it("keeps several versions of a key, newest first, whatever the order in which they came", () => {
		const bag = new KeyBag(env);
		expect(bag.get("default")).toBeUndefined();
		expect(bag.getAllKeys("default")).toEqual([]);
		bag.set("default", key(2), 200);
		bag.set("default", key(1), 100);
		bag.set("default", key(3), 300);
		expect(bag.getAllKeys("default")).toEqual([key(3), key(2), key(1)]);
		expect(bag.get("default")).toEqual(key(3));
		// Of equal times, what was set later is newer.
		bag.set("default", key(4), 300);
		expect(bag.getAllKeys("default")).toEqual([key(4), key(3), key(2), key(1)]);
		expect(bag.listKeys()).toEqual(["default"]);
	});

	it("takes an equal key once", () => {
		const bag = new KeyBag(env);
		expect(bag.set("a", key(1), 1)).toBe(true);
		expect(bag.set("a", key(1), 9)).toBe(false);
		expect(bag.set("b", key(1), 1)).toBe(true);
		expect(bag.getAllKeys("a")).toEqual([key(1)]);
		expect([bag.has("a"), bag.has("c"), bag.has("a", key(1)), bag.has("a", key(2))]).toEqual([
			true,
			false,
			true,
			false,
		]);
	});

	it("takes and gives copies", () => {
		const bag = new KeyBag(env);
		const mine = key(1);
		bag.set("a", mine, 1);
		mine.fill(9);
		bag.get("a")?.fill(9);
		bag.getAllKeys("a")[0]?.fill(9);
		expect(bag.get("a")).toEqual(key(1));
	});

	it("deletes all versions of a key", () => {
		const bag = new KeyBag(env);
		bag.set("a", key(1), 1);
		bag.set("a", key(2), 2);
		expect(bag.deleteKey("a")).toBe(true);
		expect(bag.deleteKey("a")).toBe(false);
		expect(bag.has("a")).toBe(false);
		expect(bag.listKeys()).toEqual([]);
	});

	it("refuses what is not a key, an id or a time", () => {
		const bag = new KeyBag(env);
		for (const [keyId, bytes, time] of [
			["a", new Uint8Array(31), 1],
			["", key(1), 1],
			["a".repeat(129), key(1), 1],
			["a", key(1), -1],
			["a", key(1), 1.5],
			["a", key(1), 2 ** 48],
		] as const) {
			expect(() => bag.set(keyId, bytes, time)).toThrow(expect.objectContaining({ code: "usage" }));
		}
		expect(() => bag.set("\ud800", key(1), 1)).toThrow(expect.objectContaining({ name: "FormatError" }));
		expect(bag.listKeys()).toEqual([]);
	});

	it("holds at most 1,000 versions of a key and 10,000 ids", () => {
		const bag = new KeyBag(env);
		const numbered = (number: number) => {
			const bytes = key(0);
			new DataView(bytes.buffer).setUint32(0, number);
			return bytes;
		};
		for (let i = 0; i < 1000; i++) bag.set("a", numbered(i), i);
		expect(() => bag.set("a", numbered(1000), 1)).toThrow(expect.objectContaining({ code: "usage" }));
		expect(bag.set("a", numbered(7), 1)).toBe(false);
		for (let i = 1; i < 10_000; i++) bag.set(`id ${i}`, key(1), 1);
		expect(() => bag.set("one more", key(1), 1)).toThrow(expect.objectContaining({ code: "usage" }));
		bag.deleteKey("id 1");
		expect(bag.set("one more", key(1), 1)).toBe(true);
	});

	it("is the same after saving and loading, with the password key or the password", async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(
					fc.tuple(fc.constantFrom("a", "b", "é", "z/../x"), fc.integer({ min: 0, max: 9 }), fc.nat({ max: 5 })),
				),
				async (sets) => {
					const bag = new KeyBag(env);
					for (const [keyId, byte, time] of sets) bag.set(keyId, key(byte), time);
					const file = await bag.save(passwordKey);
					expect(contents(await KeyBag.load(env, file, passwordKey))).toEqual(contents(bag));
					const again = await KeyBag.load(env, file, { password: "password", limits });
					expect(contents(again)).toEqual(contents(bag));
				},
			),
			{ numRuns: 30 },
		);
	});

	it("saves nothing that can be read: no key, no id", async () => {
		const bag = new KeyBag(env);
		bag.set("contracts-2026", key(7), 1);
		const text = decodeUtf8(await bag.save(passwordKey));
		expect(text).not.toContain("contracts");
		expect(text).not.toContain(toBase64(key(7)).slice(0, 20));
	});

	it("tells a wrong password, absurd costs and a damaged file apart, and touches nothing", async () => {
		const bag = new KeyBag(env);
		bag.set("a", key(1), 1);
		const file = await bag.save(passwordKey);
		const load = (bytes: Uint8Array, password = "password") => KeyBag.load(env, bytes, { password, limits });
		await expect(load(file, "wrong")).rejects.toMatchObject({ name: "KeyError", code: "password" });
		await expect(KeyBag.load(env, file, { password: "password" })).rejects.toMatchObject({ code: "kdf-cost" });
		const stranger = await createPasswordKey(env, "password", cheapKdf);
		await expect(KeyBag.load(env, file, stranger)).rejects.toMatchObject({ code: "key-mismatch" });
		for (const bad of [new Uint8Array(0), encodeUtf8("{}"), encodeUtf8("[1"), file.slice(1), Uint8Array.of(0xff)]) {
			await expect(load(bad)).rejects.toMatchObject({ name: "FormatError" });
		}
		expect(contents(await load(file))).toEqual(contents(bag));
	});

	it("refuses a file whose bytes were changed anywhere", async () => {
		const bag = new KeyBag(env);
		bag.set("a", key(1), 1);
		const file = await bag.save(passwordKey);
		await fc.assert(
			fc.asyncProperty(fc.nat({ max: file.length - 1 }), fc.integer({ min: 1, max: 255 }), async (place, change) => {
				const changed = file.slice();
				changed[place] = (changed[place] as number) ^ change;
				const outcome = await KeyBag.load(env, changed, passwordKey).then(contents, (error: Error) => error.name);
				// The time beside the ciphertext is not protected; all else is.
				if (typeof outcome === "object") {
					const [before, after] = [file, changed].map(
						(bytes) => JSON.parse(decodeUtf8(bytes)) as Record<string, unknown>,
					);
					expect({ ...after, createdAt: 0 }).toEqual({ ...before, createdAt: 0 });
				} else expect(["KeyError", "FormatError"]).toContain(outcome);
			}),
			{ numRuns: 300 },
		);
	});

	it("refuses content that it would not have written, even under the right password", async () => {
		const [one, two] = [key(1), key(2)];
		const bad = [
			encodeCbor([2, []]),
			encodeCbor([1, [], 0]),
			encodeCbor([1, [["a", []]]]),
			encodeCbor([1, [["a", [[one.slice(1), 1]]]]]),
			encodeCbor([1, [["a", [[one, null]]]]]),
			encodeCbor([1, [[1, [[one, 1]]]]]),
			encodeCbor([1, [["", [[one, 1]]]]]),
			encodeCbor([
				1,
				[
					["b", [[one, 1]]],
					["a", [[one, 1]]],
				],
			]),
			encodeCbor([
				1,
				[
					["a", [[one, 1]]],
					["a", [[two, 1]]],
				],
			]),
			encodeCbor([
				1,
				[
					[
						"a",
						[
							[one, 1],
							[two, 2],
						],
					],
				],
			]),
			encodeCbor([
				1,
				[
					[
						"a",
						[
							[one, 2],
							[one, 1],
						],
					],
				],
			]),
			encodeCbor(null),
			new Uint8Array(0),
			Uint8Array.of(0x9f, 0x01, 0x80, 0xff),
		];
		for (const plaintext of bad) {
			const file = encodeUtf8(JSON.stringify(await passwordKey.seal("key-bag", plaintext, 0)));
			await expect(KeyBag.load(env, file, passwordKey), toHex(plaintext).slice(0, 40)).rejects.toMatchObject({
				name: "FormatError",
			});
		}
		const signing = encodeUtf8(JSON.stringify(await passwordKey.seal("signing", encodeCbor([1, []]), 0)));
		await expect(KeyBag.load(env, signing, passwordKey)).rejects.toMatchObject({ code: "password" });
	});

	it("hands a key over under a password of its own", async () => {
		const [from, to] = [new KeyBag(env), new KeyBag(env)];
		from.set("contracts", key(1), 100);
		from.set("contracts", key(2), 200);
		const encrypted = await from.encryptAndExportKey("contracts", { password: "shared", ...cheapKdf });
		const parsed = JSON.parse(JSON.stringify(encrypted)) as typeof encrypted;
		expect(await to.decryptAndImportKey("contracts", parsed, { password: "shared", limits })).toBe(true);
		expect(await to.decryptAndImportKey("contracts", parsed, { password: "shared", limits })).toBe(false);
		expect(to.getAllKeys("contracts")).toEqual([key(2)]);
		to.set("contracts", key(3), 150);
		expect(to.get("contracts")).toEqual(key(2));
		const missing = from.encryptAndExportKey("other", { password: "shared", ...cheapKdf });
		await expect(missing).rejects.toMatchObject({ code: "key-missing" });
	});

	it("takes nothing in from a wrong password, a wrong purpose, absurd costs or a damaged key", async () => {
		const bag = new KeyBag(env);
		const encrypted = await createSymmetricEncryptedPrivateKey(env, "shared", cheapKdf);
		const take = (value: unknown, password = "shared") =>
			bag.decryptAndImportKey("a", value as typeof encrypted, { password, limits });
		await expect(take(encrypted, "wrong")).rejects.toMatchObject({ code: "password" });
		const own = await createPasswordKey(env, "shared", cheapKdf);
		await expect(take(await own.seal("signing", key(1), 0))).rejects.toMatchObject({ code: "password" });
		await expect(take(await own.seal("symmetric", key(1).slice(1), 0))).rejects.toMatchObject({ code: "format" });
		await expect(take({ ...encrypted, iv: "" })).rejects.toMatchObject({ code: "format" });
		await expect(bag.decryptAndImportKey("a", encrypted, { password: "shared" })).rejects.toMatchObject({
			code: "kdf-cost",
		});
		expect(bag.listKeys()).toEqual([]);
	});

	it("tells its owner of changes, and an import resolves when the owner is done", async () => {
		const bag = new KeyBag(env);
		const saved: number[] = [];
		const stop = bag.onChange(async () => {
			await new Promise((resolve) => setTimeout(resolve, 5));
			saved.push(bag.listKeys().length);
		});
		bag.set("a", key(1), 1);
		bag.set("a", key(1), 1);
		await bag.settled();
		expect(saved).toEqual([1]);
		const encrypted = await createSymmetricEncryptedPrivateKey(env, "shared", cheapKdf);
		await bag.decryptAndImportKey("b", encrypted, { password: "shared", limits });
		expect(saved).toEqual([1, 2]);
		stop();
		bag.deleteKey("a");
		await bag.settled();
		expect(saved.length).toBe(2);
	});

	it("passes on that an owner could not save, once", async () => {
		const bag = new KeyBag(env);
		bag.onChange(async () => {
			throw new Error("disk full");
		});
		bag.set("a", key(1), 1);
		await new Promise((resolve) => setTimeout(resolve, 5));
		await expect(bag.settled()).rejects.toThrow("disk full");
		await bag.settled();
	});
});
