import { createPrivateKey, createPublicKey } from "node:crypto";
import { cheapKdf } from "@mindoodb/testing";
import { nodeCrypto } from "mindoodb";
import { beforeAll, describe, expect, it } from "vitest";
import { toBase64 } from "../bytes/base64.js";
import { encodeUtf8 } from "../bytes/text.js";
import { KeyBag } from "./key-bag.js";
import {
	createEncryptionKeyPair,
	createSigningKeyPair,
	createSymmetricEncryptedPrivateKey,
	unlockSigningKeyPair,
} from "./key-pair.js";
import { unlockPasswordKey } from "./password-key.js";
import { encodeSigningKeyPem } from "./pem.js";
import {
	changePassword,
	createUserId,
	type PrivateUserId,
	parsePrivateUserId,
	parsePublicUserId,
	toPublicUserId,
	unlockUserId,
	userPublicKeys,
} from "./user-id.js";

const crypto = nodeCrypto();
const env = { crypto, random: crypto, clock: { now: () => 1_750_000_000_000 } };
const { limits } = cheapKdf;
const json = <T>(value: T) => JSON.parse(JSON.stringify(value)) as T;

let ada: PrivateUserId;
let eve: PrivateUserId;
beforeAll(async () => {
	ada = await createUserId(env, "Ada", { password: "ada's", ...cheapKdf });
	eve = await createUserId(env, "Eve", { password: "eve's", ...cheapKdf });
});

describe("a user id", () => {
	it("survives JSON and opens with one password, to keys that work", async () => {
		const user = await unlockUserId(env, json(ada), { password: "ada's", limits });
		expect(user.username).toBe("Ada");
		const keys = userPublicKeys(toPublicUserId(ada));
		const message = encodeUtf8("a message");
		expect(await crypto.verify(keys.signingKey, message, await crypto.sign(user.signingKey, message))).toBe(true);
		const wrapped = await crypto.wrap(keys.encryptionKey, message, message);
		expect(await crypto.unwrap(user.unwrappingKey, wrapped, message)).toEqual(message);
	});

	it("costs one derivation to open", async () => {
		let derivations = 0;
		const argon2id: typeof crypto.argon2id = (...args) => {
			derivations++;
			return crypto.argon2id(...args);
		};
		await unlockUserId({ crypto: { ...crypto, argon2id }, random: crypto }, ada, { password: "ada's", limits });
		expect(derivations).toBe(1);
	});

	it("shows public keys as PEM that other programs read, RSA with 3,072 bits", () => {
		const keys = toPublicUserId(ada);
		expect(createPublicKey(keys.userSigningPublicKey).asymmetricKeyType).toBe("ed25519");
		expect(createPublicKey(keys.userEncryptionPublicKey).asymmetricKeyDetails?.modulusLength).toBe(3072);
		expect(parsePublicUserId(json(keys))).toEqual(keys);
		const windows = keys.userSigningPublicKey.replaceAll("\n", "\r\n");
		expect(userPublicKeys({ ...keys, userSigningPublicKey: windows })).toEqual(userPublicKeys(keys));
	});

	it("gives nothing private to others", async () => {
		const text = JSON.stringify(toPublicUserId(ada));
		expect(text).not.toContain("ciphertext");
		const passwordKey = await unlockPasswordKey(env, "ada's", { encrypted: ada.userSigningKeyPair.privateKey, limits });
		const pkcs8 = await passwordKey.open("signing", ada.userSigningKeyPair.privateKey);
		expect(createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" }).asymmetricKeyType).toBe(
			"ed25519",
		);
		expect(JSON.stringify(ada)).not.toContain(toBase64(pkcs8.slice(-32)).slice(2, 30));
	});

	it("tells a wrong password from a damaged file", async () => {
		const wrong = unlockUserId(env, ada, { password: "eve's", limits });
		await expect(wrong).rejects.toMatchObject({ name: "KeyError", code: "password" });
		const damaged = { ...ada, userSigningKeyPair: { publicKey: ada.userSigningKeyPair.publicKey } };
		const refused = unlockUserId(env, damaged as PrivateUserId, { password: "ada's", limits });
		await expect(refused).rejects.toMatchObject({ name: "FormatError" });
	});

	it("refuses costs below the bounds when only the file asks for them", async () => {
		await expect(unlockUserId(env, ada, { password: "ada's" })).rejects.toMatchObject({ code: "kdf-cost" });
	});

	it("notices a public key that is not the private key's", async () => {
		const swapped = (name: "userSigningKeyPair" | "userEncryptionKeyPair") => ({
			...ada,
			[name]: { ...ada[name], publicKey: eve[name].publicKey },
		});
		for (const name of ["userSigningKeyPair", "userEncryptionKeyPair"] as const) {
			const opened = unlockUserId(env, swapped(name), { password: "ada's", limits });
			await expect(opened).rejects.toMatchObject({ code: "key-mismatch" });
		}
	});

	it("notices a private key from another identity", async () => {
		const mixed = { ...ada, userEncryptionKeyPair: eve.userEncryptionKeyPair };
		await expect(unlockUserId(env, mixed, { password: "ada's", limits })).rejects.toMatchObject({
			name: "FormatError",
		});
	});

	it.each([
		["Zoe\u0308", "Zo\u00eb"],
		["用户", "用户"],
		["a".repeat(256), "a".repeat(256)],
	])("takes the name %s", async (given, kept) => {
		const pair = { ...toPublicUserId(ada), username: kept };
		expect(parsePublicUserId(pair).username).toBe(kept);
		expect(given.normalize("NFC")).toBe(kept);
	});

	it("brings names to NFC when they are made, and refuses others when they are read", async () => {
		const zoe = await createUserId(env, "Zoe\u0308", { password: "p", ...cheapKdf });
		expect(zoe.username).toBe("Zo\u00eb");
		expect(() => parsePrivateUserId({ ...zoe, username: "Zoe\u0308" })).toThrow(/normalization/);
	});

	it.each(["", "a".repeat(257), "é".repeat(129), "\ud800", "bob\nwords", "bob\u001b[2J", "bob\u202e"])(
		"refuses the name %o",
		async (username) => {
			const made = createUserId(env, username, { password: "p", ...cheapKdf });
			await expect(made).rejects.toMatchObject({ name: "UsageError", code: "usage" });
			expect(() => parsePublicUserId({ ...toPublicUserId(ada), username })).toThrow(
				expect.objectContaining({ name: "FormatError" }),
			);
		},
	);

	it("refuses JSON with fields missing, more, or of another kind", () => {
		const good = json(ada) as unknown as Record<string, unknown>;
		const bad: unknown[] = [null, [], "x", {}, { ...good, more: 1 }];
		for (const name of Object.keys(good)) bad.push({ ...good, [name]: undefined }, { ...good, [name]: 7 });
		for (const publicKey of [
			"",
			"no PEM",
			ada.userEncryptionKeyPair.publicKey,
			encodeSigningKeyPem(new Uint8Array(31)),
		]) {
			bad.push({ ...good, userSigningKeyPair: { ...ada.userSigningKeyPair, publicKey } });
		}
		for (const value of bad) {
			expect(() => parsePrivateUserId(value)).toThrow(expect.objectContaining({ name: "FormatError" }));
		}
	});
});

