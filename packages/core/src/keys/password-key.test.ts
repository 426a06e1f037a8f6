import { createDecipheriv, hkdfSync, pbkdf2Sync } from "node:crypto";
import { cheapKdf } from "@mindoodb/testing";
import fc from "fast-check";
import { nodeCrypto } from "mindoodb";
import { describe, expect, it } from "vitest";
import { fromBase64, toBase64 } from "../bytes/base64.js";
import { encodeCbor } from "../bytes/cbor.js";
import type { Kdf } from "./kdf.js";
import {
	createPasswordKey,
	type EncryptedPrivateKey,
	type KeyPurpose,
	parseEncryptedPrivateKey,
	unlockPasswordKey,
} from "./password-key.js";

const crypto = nodeCrypto();
const source = { crypto, random: crypto };
const { limits } = cheapKdf;
const secret = Uint8Array.from({ length: 48 }, (_, index) => index);

async function seal(password: string, kdf: Kdf = cheapKdf.kdf as Kdf): Promise<EncryptedPrivateKey> {
	return (await createPasswordKey(source, password, { kdf, limits })).seal("signing", secret, 1_700_000_000_000);
}

async function open(encrypted: EncryptedPrivateKey, password: string, purpose: KeyPurpose = "signing") {
	return (await unlockPasswordKey(source, password, { encrypted, limits })).open(purpose, encrypted);
}

describe("keys under a password", () => {
	it("opens what it sealed, with the same password alone", async () => {
		const encrypted = await seal("correct horse");
		expect(await open(encrypted, "correct horse")).toEqual(secret);
		await expect(open(encrypted, "correct hors")).rejects.toMatchObject({ name: "KeyError", code: "password" });
		expect(JSON.stringify(encrypted)).not.toContain(toBase64(secret).slice(0, 16));
	});

	it("writes the format of docs/entry-format.md, read here by node:crypto alone", async () => {
		const encrypted = await seal("pässword", { name: "pbkdf2-sha256", rounds: 1000 });
		const salt = Buffer.from(encrypted.salt, "base64");
		expect(salt.length).toBe(16);
		const inputKey = pbkdf2Sync("pässword".normalize("NFC"), salt, 1000, 32, "sha256");
		const key = Buffer.from(hkdfSync("sha256", inputKey, "mindoodb/1/password", "signing", 32));
		const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(encrypted.iv, "base64"));
		decipher.setAAD(encodeCbor(["signing", "pbkdf2-sha256", 1000, new Uint8Array(salt)]));
		decipher.setAuthTag(Buffer.from(encrypted.tag, "base64"));
		const plaintext = Buffer.concat([decipher.update(Buffer.from(encrypted.ciphertext, "base64")), decipher.final()]);
		expect(new Uint8Array(plaintext)).toEqual(secret);
		expect(Object.keys(encrypted).sort()).toEqual(["ciphertext", "createdAt", "iv", "kdf", "salt", "tag"]);
	});

	it("takes a password however its accents are composed", async () => {
		expect(await open(await seal("p\u00e4ssword"), "pa\u0308ssword")).toEqual(secret);
	});

	it("opens for its own purpose alone", async () => {
		const encrypted = await seal("password");
		for (const purpose of ["encryption", "symmetric", "key-bag", "administration", "recovery"] as const) {
			await expect(open(encrypted, "password", purpose)).rejects.toMatchObject({ code: "password" });
		}
	});

	it("draws a new salt and a new iv each time", async () => {
		const key = await createPasswordKey(source, "password", cheapKdf);
		const [one, two] = [await key.seal("signing", secret, 0), await key.seal("signing", secret, 0)];
		expect(one.iv).not.toBe(two.iv);
		expect(one.salt).toBe(two.salt);
		expect((await seal("password")).salt).not.toBe((await seal("password")).salt);
	});

	it("derives once for a whole identity", async () => {
		let derivations = 0;
		const argon2id: typeof crypto.argon2id = (...args) => {
			derivations++;
			return crypto.argon2id(...args);
		};
		const key = await createPasswordKey({ crypto: { ...crypto, argon2id }, random: crypto }, "password", cheapKdf);
		for (const purpose of ["signing", "encryption", "key-bag"] as const) {
			expect(await key.open(purpose, await key.seal(purpose, secret, 0))).toEqual(secret);
		}
		expect(derivations).toBe(1);
	});

	it("says so when a key belongs to another identity", async () => {
		const key = await createPasswordKey(source, "password", cheapKdf);
		await expect(key.open("signing", await seal("password"))).rejects.toMatchObject({ code: "key-mismatch" });
	});

	it("never opens with anything changed, and names what it refuses", async () => {
		const encrypted = await seal("password");
		const fields = ["ciphertext", "iv", "tag", "salt"] as const;
		await fc.assert(
			fc.asyncProperty(
				fc.constantFrom(...fields),
				fc.nat(),
				fc.integer({ min: 0, max: 7 }),
				async (field, place, bit) => {
					const bytes = fromBase64(encrypted[field]);
					const index = place % bytes.length;
					bytes[index] = (bytes[index] as number) ^ (1 << bit);
					const changed = { ...encrypted, [field]: toBase64(bytes) };
					await expect(open(changed, "password")).rejects.toMatchObject({ code: "password" });
				},
			),
			{ numRuns: 60 },
		);
		const otherCosts = { ...encrypted, kdf: { ...encrypted.kdf, passes: 2 } as Kdf };
		await expect(open(otherCosts, "password")).rejects.toMatchObject({ code: "password" });
	});

	it("refuses empty and ill-formed passwords", async () => {
		await expect(seal("")).rejects.toMatchObject({ code: "usage" });
		await expect(seal("\ud800")).rejects.toMatchObject({ code: "usage" });
	});

	it("never puts a password into an error", async () => {
		const error: unknown = await open(await seal("password"), "hunter2-secret").catch((reason: unknown) => reason);
		expect(`${error} ${JSON.stringify(error)} ${(error as Error).stack}`).not.toContain("hunter2");
	});
});

