/**
 * The file that takes a new member into a tenant, until there are invitations: {"mindoodb": "handover", "version": 1, "tenant": identity,
 * "directoryKeys": all versions of the key `directory` under a password, newest first, "seal": base64}.
 *
 * seal = HMAC(HKDF-Expand(HKDF-Extract("mindoodb/1", newest of them), "handover", 32), UTF-8 of JSON[tenantId, administrationKey,
 * recoveryKey or null, tenantRoot]): who does not know the password cannot put another tenant in its place.
 */
import {
	type Crypto,
	type EncryptedPrivateKey,
	equalSecrets,
	FormatError,
	fromBase64,
	hkdfExpand,
	hkdfExtract,
	parseEncryptedPrivateKey,
	parseTenantIdentity,
	type TenantIdentity,
	toBase64,
	VerifyError,
} from "mindoodb";

export interface Handover {
	readonly tenant: TenantIdentity;
	/** Newest first, at least one. */
	readonly directoryKeys: readonly [EncryptedPrivateKey, ...EncryptedPrivateKey[]];
	readonly seal: Uint8Array;
}

/** @param key the newest version of the key `directory`, 32 bytes. */
export async function encodeHandover(
	crypto: Crypto,
	tenant: TenantIdentity,
	directoryKeys: readonly EncryptedPrivateKey[],
	key: Uint8Array,
): Promise<string> {
	const seal = toBase64(await sealOf(crypto, tenant, key));
	return `${JSON.stringify({ mindoodb: "handover", version: 1, tenant, directoryKeys, seal }, undefined, "\t")}\n`;
}

/** Reads the file; whether it is genuine shows once the key is there: see `checkHandover`. @throws {FormatError} */
export async function parseHandover(crypto: Crypto, text: string): Promise<Handover> {
	let json: unknown;
	try {
		json = JSON.parse(text);
	} catch {
		throw new FormatError("handover: expected JSON");
	}
	const fields = typeof json === "object" && json !== null ? (json as Record<string, unknown>) : {};
	if (fields.mindoodb !== "handover")
		throw new FormatError("handover: expected a handover file", { field: "mindoodb" });
	if (fields.version !== 1) throw new FormatError("handover: expected version 1", { code: "unsupported", expected: 1 });
	if (typeof fields.seal !== "string") throw new FormatError("handover: expected the field seal", { field: "seal" });
	const keys = Array.isArray(fields.directoryKeys)
		? fields.directoryKeys.map((each) => parseEncryptedPrivateKey(each))
		: [];
	const [newest, ...older] = keys;
	if (newest === undefined) throw new FormatError("handover: expected directoryKeys", { field: "directoryKeys" });
	return {
		tenant: await parseTenantIdentity(crypto, fields.tenant),
		directoryKeys: [newest, ...older],
		seal: fromBase64(fields.seal),
	};
}

/** @throws {VerifyError} when tenant and key were not put together by who knew the key. */
export async function checkHandover(crypto: Crypto, { tenant, seal }: Handover, key: Uint8Array): Promise<void> {
	if (!equalSecrets(seal, await sealOf(crypto, tenant, key))) {
		throw new VerifyError("handover: the tenant named in the file was changed after it was made");
	}
}

async function sealOf(crypto: Crypto, tenant: TenantIdentity, key: Uint8Array): Promise<Uint8Array> {
	const ascii = (text: string) => new TextEncoder().encode(text);
	const sealKey = await hkdfExpand(crypto, await hkdfExtract(crypto, ascii("mindoodb/1"), key), ascii("handover"), 32);
	const { tenantId, administrationKey, recoveryKey = null, tenantRoot } = tenant;
	return crypto.hmac(sealKey, ascii(JSON.stringify([tenantId, administrationKey, recoveryKey, tenantRoot])));
}
