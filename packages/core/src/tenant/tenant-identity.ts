import { fromHex, toHex } from "../bytes/hex.js";
import type { Crypto } from "../crypto/crypto.js";
import { checkId } from "../entry/header.js";
import { computeTenantRoot } from "../entry/ids.js";
import { FormatError } from "../errors.js";

/** What a tenant is, for everybody: plain JSON, no secret. Whoever gets it from a trusted hand knows which tenant is meant. */
export interface TenantIdentity {
	/** A name for people; two tenants may have the same. */
	readonly tenantId: string;
	/** Public administration key, 64 hex digits: the root of all trust. */
	readonly administrationKey: string;
	/** Public recovery key, 64 hex digits. */
	readonly recoveryKey?: string;
	/** Hash over all of these, 64 hex digits. */
	readonly tenantRoot: string;
}

/** @throws {FormatError} when a field is missing or the root does not fit. */
export async function parseTenantIdentity(crypto: Crypto, value: unknown): Promise<TenantIdentity> {
	const fields =
		typeof value === "object" && value !== null ? (value as Partial<Record<keyof TenantIdentity, unknown>>) : {};
	const { tenantId, administrationKey, recoveryKey, tenantRoot } = fields;
	if (typeof tenantId !== "string" || typeof administrationKey !== "string" || typeof tenantRoot !== "string") {
		throw new FormatError("tenant: expected tenantId, administrationKey and tenantRoot");
	}
	if (recoveryKey !== undefined && typeof recoveryKey !== "string") {
		throw new FormatError("tenant: expected recoveryKey as text", { field: "recoveryKey" });
	}
	const identity = await makeTenantIdentity(crypto, {
		tenantId,
		administrationKey: fromHex(administrationKey, 32),
		recoveryKey: recoveryKey === undefined ? undefined : fromHex(recoveryKey, 32),
	});
	if (identity.tenantRoot !== tenantRoot) {
		throw new FormatError("tenant: the root does not fit the name and keys", { field: "tenantRoot" });
	}
	return identity;
}

/** @throws {FormatError} when the name is not 1 to 128 bytes, or a key is none that anybody could sign with. */
export async function makeTenantIdentity(
	crypto: Crypto,
	tenant: {
		readonly tenantId: string;
		readonly administrationKey: Uint8Array;
		readonly recoveryKey?: Uint8Array | undefined;
	},
): Promise<TenantIdentity> {
	const { tenantId, administrationKey, recoveryKey } = tenant;
	checkId(tenantId, "tenantId");
	for (const key of [administrationKey, recoveryKey]) {
		if (key !== undefined && !crypto.isValidSigningPublicKey(key)) {
			throw new FormatError("tenant: a key is not a usable Ed25519 public key", { field: "administrationKey" });
		}
	}
	const tenantRoot = await computeTenantRoot(crypto, { label: tenantId, administrationKey, recoveryKey });
	return {
		tenantId,
		administrationKey: toHex(administrationKey),
		...(recoveryKey === undefined ? {} : { recoveryKey: toHex(recoveryKey) }),
		tenantRoot,
	};
}
