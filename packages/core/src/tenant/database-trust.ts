import type { RefusedReason, Verdict } from "../database/judging/verdict.js";
import type { DatabaseTrust, TrustEffects } from "../database/trust-port.js";
import { type Entry, linkOf } from "../entry/entry.js";
import type { LocalStore } from "../store/store.js";
import type { DirectoryChanges } from "../trust/directory-changes.js";
import type { DirectoryLog } from "../trust/directory-log.js";
import { directoryId } from "../trust/directory-record.js";
import { type AuthoredEntry, type ChainReader, DatabaseJudge, type PardonedEntries } from "../trust/judge.js";
import type { AuthorRefusal, AuthorVerdict, DirectoryRefusal } from "../trust/trust-verdict.js";
import type { AwaitedDirectory } from "./joining/awaited-directory.js";

/** What the directory means for one database. */
export class TenantTrust implements DatabaseTrust {
	readonly #log: DirectoryLog;
	readonly #awaited: AwaitedDirectory;
	readonly #dbId: string;
	readonly #judge: DatabaseJudge;
	/** Keys that may store in the directory, at a revision of its state. */
	#writers: { readonly revision: number; readonly keys: ReadonlySet<string> } | undefined;

	constructor(log: DirectoryLog, awaited: AwaitedDirectory, dbId: string, store: LocalStore) {
		this.#log = log;
		this.#awaited = awaited;
		this.#dbId = dbId;
		this.#judge = new DatabaseJudge(log.state, dbId, chainReader(store));
	}

	get generation(): number {
		return this.#log.state.revision;
	}

	get hasPardons(): boolean {
		const { entries, runs } = this.#log.state.pardons(this.#dbId);
		return entries.size + runs.length > 0;
	}

	async judge(entries: readonly Entry[]): Promise<(Verdict | undefined)[]> {
		const { verdict } = this.#awaited;
		if (verdict !== undefined) return entries.map(() => verdict);
		const verdicts = await this.#judge.judge(entries.map(authored));
		return verdicts.map(verdictOf);
	}

	async pardoned(entries: readonly Entry[]): Promise<PardonedEntries> {
		if (this.#dbId === directoryId) return { pardoned: new Set(), missingLinks: new Map() };
		return this.#judge.pardoned(entries.map(authored));
	}

	judgeKey(decryptionKeyId: string, keyCommitment: string): Verdict | undefined {
		if (this.#dbId === directoryId) return undefined;
		const verdict = this.#log.state.judgeKey(decryptionKeyId, keyCommitment);
		return verdict.verdict === "accepted"
			? undefined
			: { kind: "pending", reason: "key-unannounced", missing: [keyCommitment] };
	}

	headsFor(publicKey: string): readonly string[] {
		return this.#log.state.headsFor(publicKey);
	}

	writeCommitment(decryptionKeyId: string): string | undefined {
		const { state } = this.#log;
		return state.governs(decryptionKeyId) ? state.writeVersion(decryptionKeyId) : undefined;
	}

	mayStore(publicKey: string): boolean {
		const { state } = this.#log;
		if (this.#dbId !== directoryId) return state.everGranted(publicKey);
		if (this.#writers?.revision !== state.revision) {
			const keys = new Set(state.administrators().map(({ signingKey }) => signingKey));
			this.#writers = { revision: state.revision, keys };
		}
		return this.#writers.keys.has(publicKey);
	}

	isMember(publicKey: string): boolean {
		return this.#log.state.isMember(publicKey);
	}

	erasedDocuments(): readonly string[] {
		return this.#dbId === directoryId ? [] : this.#log.state.purgeRequests(this.#dbId);
	}

	mayWrite(publicKey: string): Verdict | undefined {
		return this.#awaited.verdict ?? verdictOf(this.#judge.mayWrite(publicKey));
	}

	/** What a change of the directory means for this database. */
	effectsOf(changes: DirectoryChanges): TrustEffects {
		const { state } = this.#log;
		const directory = this.#dbId === directoryId;
		const adminOnly = directory || state.adminOnly(this.#dbId);
		const pardons = changes.pardons.filter(({ dbId }) => dbId === this.#dbId);
		return {
			known: directory ? [] : changes.known,
			authors: [...changes.authors, ...(adminOnly ? changes.administrators : [])],
			pardoned: pardons.flatMap(({ entries }) => entries),
			pardonedRuns: pardons.flatMap(({ runs }) => runs.map(({ to }) => to)),
			keys: directory ? [] : changes.commitments,
			judged: directory ? changes.verdicts : [],
			everything:
				changes.adminOnly.includes(this.#dbId) ||
				(!directory && (changes.hidden || changes.governed.length > 0 || this.#withdrew(changes.commitments))),
		};
	}

	/** Whether a version of a key is no longer announced: what was written under it counts somewhere, and no index leads there. */
	#withdrew(commitments: readonly string[]): boolean {
		if (commitments.length === 0) return false;
		const { state } = this.#log;
		const announced = new Set(state.governedKeys().flatMap((keyId) => state.announcedCommitments(keyId)));
		return commitments.some((commitment) => !announced.has(commitment));
	}
}

function authored(entry: Entry): AuthoredEntry {
	return {
		hash: entry.hash,
		previousByAuthor: entry.common.previousByAuthor,
		signer: entry.common.createdByPublicKey,
		directoryHeads: entry.fields?.directoryHeads ?? [],
	};
}

function chainReader(store: LocalStore): ChainReader {
	return {
		async *linksOfAuthor(publicKey, after) {
			for await (const batch of store.entriesOfAuthor(publicKey, { after })) {
				yield batch.map(({ arrival, entry }) => ({
					arrival,
					hash: entry.hash,
					previousByAuthor: linkOf(entry).previousByAuthor,
				}));
			}
		},
		async authorsOf(hashes) {
			const arrivals = await store.arrivalsOf(hashes);
			const found = await store.getArrivals(
				arrivals.filter((arrival) => arrival !== undefined),
				{ payload: false, purged: true },
			);
			const authors = new Map(found.map(({ entry }) => [entry.hash, linkOf(entry).createdByPublicKey]));
			return hashes.map((hash) => authors.get(hash));
		},
	};
}

function verdictOf(verdict: AuthorVerdict): Verdict | undefined {
	switch (verdict.verdict) {
		case "accepted":
			return undefined;
		case "pending":
			return verdict.missingLinks.length > 0
				? { kind: "pending", reason: "chain", missing: verdict.missingLinks }
				: { kind: "pending", reason: "directory", missing: [...verdict.missingDirectory, ...verdict.lockedDirectory] };
		case "refused":
			return { kind: "refused", reason: reasons[verdict.reason], by: verdict.by };
	}
}

const reasons: Record<AuthorRefusal | DirectoryRefusal, RefusedReason> = {
	"not-granted": "not-granted",
	"revoked-before": "revoked",
	revoked: "revoked",
	"not-administrator": "not-administrator",
	"administrator-revoked-before": "revoked",
	"administrator-revoked": "revoked",
	malformed: "change",
	form: "not-administrator",
	dependency: "dependency",
};
