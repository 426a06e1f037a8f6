/**
 * What an administrator answers to a join-request. Without the request it means nothing: the signature covers both.
 *
 * join-response = CBOR[body, signing key, Ed25519("mindoodb/1/join-response" ‖ 00 ‖ SHA-256(join-request) ‖ body)]
 *
 * | body | type                                                                                       |
 * |------|--------------------------------------------------------------------------------------------|
 * | 0    | label of the tenant: text                                                                  |
 * | 1    | public administration key: 32 bytes                                                        |
 * | 2    | public recovery key: 32 bytes, or null                                                     |
 * | 3    | directory heads that the administrator knew: 1 to 64 hashes, ascending                     |
 * | 4    | keys: array of [key id, created at, commitment, wrap], ascending by key id, then commitment |
 * | 5    | servers: array of [signing key, encryption key (SPKI DER), array of addresses], ascending by signing key |
 *
 * A wrap is that of a `keyrelease`. Source: docs/trust.md, "Joining, rolling back, leaving", and docs/decisions/0029-joining.md.
 */
import { type CborValue, encodeCbor } from "../../bytes/cbor.js";
import { compareBytes } from "../../bytes/compare.js";
import { concatBytes } from "../../bytes/concat.js";
import { fromHex, toHex } from "../../bytes/hex.js";
import { asciiBytes, encodeUtf8 } from "../../bytes/text.js";
import type { Crypto, SigningKey } from "../../crypto/crypto.js";
import { checkId } from "../../entry/header.js";
import { limits } from "../../entry/limits.js";
import { FormatError, VerifyError } from "../../errors.js";
import { keyBagLimits } from "../../keys/key-bag-file.js";
import { formLimits } from "../../trust/form-codecs.js";
import { makeTenantIdentity, type TenantIdentity } from "../tenant-identity.js";
import { bytesOf, decodeFields, integerOf, listOf, textOf } from "./fields.js";

const label = asciiBytes("mindoodb/1/join-response\0");
const what = "join-response";
const most = 16 * 1024 * 1024;
const mostServers = 1024;

/** A version of a key for the newcomer. */
export interface WrappedKey {
	readonly keyId: string;
	/** Milliseconds. */
	readonly createdAt: number;
	/** Hex. */
	readonly commitment: string;
	/** RSA-OAEP ciphertext. */
	readonly wrap: Uint8Array;
}

export interface InvitationServer {
	/** Hex. */
	readonly signingKey: string;
	/** SPKI DER. */
	readonly encryptionKey: Uint8Array;
	readonly addresses: readonly string[];
}

export interface JoinResponseBody {
	readonly identity: TenantIdentity;
	/** Hex, ascending. */
	readonly directoryHeads: readonly string[];
	readonly keys: readonly WrappedKey[];
	readonly servers: readonly InvitationServer[];
}

export interface JoinResponse extends JoinResponseBody {
	/** Who signed it, hex. Whether that was an administrator, the directory must say. */
	readonly signer: string;
}

/** @param requestHash 32 bytes. */
export async function encodeJoinResponse(
	crypto: Crypto,
	body: JoinResponseBody,
	{ signingKey, requestHash }: { readonly signingKey: SigningKey; readonly requestHash: Uint8Array },
): Promise<Uint8Array> {
	const bytes = encodeBody(body);
	const signature = await crypto.sign(signingKey, concatBytes(label, requestHash, bytes));
	return encodeCbor([bytes, signingKey.publicKey, signature]);
}

/**
 * Reads an answer to the request of this hash.
 * @throws {FormatError} @throws {VerifyError} `signature` when it answers another request or was altered.
 */
export async function decodeJoinResponse(
	crypto: Crypto,
	response: Uint8Array,
	requestHash: Uint8Array,
): Promise<JoinResponse> {
	const outer = decodeFields(response, { what, count: 3, most });
	const body = bytesOf(outer[0], { what, most });
	const signer = bytesOf(outer[1], { what, exactly: 32 });
	const signature = bytesOf(outer[2], { what, exactly: 64 });
	const decoded = await decodeBody(crypto, body);
	if (!(await crypto.verify(signer, concatBytes(label, requestHash, body), signature))) {
		throw new VerifyError(`${what}: its signature does not fit this request`, { code: "signature" });
	}
	return { ...decoded, signer: toHex(signer) };
}