describe("changePassword", () => {
	it("puts all under the new password and leaves the old identity as it was", async () => {
		const before = json(ada);
		const { userId, passwordKey } = await changePassword(env, ada, {
			oldPassword: "ada's",
			newPassword: "new",
			...cheapKdf,
		});
		expect(ada).toEqual(before);
		expect(toPublicUserId(userId)).toEqual(toPublicUserId(ada));
		expect(userId.userSigningKeyPair.privateKey.salt).not.toBe(ada.userSigningKeyPair.privateKey.salt);
		await expect(unlockUserId(env, userId, { password: "ada's", limits })).rejects.toMatchObject({ code: "password" });
		const user = await unlockUserId(env, userId, { password: "new", limits });
		expect(user.signingKey.publicKey).toEqual(userPublicKeys(toPublicUserId(ada)).signingKey);
		const bag = new KeyBag(env);
		bag.set("default", new Uint8Array(32).fill(5), 1);
		const loaded = await KeyBag.load(env, await bag.save(passwordKey), user.passwordKey);
		expect(loaded.get("default")).toEqual(bag.get("default"));
	});

	it("refuses a wrong old password and absurd costs", async () => {
		const wrong = changePassword(env, ada, { oldPassword: "no", newPassword: "new", ...cheapKdf });
		await expect(wrong).rejects.toMatchObject({ code: "password" });
		const kdf = { name: "argon2id", memoryKiB: 2 ** 30, passes: 3, lanes: 4 } as const;
		const absurd = changePassword(env, ada, { oldPassword: "ada's", newPassword: "new", kdf, limits });
		await expect(absurd).rejects.toMatchObject({ code: "kdf-cost" });
	});
});

describe("key pairs and keys with a password of their own", () => {
	it("opens an administration key for its own purpose alone", async () => {
		const pair = await createSigningKeyPair(env, "admin", { purpose: "administration", ...cheapKdf });
		const options = { password: "admin", limits };
		const key = await unlockSigningKeyPair(env, json(pair), { ...options, purpose: "administration" });
		expect(encodeSigningKeyPem(key.publicKey)).toBe(pair.publicKey);
		await expect(unlockSigningKeyPair(env, pair, options)).rejects.toMatchObject({ code: "password" });
		await expect(unlockSigningKeyPair(env, pair, { ...options, purpose: "recovery" })).rejects.toMatchObject({
			code: "password",
		});
	});

	it("makes encryption key pairs and symmetric keys", async () => {
		const pair = await createEncryptionKeyPair(env, "password", cheapKdf);
		expect(createPublicKey(pair.publicKey).asymmetricKeyType).toBe("rsa");
		const encrypted = await createSymmetricEncryptedPrivateKey(env, "password", cheapKdf);
		const passwordKey = await unlockPasswordKey(env, "password", { encrypted, limits });
		expect((await passwordKey.open("symmetric", encrypted)).length).toBe(32);
		expect(encrypted.createdAt).toBe(1_750_000_000_000);
	});
});
