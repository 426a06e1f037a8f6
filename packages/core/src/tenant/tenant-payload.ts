/**
 * Encryption of free bytes under a key of the tenant, for applications: keyCommitment(32) ‖ iv(12) ‖ ciphertext ‖ tag(16), AES-256-GCM
 * under the subkey of the document "" of database "", random iv, associated data CBOR["payload", key id]. No document has an empty id.
 */
import { encodeCbor } from "../bytes/cbor.js";
import { concatBytes } from "../bytes/concat.js";
import { fromHex, toHex } from "../bytes/hex.js";
import type { Crypto, Random } from "../crypto/crypto.js";
import { FormatError, KeyError } from "../errors.js";
import type { HeldKey, Keyring } from "../keys/keyring.js";
import type { DirectoryState } from "../trust/directory-state.js";

const front = 32 + 12;

/** The newest version of a key, as the directory says where it governs the key. @throws {KeyError} when it is not in the KeyBag. */
export function payloadKey(
	keyring: Keyring,
	state: Pick<DirectoryState, "governs" | "writeVersion">,
	decryptionKeyId: string,
): HeldKey {
	const commitment = state.governs(decryptionKeyId) ? state.writeVersion(decryptionKeyId) : undefined;
	const held = commitment === undefined ? keyring.newest(decryptionKeyId) : keyring.get(decryptionKeyId, commitment);
	if (held === undefined) throw new KeyError("the KeyBag does not hold this key", { keyId: decryptionKeyId });
	return held;
}

export async function encryptTenantPayload(
	env: { readonly crypto: Crypto; readonly random: Random },
	held: HeldKey,
	plaintext: Uint8Array,
): Promise<Uint8Array> {
	const iv = env.random.randomBytes(12);
	const key = await held.subkeys.documentKey("", "");
	const sealed = await env.crypto.seal(key, iv, plaintext, associatedData(held.decryptionKeyId));
	return concatBytes(fromHex(held.keyCommitment, 32), iv, sealed);
}

/** @throws {KeyError} `key-missing`, or `key-mismatch` when the bytes were altered. @throws {FormatError} */
export async function decryptTenantPayload(
	crypto: Crypto,
	keyring: Keyring,
	payload: Uint8Array,
	decryptionKeyId: string,
): Promise<Uint8Array> {
	if (payload.length < front + 16) {
		throw new FormatError(`payload: expected at least ${front + 16} bytes, found ${payload.length}`);
	}
	const held = keyring.get(decryptionKeyId, toHex(payload.subarray(0, 32)));
	if (held === undefined) {
		throw new KeyError("payload: the version of the key that it needs is not in the KeyBag", {
			keyId: decryptionKeyId,
		});
	}
	const key = await held.subkeys.documentKey("", "");
	const plaintext = await crypto.open(
		key,
		payload.slice(32, front),
		payload.subarray(front),
		associatedData(decryptionKeyId),
	);
	if (plaintext === undefined) {
		throw new KeyError("payload: it was altered", { code: "key-mismatch", keyId: decryptionKeyId });
	}
	return plaintext;
}

function associatedData(decryptionKeyId: string): Uint8Array {
	return encodeCbor(["payload", decryptionKeyId]);
}
