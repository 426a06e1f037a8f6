/**
 * One of n shares of a recovery copy; any k of them open it, and each carries the copy, so that nothing else is needed.
 *
 * share = CBOR[body, SHA-256("mindoodb/1/recovery-share" ‖ 00 ‖ body)]
 *
 * | body | type                                                                            |
 * |------|---------------------------------------------------------------------------------|
 * | 0    | version: 1                                                                      |
 * | 1    | set: 16 random bytes, equal in all shares that belong together                  |
 * | 2    | k: 2 to 255                                                                     |
 * | 3    | n: k to 255                                                                     |
 * | 4    | number of the share: 1 to n                                                     |
 * | 5    | check value of the secret: 32 bytes, see recovery-copy.ts                       |
 * | 6    | share of the secret: 33 bytes, Shamir's scheme over GF(256) as `shamir-secret-sharing` has it |
 * | 7    | the sealed copy: iv(12) ‖ ciphertext ‖ tag(16)                                  |
 *
 * The checksum finds damage, not ill will: that the secret is the right one, the check value says. Source:
 * docs/decisions/0030-recovery.md.
 */
import { encodeCbor } from "../../bytes/cbor.js";
import { equalBytes } from "../../bytes/compare.js";
import { concatBytes } from "../../bytes/concat.js";
import { asciiBytes } from "../../bytes/text.js";
import type { Crypto } from "../../crypto/crypto.js";
import { FormatError } from "../../errors.js";
import { bytesOf, decodeFields, integerOf } from "../joining/fields.js";

export interface RecoveryShare {
	/** 16 bytes. */
	readonly set: Uint8Array;
	readonly k: number;
	readonly n: number;
	readonly number: number;
	/** 32 bytes. */
	readonly check: Uint8Array;
	/** 33 bytes. */
	readonly share: Uint8Array;
	readonly sealed: Uint8Array;
}

const label = asciiBytes("mindoodb/1/recovery-share\0");
const what = "recovery share";
/** A KeyBag with a million keys, rounded up. */
const most = 96 * 1024 * 1024;

export async function encodeRecoveryShare(crypto: Crypto, share: RecoveryShare): Promise<Uint8Array> {
	const { set, k, n, number, check, sealed } = share;
	const body = encodeCbor([1, set, k, n, number, check, share.share, sealed]);
	return encodeCbor([body, await crypto.sha256(concatBytes(label, body))]);
}

/** @throws {FormatError} also when the checksum does not fit: the share was damaged or mistyped. */
export async function decodeRecoveryShare(crypto: Crypto, bytes: Uint8Array): Promise<RecoveryShare> {
	const outer = decodeFields(bytes, { what, count: 2, most });
	const [body, checksum] = [bytesOf(outer[0], { what, most }), bytesOf(outer[1], { what, exactly: 32 })];
	if (!equalBytes(checksum, await crypto.sha256(concatBytes(label, body)))) {
		throw new FormatError(`${what}: its checksum does not fit, it was damaged`, { field: "checksum" });
	}
	const fields = decodeFields(body, { what, count: 8, most });
	if (fields[0] !== 1) throw new FormatError(`${what}: expected version 1`, { code: "unsupported", expected: 1 });
	const [k, n, number] = [fields[2], fields[3], fields[4]].map((each) => integerOf(each, what, 255)) as [
		number,
		number,
		number,
	];
	if (k < 2 || n < k || number < 1 || number > n) {
		throw new FormatError(`${what}: expected 2 to n shares of at most 255, found ${k} of ${n}, number ${number}`);
	}
	const sealed = bytesOf(fields[7], { what, most });
	if (sealed.length < 28) throw new FormatError(`${what}: expected a sealed copy`);
	return {
		set: bytesOf(fields[1], { what, exactly: 16 }),
		k,
		n,
		number,
		check: bytesOf(fields[5], { what, exactly: 32 }),
		share: bytesOf(fields[6], { what, exactly: 33 }),
		sealed,
	};
}