describe("costs of a password", () => {
	const absurd: Kdf[] = [
		{ name: "argon2id", memoryKiB: 8 * 1024 - 1, passes: 3, lanes: 4 },
		{ name: "argon2id", memoryKiB: 1024 * 1024 + 1, passes: 3, lanes: 4 },
		{ name: "argon2id", memoryKiB: 2 ** 40, passes: 3, lanes: 4 },
		{ name: "argon2id", memoryKiB: 65_536, passes: 17, lanes: 4 },
		{ name: "argon2id", memoryKiB: 65_536, passes: 0, lanes: 4 },
		{ name: "argon2id", memoryKiB: 65_536, passes: 3, lanes: 17 },
		{ name: "pbkdf2-sha256", rounds: 599_999 },
		{ name: "pbkdf2-sha256", rounds: 20_000_001 },
	];

	it.each(absurd)("are bounded before they are spent, from a file and from the caller: %o", async (kdf) => {
		const spent = () => {
			throw new Error("a derivation was begun");
		};
		const unspent = { crypto: { ...crypto, argon2id: spent, pbkdf2: spent }, random: crypto };
		const encrypted = { ...(await seal("password")), kdf };
		const refused = { name: "KeyError", code: "kdf-cost" };
		await expect(unlockPasswordKey(unspent, "password", { encrypted })).rejects.toMatchObject(refused);
		await expect(createPasswordKey(unspent, "password", { kdf })).rejects.toMatchObject(refused);
	});

	it("are by default those of RFC 9106's second recommended option", async () => {
		const key = await createPasswordKey(source, "password");
		expect(key.kdf).toEqual({ name: "argon2id", memoryKiB: 65_536, passes: 3, lanes: 4 });
		const encrypted = await key.seal("symmetric", secret, 0);
		const again = await unlockPasswordKey(source, "password", { encrypted });
		expect(await again.open("symmetric", encrypted)).toEqual(secret);
	});
});

describe("parseEncryptedPrivateKey", () => {
	it("gives back what was written, through JSON", async () => {
		for (const kdf of [cheapKdf.kdf, { name: "pbkdf2-sha256", rounds: 5 }] as Kdf[]) {
			const encrypted = await seal("password", kdf);
			expect(parseEncryptedPrivateKey(JSON.parse(JSON.stringify(encrypted)))).toEqual(encrypted);
		}
	});

	it("refuses every field that is missing, more, or not what it should be", async () => {
		const good = JSON.parse(JSON.stringify(await seal("password"))) as Record<string, unknown>;
		const bad: unknown[] = [null, 1, "text", [], {}, { ...good, more: 1 }];
		for (const name of Object.keys(good)) {
			const { [name]: _, ...rest } = good;
			bad.push(
				rest,
				{ ...good, [name]: null },
				{ ...good, [name]: "?" },
				{ ...good, [name]: -1 },
				{ ...good, [name]: [] },
			);
		}
		bad.push({ ...good, iv: toBase64(new Uint8Array(13)) }, { ...good, tag: toBase64(new Uint8Array(12)) });
		bad.push(
			{ ...good, salt: toBase64(new Uint8Array(15)) },
			{ ...good, createdAt: 1.5 },
			{ ...good, createdAt: 2 ** 48 },
		);
		bad.push({ ...good, ciphertext: "A".repeat(40_000) }, { ...good, iv: `${good.iv as string}=` });
		const kdf = good.kdf as Record<string, unknown>;
		bad.push(
			{ ...good, kdf: { ...kdf, passes: "1" } },
			{ ...good, kdf: { ...kdf, more: 1 } },
			{ ...good, kdf: { name: "argon2id" } },
		);
		bad.push(
			{ ...good, kdf: { name: "scrypt", rounds: 1 } },
			{ ...good, kdf: { name: "pbkdf2-sha256", rounds: 1e300 } },
		);
		for (const value of bad) {
			expect(() => parseEncryptedPrivateKey(value), JSON.stringify(value)?.slice(0, 100)).toThrow(
				expect.objectContaining({ name: "FormatError" }),
			);
		}
	});
});
