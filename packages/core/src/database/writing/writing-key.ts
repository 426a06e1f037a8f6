import { KeyError, VerifyError } from "../../errors.js";
import type { HeldKey } from "../../keys/keyring.js";
import type { DatabaseContext } from "../context.js";
import { describeVerdict } from "../judging/verdict.js";

export interface WritingKey {
	/** Public key of the author, hex. */
	readonly author: string;
	readonly decryptionKeyId: string;
	/** A version that is asked for. @default the one that the directory announces, else the newest */
	readonly keyCommitment?: string | undefined;
}

/** The version of a key to write under. @throws {VerifyError} when the author may not write. @throws {KeyError} without the key. */
export function keyToWrite({ trust, keyring }: DatabaseContext, wanted: WritingKey): HeldKey {
	const { author, decryptionKeyId, keyCommitment } = wanted;
	const barred = trust.mayWrite(author);
	if (barred !== undefined) throw new VerifyError(describeVerdict(barred));
	const commitment = keyCommitment ?? trust.writeCommitment(decryptionKeyId);
	const key = commitment === undefined ? keyring.newest(decryptionKeyId) : keyring.get(decryptionKeyId, commitment);
	if (key !== undefined) return key;
	throw new KeyError(
		commitment === undefined
			? "the KeyBag holds no key of this id"
			: "the directory announces a version of this key that the KeyBag does not hold yet; sync first",
		{ keyId: decryptionKeyId },
	);
}
