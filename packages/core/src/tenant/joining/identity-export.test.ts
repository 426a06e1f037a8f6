import { cheapKdf } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { beforeAll, expect, it } from "vitest";
import { fromBase64, toBase64 } from "../../bytes/base64.js";
import { decodeUtf8, encodeUtf8 } from "../../bytes/text.js";
import type { Env } from "../../env.js";
import { KeyBag } from "../../keys/key-bag.js";
import { createUserId, type PrivateUserId, unlockUserId } from "../../keys/user-id.js";
import { makeTenantIdentity } from "../tenant-identity.js";
import { type ExportedTenant, exportIdentity, importIdentity } from "./identity-export.js";

let env: Env;
let user: PrivateUserId;
let tenants: ExportedTenant[];

beforeAll(async () => {
	const platform = await nodeEnv();
	env = { ...platform, stores: memoryStores(platform.crypto) };
	user = await createUserId(env, "alice", { password: "old", ...cheapKdf });
	tenants = await Promise.all(
		["acme", "other"].map(async (tenantId, index) => {
			const { publicKey: administrationKey } = await env.crypto.generateSigningKeyPair();
			const keyBag = new KeyBag(env);
			keyBag.set("default", new Uint8Array(32).fill(index), 1);
			keyBag.set("default", new Uint8Array(32).fill(index + 8), 1);
			return { identity: await makeTenantIdentity(env.crypto, { tenantId, administrationKey }), keyBag };
		}),
	);
});

const exporting = () => exportIdentity(env, user, { password: "old", exportPassword: "way", tenants, ...cheapKdf });
const importing = (file: Uint8Array, password = "way") =>
	importIdentity(env, file, { password, newPassword: "new", ...cheapKdf });

it("brings identity, tenants and all versions of their keys to another device, under a password of its own", async () => {
	const imported = await importing(await exporting());
	const [before, after] = [
		await unlockUserId(env, user, { password: "old", ...cheapKdf }),
		await unlockUserId(env, imported.user, { password: "new", ...cheapKdf }),
	];
	expect(after.signingKey.publicKey).toEqual(before.signingKey.publicKey);
	expect(after.unwrappingKey.publicKey).toEqual(before.unwrappingKey.publicKey);
	expect(imported.tenants.map(({ identity }) => identity)).toEqual(tenants.map(({ identity }) => identity));
	expect(imported.tenants.map(({ keyBag }) => keyBag.getVersions("default"))).toEqual(
		tenants.map(({ keyBag }) => keyBag.getVersions("default")),
	);
	for (const word of ["old", "way"]) {
		await expect(unlockUserId(env, imported.user, { password: word, ...cheapKdf })).rejects.toMatchObject({
			code: "password",
		});
	}
});

it("opens with its password alone, and not when anything in it was altered or swapped", async () => {
	await expect(
		exportIdentity(env, user, { password: "no", exportPassword: "way", tenants, ...cheapKdf }),
	).rejects.toMatchObject({ code: "password" });
	const file = await exporting();
	await expect(importing(file, "old")).rejects.toMatchObject({ code: "password" });
	const json = JSON.parse(decodeUtf8(file));
	const other = JSON.parse(decodeUtf8(await exporting()));
	const flipped = (text: string) => toBase64(fromBase64(text).map((byte, i) => (i === 9 ? byte ^ 1 : byte)));
	const altered = (change: object) => importing(encodeUtf8(JSON.stringify({ ...json, ...change })));
	for (const [change, code] of [
		[{ tenants: { ...json.tenants, ciphertext: flipped(json.tenants.ciphertext) } }, "password"],
		// Of another export of the same identity, under the same password.
		[{ tenants: other.tenants }, "key-mismatch"],
		[{ version: 2 }, "unsupported"],
		[{ mindoodb: "folder" }, "format"],
		[{ more: 1 }, "format"],
		[{ user: { ...json.user, username: "" } }, "format"],
	] as const) {
		await expect(altered(change)).rejects.toMatchObject({ code });
	}
	await expect(importing(encodeUtf8("{"))).rejects.toMatchObject({ code: "format" });
});
