/**
 * What somebody hands to an administrator to become a member.
 *
 * join-request = CBOR[body, Ed25519("mindoodb/1/join-request" ‖ 00 ‖ body)]
 *
 * | body | type                                        |
 * |------|---------------------------------------------|
 * | 0    | username: text, NFC, 1 to 256 bytes         |
 * | 1    | public signing key: 32 bytes                |
 * | 2    | public encryption key: SPKI DER, RSA        |
 * | 3    | 16 random bytes                             |
 *
 * Source: docs/trust.md, "Joining, rolling back, leaving".
 */
import { encodeCbor } from "../../bytes/cbor.js";
import { concatBytes } from "../../bytes/concat.js";
import { asciiBytes } from "../../bytes/text.js";
import type { Crypto, Random } from "../../crypto/crypto.js";
import { FormatError, VerifyError } from "../../errors.js";
import { encodePublicKeyPem, encodeSigningKeyPem } from "../../keys/pem.js";
import { type PublicUserId, parsePublicUserId, type UnlockedUser } from "../../keys/user-id.js";
import { formLimits } from "../../trust/form-codecs.js";
import { bytesOf, decodeFields, textOf } from "./fields.js";
import { wordsOfHash } from "./words.js";

const label = asciiBytes("mindoodb/1/join-request\0");
const most = 16 * 1024;

export interface JoinRequest {
	readonly user: PublicUserId;
	/** SHA-256 of the whole request, 32 bytes. */
	readonly hash: Uint8Array;
	/** What the newcomer sees too: who compares them knows that nobody put another request in its place. */
	readonly words: string;
}

/** A request in the name of this user; two are never the same. */
export async function makeJoinRequest(
	{ crypto, random }: { readonly crypto: Crypto; readonly random: Random },
	{ username, signingKey, unwrappingKey }: UnlockedUser,
): Promise<Uint8Array> {
	const body = encodeCbor([username, signingKey.publicKey, unwrappingKey.publicKey, random.randomBytes(16)]);
	return encodeCbor([body, await crypto.sign(signingKey, concatBytes(label, body))]);
}

/** @throws {FormatError} @throws {VerifyError} `signature` when it was not made by the owner of its signing key. */
export async function readJoinRequest(crypto: Crypto, request: Uint8Array): Promise<JoinRequest> {
	const what = "join-request";
	const outer = decodeFields(request, { what, count: 2, most });
	const [body, signature] = [bytesOf(outer[0], { what, most }), bytesOf(outer[1], { what, exactly: 64 })];
	const fields = decodeFields(body, { what, count: 4, most });
	const username = textOf(fields[0], what);
	const signingKey = bytesOf(fields[1], { what, exactly: 32 });
	const encryptionKey = bytesOf(fields[2], { what, most: formLimits.encryptionKeyBytes });
	bytesOf(fields[3], { what, exactly: 16 });
	if (!crypto.isValidSigningPublicKey(signingKey)) throw new FormatError(`${what}: expected a usable signing key`);
	const user = parsePublicUserId({
		username,
		userSigningPublicKey: encodeSigningKeyPem(signingKey),
		userEncryptionPublicKey: encodePublicKeyPem(encryptionKey),
	});
	if (!(await crypto.verify(signingKey, concatBytes(label, body), signature))) {
		throw new VerifyError(`${what}: its signature does not fit`, { code: "signature" });
	}
	const hash = await crypto.sha256(request);
	return { user, hash, words: wordsOfHash(hash) };
}
