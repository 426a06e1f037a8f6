/**
 * Identifiers that anybody can check and only their maker can make. Source: docs/entry-format.md, "Identifiers".
 */
import { fromBase64Url, toBase64Url } from "../bytes/base64.js";
import { encodeCbor } from "../bytes/cbor.js";
import { equalBytes } from "../bytes/compare.js";
import { concatBytes } from "../bytes/concat.js";
import { fromHex, toHex } from "../bytes/hex.js";
import { asciiBytes } from "../bytes/text.js";
import type { Crypto, Random } from "../crypto/crypto.js";
import { FormatError } from "../errors.js";

const tenantLabel = asciiBytes("mindoodb/1/tenant\0");
const documentLabel = asciiBytes("mindoodb/1/document-id\0");
const settingsLabel = asciiBytes("mindoodb/1/settings\0");

/** Forms whose documents have a fixed id, so that first changes made apart merge. */
export type SettingsForm = "tenantsettings" | "dbsettings";

/**
 * SHA-256("mindoodb/1/tenant" ‖ 00 ‖ CBOR[label, administration public key, recovery public key or null]), as hex.
 * Keys are 32 raw bytes.
 */
export async function computeTenantRoot(
	crypto: Crypto,
	tenant: {
		readonly label: string;
		readonly administrationKey: Uint8Array;
		readonly recoveryKey?: Uint8Array | undefined;
	},
): Promise<string> {
	const cbor = encodeCbor([tenant.label, tenant.administrationKey, tenant.recoveryKey ?? null]);
	return toHex(await crypto.sha256(concatBytes(tenantLabel, cbor)));
}

/** What a document's id commits to. */
export interface DocumentOrigin {
	readonly tenantRoot: string;
	readonly dbId: string;
	readonly decryptionKeyId: string;
	/** Creator's public key, hex. */
	readonly createdByPublicKey: string;
}

/** 12 random bytes for an id that does not begin with "-", which a command line takes for an option. */
export function drawIdBytes(random: Random): Uint8Array {
	for (;;) {
		const r = random.randomBytes(12);
		// The first character holds the six upper bits; 62 is "-".
		if ((r[0] as number) >> 2 !== 62) return r;
	}
}

/** The id of a new document: base64url(r ‖ hash[0..12]), 32 characters. @param r 12 random bytes. */
export async function makeDocumentId(crypto: Crypto, origin: DocumentOrigin, r: Uint8Array): Promise<string> {
	const cbor = encodeCbor([
		fromHex(origin.tenantRoot, 32),
		origin.dbId,
		origin.decryptionKeyId,
		fromHex(origin.createdByPublicKey, 32),
		r,
	]);
	const hash = await crypto.sha256(concatBytes(documentLabel, cbor));
	return toBase64Url(concatBytes(r, hash.subarray(0, 12)));
}

/** Whether `docId` was made by this creator, for this database and key. */
export async function isDocumentIdOf(crypto: Crypto, docId: string, origin: DocumentOrigin): Promise<boolean> {
	const bytes = documentIdBytes(docId);
	if (bytes === undefined) return false;
	return (await makeDocumentId(crypto, origin, bytes.slice(0, 12))) === docId;
}

/** The fixed id of a settings document. @param dbId for `dbsettings`. */
export async function settingsDocumentId(
	crypto: Crypto,
	tenantRoot: string,
	form: SettingsForm,
	dbId?: string,
): Promise<string> {
	if ((form === "dbsettings") !== (dbId !== undefined)) {
		throw new FormatError(`${form}: ${dbId === undefined ? "needs" : "has no"} dbId`, { field: "dbId" });
	}
	const cbor = encodeCbor([fromHex(tenantRoot, 32), form, dbId ?? null]);
	const hash = await crypto.sha256(concatBytes(settingsLabel, cbor));
	return toBase64Url(hash.subarray(0, 24));
}

/** The 24 bytes of a document id, `undefined` when the text is not one. */
function documentIdBytes(docId: string): Uint8Array | undefined {
	if (docId.length !== 32) return undefined;
	try {
		const bytes = fromBase64Url(docId);
		return bytes.length === 24 && equalBytes(fromBase64Url(toBase64Url(bytes)), bytes) ? bytes : undefined;
	} catch (error) {
		if (error instanceof FormatError) return undefined;
		throw error;
	}
}
