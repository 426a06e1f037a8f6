/**
 * The payload with which a side of a handshake proves its signing key: CBOR[signing key (32 bytes), signature (64 bytes)], 101 bytes. The
 * signature covers the role, the tenant and the static key of the channel, so it is of no use on another one, nor the other way round.
 */
import { decodeCbor, encodeCbor } from "../../bytes/cbor.js";
import { concatBytes } from "../../bytes/concat.js";
import { fromHex, toHex } from "../../bytes/hex.js";
import { encodeUtf8 } from "../../bytes/text.js";
import type { AgreementKey, Crypto, Random, SigningKey } from "../../crypto/crypto.js";
import { FormatError, VerifyError } from "../../errors.js";

/** As it stands in what is signed. */
export const roles = { initiator: 0, responder: 1 } as const;
export type Role = keyof typeof roles;
/** Bytes. */
export const proofLength = 101;

/** With what a replica speaks: its signing key, and a static key of Noise that is made anew for each process. */
export interface ChannelIdentity {
	readonly signingKey: SigningKey;
	readonly staticKey: AgreementKey;
}

/** @param env `random` gives the static key. */
export async function createChannelIdentity(
	env: { readonly crypto: Crypto; readonly random: Random },
	signingKey: SigningKey,
): Promise<ChannelIdentity> {
	return { signingKey, staticKey: await env.crypto.importAgreementKey(env.random.randomBytes(32)) };
}

export async function makeProof(
	crypto: Crypto,
	identity: ChannelIdentity,
	role: Role,
	tenantRoot: string,
): Promise<Uint8Array> {
	const signature = await crypto.sign(identity.signingKey, signedBytes(role, tenantRoot, identity.staticKey.publicKey));
	return encodeCbor([identity.signingKey.publicKey, signature]);
}

/**
 * @param role of the side that made it.
 * @param staticKey that side's, as the handshake told.
 * @returns its signing key, hex.
 * @throws {FormatError} when it is no proof.
 * @throws {VerifyError} when the signature does not hold.
 */
export async function checkProof(
	crypto: Crypto,
	proof: Uint8Array,
	role: Role,
	tenantRoot: string,
	staticKey: Uint8Array,
): Promise<string> {
	const { publicKey, signature } = decodeProof(proof);
	if (await crypto.verify(publicKey, signedBytes(role, tenantRoot, staticKey), signature)) return toHex(publicKey);
	throw new VerifyError("channel: the other side has not proved its key", { code: "signature" });
}

function decodeProof(proof: Uint8Array): { readonly publicKey: Uint8Array; readonly signature: Uint8Array } {
	const fields = decodeCbor(proof);
	if (Array.isArray(fields) && fields.length === 2) {
		const [publicKey, signature] = fields;
		if (publicKey instanceof Uint8Array && publicKey.length === 32 && signature instanceof Uint8Array) {
			return { publicKey, signature };
		}
	}
	throw new FormatError("channel: expected a proof");
}

function signedBytes(role: Role, tenantRoot: string, staticKey: Uint8Array): Uint8Array {
	const label = encodeUtf8("mindoodb/1/session");
	return concatBytes(label, Uint8Array.of(0, roles[role]), fromHex(tenantRoot, 32), staticKey);
}
