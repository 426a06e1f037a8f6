import { encodeCbor } from "../bytes/cbor.js";
import { compareBytes } from "../bytes/compare.js";
import { fromHex, toHex } from "../bytes/hex.js";
import type { Crypto, UnwrappingKey } from "../crypto/crypto.js";
import { KeyError } from "../errors.js";
import { tenantSubkeys } from "../keys/subkeys.js";
import type { KeyWrap } from "../trust/form-codecs.js";

/** A version of a key, named the way the directory names it. */
export interface KeyVersionName {
	/** Hex. */
	readonly tenantRoot: string;
	readonly keyId: string;
	/** Hex. */
	readonly commitment: string;
}

/**
 * Wraps a version of a key for members and servers: RSA-OAEP, SHA-256, label CBOR["mindoodb/1/key-release", tenantRoot, keyId,
 * commitment]. Source: docs/trust.md, "Keys".
 * @param key 32 bytes. @param receivers SPKI DER each. @returns sorted by receiver, without those whose key is none to wrap to: one bad
 * grant must not keep a key from everybody else.
 */
export async function wrapKey(
	crypto: Crypto,
	name: KeyVersionName,
	key: Uint8Array,
	receivers: readonly Uint8Array[],
): Promise<KeyWrap[]> {
	const label = releaseLabel(name);
	const wraps = await Promise.all(
		receivers.map(async (spki) => {
			const wrap = await wrapOrNothing(crypto, spki, key, label);
			return wrap && { receiver: await crypto.sha256(spki), wrap };
		}),
	);
	return wraps
		.filter((each) => each !== undefined)
		.sort((a, b) => compareBytes(a.receiver, b.receiver))
		.map(({ receiver, wrap }) => ({ receiver: toHex(receiver), wrap }));
}

async function wrapOrNothing(
	crypto: Crypto,
	spki: Uint8Array,
	key: Uint8Array,
	label: Uint8Array,
): Promise<Uint8Array | undefined> {
	try {
		return await crypto.wrap(spki, key, label);
	} catch (error) {
		if (error instanceof KeyError) return undefined;
		throw error;
	}
}

/** @returns the key, `undefined` when the wrap is for somebody else or holds another version than it says. */
export async function unwrapKey(
	crypto: Crypto,
	name: KeyVersionName,
	wrap: Uint8Array,
	unwrappingKey: UnwrappingKey,
): Promise<Uint8Array | undefined> {
	const key = await crypto.unwrap(unwrappingKey, wrap, releaseLabel(name));
	if (key?.length !== 32) return undefined;
	const subkeys = await tenantSubkeys(crypto, key, name.tenantRoot);
	return (await subkeys.keyCommitment(name.keyId)) === name.commitment ? key : undefined;
}

function releaseLabel({ tenantRoot, keyId, commitment }: KeyVersionName): Uint8Array {
	return encodeCbor(["mindoodb/1/key-release", fromHex(tenantRoot, 32), keyId, fromHex(commitment, 32)]);
}
