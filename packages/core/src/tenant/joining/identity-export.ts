/**
 * A user's identity with its tenants, for another device of the same user:
 *
 * {"mindoodb": "identity", "version": 1, "user": the user id, "tenants": an `EncryptedPrivateKey` of purpose "device"}
 *
 * Both stand under the password of the export. The plaintext of `tenants` is CBOR[[label, administration key, recovery key or null,
 * KeyBag (CBOR as in key-bag-file.ts)], …].
 */
import { decodeCbor, encodeCbor } from "../../bytes/cbor.js";
import { fromHex } from "../../bytes/hex.js";
import { decodeUtf8, encodeUtf8 } from "../../bytes/text.js";
import type { Env } from "../../env.js";
import { FormatError } from "../../errors.js";
import { decodeJsonObject } from "../../keys/json-fields.js";
import { KeyBag } from "../../keys/key-bag.js";
import { keyBagLimits } from "../../keys/key-bag-file.js";
import { type PasswordKeyOptions, parseEncryptedPrivateKey } from "../../keys/password-key.js";
import { changePassword, type PrivateUserId, parsePrivateUserId, unlockUserId } from "../../keys/user-id.js";
import { makeTenantIdentity, type TenantIdentity } from "../tenant-identity.js";
import { bytesOf, listOf, textOf } from "./fields.js";

/** A tenant with the keys of one user. */
export interface ExportedTenant {
	readonly identity: TenantIdentity;
	readonly keyBag: KeyBag;
}

export interface ExportIdentityOptions extends PasswordKeyOptions {
	/** Of the identity. */
	readonly password: string;
	/** Of the export: tell it to the other device another way. */
	readonly exportPassword: string;
	readonly tenants: readonly ExportedTenant[];
}

export interface ImportedIdentity {
	/** Under the device's own password. */
	readonly user: PrivateUserId;
	readonly tenants: readonly ExportedTenant[];
}

const what = "identity export";
const mostTenants = 1024;
const mostBytes = 2 * keyBagLimits.fileBytes;

/** @returns UTF-8 JSON. @throws {KeyError} `password`, `kdf-cost`. */
export async function exportIdentity(
	env: Env,
	user: PrivateUserId,
	{ password, exportPassword, tenants, ...options }: ExportIdentityOptions,
): Promise<Uint8Array> {
	const passwords = { oldPassword: password, newPassword: exportPassword };
	const { userId, passwordKey } = await changePassword(env, user, { ...passwords, ...options });
	const rows = tenants.map(({ identity: { tenantId, administrationKey, recoveryKey }, keyBag }) => [
		tenantId,
		fromHex(administrationKey, 32),
		recoveryKey === undefined ? null : fromHex(recoveryKey, 32),
		keyBag.toBytes(),
	]);
	const sealed = await passwordKey.seal("device", encodeCbor(rows), env.clock.now());
	return encodeUtf8(JSON.stringify({ mindoodb: "identity", version: 1, user: userId, tenants: sealed }));
}

/**
 * @param options `password`: of the export; `newPassword`: what the identity shall stand under on this device.
 * @throws {KeyError} `password`, `key-mismatch`, `kdf-cost`. @throws {FormatError}
 */
export async function importIdentity(
	env: Env,
	file: Uint8Array,
	{
		password,
		newPassword,
		...options
	}: PasswordKeyOptions & { readonly password: string; readonly newPassword: string },
): Promise<ImportedIdentity> {
	const { user, tenants } = parseExport(file);
	const { limits = {} } = options;
	const { passwordKey } = await unlockUserId(env, user, { password, limits });
	const plaintext = await passwordKey.open("device", tenants, mostBytes);
	const { userId } = await changePassword(env, user, { oldPassword: password, newPassword, ...options });
	const rows = listOf(decodeCbor(plaintext), { what, most: mostTenants });
	return {
		user: userId,
		tenants: await Promise.all(
			rows.map(async (row) => {
				const fields = listOf(row, { what, exactly: 4 });
				const identity = await makeTenantIdentity(env.crypto, {
					tenantId: textOf(fields[0], what),
					administrationKey: bytesOf(fields[1], { what, exactly: 32 }),
					recoveryKey: fields[2] === null ? undefined : bytesOf(fields[2], { what, exactly: 32 }),
				});
				return { identity, keyBag: KeyBag.fromBytes(env, bytesOf(fields[3], { what, most: mostBytes })) };
			}),
		),
	};
}

function parseExport(file: Uint8Array) {
	if (file.length > 2 * mostBytes)
		throw new FormatError(`${what}: expected at most ${2 * mostBytes} bytes`, { code: "limit" });
	let json: unknown;
	try {
		json = JSON.parse(decodeUtf8(file));
	} catch {
		// The parser's own message quotes what it read.
		throw new FormatError(`${what}: expected JSON`);
	}
	const fields = decodeJsonObject(json, what, ["mindoodb", "version", "user", "tenants"]);
	if (fields.mindoodb !== "identity") throw new FormatError(`${what}: expected an exported identity`);
	if (fields.version !== 1) throw new FormatError(`${what}: expected version 1`, { code: "unsupported", expected: 1 });
	return { user: parsePrivateUserId(fields.user), tenants: parseEncryptedPrivateKey(fields.tenants, mostBytes) };
}