function encodeBody({ identity, directoryHeads, keys, servers }: JoinResponseBody): Uint8Array {
	const { tenantId, administrationKey, recoveryKey } = identity;
	return encodeCbor([
		tenantId,
		fromHex(administrationKey, 32),
		recoveryKey === undefined ? null : fromHex(recoveryKey, 32),
		[...directoryHeads].sort().map((hash) => fromHex(hash, 32)),
		keys
			.map(({ keyId, createdAt, commitment, wrap }) => [keyId, createdAt, fromHex(commitment, 32), wrap] as const)
			.sort((a, b) => compareBytes(keyPlace(a[0], a[2]), keyPlace(b[0], b[2]))),
		servers
			.map(({ signingKey, encryptionKey, addresses }) => [fromHex(signingKey, 32), encryptionKey, addresses] as const)
			.sort((a, b) => compareBytes(a[0], b[0])),
	]);
}

async function decodeBody(crypto: Crypto, body: Uint8Array): Promise<JoinResponseBody> {
	const fields = decodeFields(body, { what, count: 6, most });
	const heads = listOf(fields[3], { what, most: limits.directoryHeads });
	// An answer that names no heads would let a relay show any older directory.
	if (heads.length === 0) throw new FormatError(`${what}: expected at least one directory head`);
	const hashes = heads.map((each) => bytesOf(each, { what, exactly: 32 }));
	checkAscending(hashes);
	const keys = listOf(fields[4], { what, most: keyBagLimits.versions }).map(keyOf);
	checkAscending(keys.map(({ keyId, commitment }) => keyPlace(keyId, fromHex(commitment, 32))));
	const servers = listOf(fields[5], { what, most: mostServers }).map((each) => serverOf(crypto, each));
	checkAscending(servers.map(({ signingKey }) => fromHex(signingKey, 32)));
	return {
		identity: await makeTenantIdentity(crypto, {
			tenantId: textOf(fields[0], what),
			administrationKey: bytesOf(fields[1], { what, exactly: 32 }),
			recoveryKey: fields[2] === null ? undefined : bytesOf(fields[2], { what, exactly: 32 }),
		}),
		directoryHeads: hashes.map(toHex),
		keys,
		servers,
	};
}

function keyOf(value: CborValue): WrappedKey {
	const fields = listOf(value, { what, exactly: 4 });
	const keyId = textOf(fields[0], what);
	checkId(keyId, "keyId");
	return {
		keyId,
		createdAt: integerOf(fields[1], what),
		commitment: toHex(bytesOf(fields[2], { what, exactly: 32 })),
		wrap: bytesOf(fields[3], { what, most: formLimits.wrapBytes }),
	};
}

function serverOf(crypto: Crypto, value: CborValue): InvitationServer {
	const fields = listOf(value, { what, exactly: 3 });
	const signingKey = bytesOf(fields[0], { what, exactly: 32 });
	if (!crypto.isValidSigningPublicKey(signingKey)) throw new FormatError(`${what}: expected a usable signing key`);
	return {
		signingKey: toHex(signingKey),
		encryptionKey: bytesOf(fields[1], { what, most: formLimits.encryptionKeyBytes }),
		addresses: listOf(fields[2], { what, most: formLimits.addresses }).map((each) => textOf(each, what)),
	};
}

function keyPlace(keyId: string, commitment: Uint8Array): Uint8Array {
	return concatBytes(encodeUtf8(keyId), Uint8Array.of(0), commitment);
}

function checkAscending(values: readonly Uint8Array[]): void {
	for (let i = 1; i < values.length; i++) {
		if (compareBytes(values[i - 1] as Uint8Array, values[i] as Uint8Array) >= 0) {
			throw new FormatError(`${what}: expected ascending order, each once`);
		}
	}
}
