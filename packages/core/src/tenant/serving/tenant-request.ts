/**
 * How a tenant's administration key asks a server to keep the tenant.
 *
 * request = CBOR[body, Ed25519("mindoodb/1/server-tenant" ‖ 00 ‖ body)], signed by the administration key that the body names.
 *
 * body = CBOR array(7):
 *
 * | # | field             | CBOR                                    | for                                                |
 * |---|-------------------|-----------------------------------------|----------------------------------------------------|
 * | 0 | label             | text                                    | with 1 and 2 the preimage of `tenantRoot`          |
 * | 1 | administrationKey | 32 bytes                                |                                                    |
 * | 2 | recoveryKey       | 32 bytes or null                        |                                                    |
 * | 3 | server            | 32 bytes                                | signing key of the server that is asked, no other  |
 * | 4 | createdAt         | uint < 2^48, milliseconds               | an old request is worth nothing                    |
 * | 5 | keys              | array of [commitment, createdAt, wrap]  | versions of `directory`, wrapped for the server    |
 * | 6 | invitation        | 16 to 64 bytes or null                  | where the operator gives out invitations           |
 *
 * Wraps are those of docs/trust.md, "Keys". Source: docs/decisions/0064-tenants-of-a-server.md.
 */
import { type CborValue, decodeCbor, encodeCbor } from "../../bytes/cbor.js";
import { concatBytes } from "../../bytes/concat.js";
import { fromHex, toHex } from "../../bytes/hex.js";
import { asciiBytes } from "../../bytes/text.js";
import type { Crypto, SigningKey } from "../../crypto/crypto.js";
import { UsageError, VerifyError } from "../../errors.js";
import { formLimits } from "../../trust/form-codecs.js";
import { bytesOf, decodeFields, integerOf, listOf, textOf } from "../joining/fields.js";
import { makeTenantIdentity, type TenantIdentity } from "../tenant-identity.js";

const label = asciiBytes("mindoodb/1/server-tenant\0");
const what = "tenant request";
const mostBytes = 256 * 1024;
/** As many versions of one key as a KeyBag holds, or as find room. */
const mostKeys = 128;

/** A version of the key `directory` on its way to a server. */
export interface ServerKey {
	/** Hex. */
	readonly commitment: string;
	/** Milliseconds. */
	readonly createdAt: number;
	/** RSA-OAEP ciphertext. */
	readonly wrap: Uint8Array;
}

export interface TenantRequest {
	readonly identity: TenantIdentity;
	/** Signing key of the server, hex. */
	readonly server: string;
	/** Milliseconds. */
	readonly createdAt: number;
	/** Newest first. */
	readonly keys: readonly ServerKey[];
	/** What the operator gave out, 16 to 64 bytes. */
	readonly invitation: Uint8Array | undefined;
}

/** @param signingKey the administration key. @throws {UsageError} when it is another one. */
export async function encodeTenantRequest(
	crypto: Crypto,
	{ identity, server, createdAt, keys, invitation }: TenantRequest,
	signingKey: SigningKey,
): Promise<Uint8Array> {
	const { tenantId, administrationKey, recoveryKey } = identity;
	if (toHex(signingKey.publicKey) !== administrationKey) {
		throw new UsageError("a server is asked with the tenant's administration key", { code: "not-administrator" });
	}
	const body = encodeCbor([
		tenantId,
		fromHex(administrationKey, 32),
		recoveryKey === undefined ? null : fromHex(recoveryKey, 32),
		fromHex(server, 32),
		createdAt,
		keys.slice(0, mostKeys).map(({ commitment, createdAt: made, wrap }) => [fromHex(commitment, 32), made, wrap]),
		invitation ?? null,
	]);
	return encodeCbor([body, await crypto.sign(signingKey, concatBytes(label, body))]);
}

/** @throws {FormatError} @throws {VerifyError} `signature` unless the administration key that it names signed it. */
export async function decodeTenantRequest(crypto: Crypto, request: Uint8Array): Promise<TenantRequest> {
	const outer = decodeFields(request, { what, count: 2, most: mostBytes });
	const body = bytesOf(outer[0], { what, most: mostBytes });
	const signature = bytesOf(outer[1], { what, exactly: 64 });
	const fields = listOf(decodeCbor(body), { what, exactly: 7 });
	const identity = await makeTenantIdentity(crypto, {
		tenantId: textOf(fields[0], what),
		administrationKey: bytesOf(fields[1], { what, exactly: 32 }),
		recoveryKey: fields[2] === null ? undefined : bytesOf(fields[2], { what, exactly: 32 }),
	});
	const decoded = {
		identity,
		server: toHex(bytesOf(fields[3], { what, exactly: 32 })),
		createdAt: integerOf(fields[4], what),
		keys: listOf(fields[5], { what, most: mostKeys }).map(keyOf),
		invitation: fields[6] === null ? undefined : bytesOf(fields[6], { what, most: 64 }),
	};
	const signer = fromHex(identity.administrationKey, 32);
	if (!(await crypto.verify(signer, concatBytes(label, body), signature))) {
		throw new VerifyError(`${what}: expected the signature of the administration key that it names`, {
			code: "signature",
		});
	}
	return decoded;
}

function keyOf(value: CborValue): ServerKey {
	const fields = listOf(value, { what, exactly: 3 });
	return {
		commitment: toHex(bytesOf(fields[0], { what, exactly: 32 })),
		createdAt: integerOf(fields[1], what),
		wrap: bytesOf(fields[2], { what, most: formLimits.wrapBytes }),
	};
}
