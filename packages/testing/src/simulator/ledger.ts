/** What users were told, and when: what must hold of it is found out at the end. */

/** A word that somebody wrote into a document. */
export interface WrittenWord {
	readonly word: string;
	/** Public key of who wrote it. */
	readonly by: string;
	/** Time of the world at which it was begun. */
	readonly at: number;
	/** The document, once the software has said that it is durable. */
	docId: string | undefined;
}

/** All words begin so: where these bytes lie in the clear, somebody wrote plaintext. */
export const wordPrefix = "plainly-";

export class Ledger {
	readonly words: WrittenWord[] = [];
	readonly docIds: string[] = [];
	/** Documents that somebody asked to be erased. */
	readonly purged = new Set<string>();
	/** Documents in which a member signed one of its own changes twice: either may count, and what builds on the other one does not. */
	readonly forked = new Set<string>();
	/** By public key: between when and when what its owner begins to write must not be shown to anybody who knows the directory. */
	readonly revoked = new Map<string, { readonly from: number; until: number }[]>();
	/** Keys whose grant was ended, or begun to be. */
	readonly everRevoked = new Set<string>();

	/** Notes that somebody begins to write a word. */
	begin(by: string, at: number): WrittenWord {
		const word: WrittenWord = { word: `${wordPrefix}${this.words.length + 1}.`, by, at, docId: undefined };
		this.words.push(word);
		return word;
	}

	revoke(publicKey: string, from: number): void {
		const times = this.revoked.get(publicKey) ?? [];
		times.push({ from, until: Number.POSITIVE_INFINITY });
		this.revoked.set(publicKey, times);
	}

	grant(publicKey: string, until: number): void {
		for (const time of this.revoked.get(publicKey) ?? []) time.until = Math.min(time.until, until);
	}

	isRevoked(publicKey: string): boolean {
		return (this.revoked.get(publicKey) ?? []).some(({ until }) => until === Number.POSITIVE_INFINITY);
	}

	/** Whether somebody wrote it who had no right to. */
	isUnauthorised({ by, at }: WrittenWord): boolean {
		return (this.revoked.get(by) ?? []).some(({ from, until }) => at > from && at < until);
	}
}
