import { KeyError, UsageError, VerifyError } from "../../errors.js";
import type { HeldKey } from "../../keys/keyring.js";
import type { DatabaseContext } from "../context.js";
import type { Standing } from "../documents/open-document-context.js";
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

/**
 * Id of the key under which a document is changed.
 * @param deleted whether it may be deleted. @throws {UsageError} `not-found`, `document-deleted`. @throws {KeyError} without the key.
 */
export function keyIdToChange(standing: Standing, deleted: boolean): string {
	if (standing.decryptionKeyId === undefined) {
		if (standing.locked) throw new KeyError("the document's key is not in the KeyBag");
		throw new UsageError("the document does not exist, or nothing of it counts here", { code: "not-found" });
	}
	if (standing.deleted && !deleted) {
		throw new UsageError("the document is deleted; undeleteDocument brings it back", { code: "document-deleted" });
	}
	return standing.decryptionKeyId;
}
