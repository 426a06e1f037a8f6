import { toHex } from "../bytes/hex.js";
import { limits } from "../entry/limits.js";
import { administratorRight, type TrustView } from "./author-right.js";
import { changesOf, type DirectoryChanges } from "./directory-changes.js";
import { DirectoryFold } from "./directory-fold.js";
import { DirectoryGraph, type DirectoryNode, unjudged } from "./directory-graph.js";
import { type DirectoryRecord, directoryId, type RecordContents } from "./directory-record.js";
import type { ChainRun } from "./form-codecs.js";
import type { FormName } from "./forms.js";
import { type Administrator, administratorsOf, type Member, membersOf, type SyncServer, serversOf } from "./people.js";
import { statedHeads } from "./stated-heads.js";
import { acceptedByTrust, type DirectoryVerdict, type KeyVerdict, pendingTrust } from "./trust-verdict.js";

export interface DirectoryStateOptions {
	/** 32 raw bytes. */
	readonly administrationKey: Uint8Array;
	readonly recoveryKey?: Uint8Array | undefined;
	/** 64 hex digits; entries of other tenants must not be handed in. */
	readonly tenantRoot: string;
}

/** A version of a key, handed to one receiver. */
export interface ReleasedKey {
	/** Entry that hands it over. */
	readonly hash: string;
	readonly keyId: string;
	readonly commitment: string;
	/** RSA-OAEP ciphertext for the receiver. */
	readonly wrap: Uint8Array;
}

/** An entry of the directory that counts. */
export interface CountedForm {
	readonly hash: string;
	readonly form: FormName;
	readonly signer: string;
	readonly createdAt: number;
}

/** What administrators pardoned in a database. */
export interface PardonedNames {
	readonly entries: ReadonlySet<string>;
	readonly runs: readonly ChainRun[];
}

/**
 * What the directory's entries mean: who is a member, who administers, which keys, pardons and purges count. A pure function of
 * the set of entries that were added: neither their order nor a clock plays a part.
 *
 * Adding costs O(1) an entry (times chains of the causal order, about the number of administrators who write at the same time);
 * only revoked administrators, pardons inside the directory and keys that come late make it judge older entries again.
 */
export class DirectoryState {
	readonly tenantRoot: string;
	readonly #graph: DirectoryGraph;
	#fold: DirectoryFold;
	#revision = 0;
	/** Heads that entries state, by their signer; kept where there are more than one entry can name. */
	readonly #stated = new Map<string, readonly string[]>();
	readonly #writeVersions = new Map<string, string | undefined>();
	/** Authors of grants by the key that they grant, whether they count or not. */
	readonly #granters = new Map<string, Set<string>>();

	private constructor(tenantRoot: string, graph: DirectoryGraph) {
		this.tenantRoot = tenantRoot;
		this.#graph = graph;
		this.#fold = new DirectoryFold(graph);
	}

	static create({ administrationKey, recoveryKey, tenantRoot }: DirectoryStateOptions): DirectoryState {
		const keys = {
			administrationKey: toHex(administrationKey),
			recoveryKey: recoveryKey === undefined ? undefined : toHex(recoveryKey),
		};
		return new DirectoryState(tenantRoot, new DirectoryGraph(keys));
	}

	/** Grows whenever `add` changed something. */
	get revision(): number {
		return this.#revision;
	}

	/** Number of entries that were added. */
	get size(): number {
		return this.#graph.size;
	}

	/** For the judge. */
	get view(): TrustView {
		return this.#fold;
	}

	/**
	 * Takes in verified entries of this tenant's directory, in any order. Known ones change nothing, but for one of which more can
	 * be told now: it was locked, or belongs to a settings document that had not been recognised.
	 */
	add(records: readonly DirectoryRecord[]): DirectoryChanges {
		const fresh: DirectoryNode[] = [];
		const opened: DirectoryNode[] = [];
		let reorder = false;
		for (const record of records) {
			this.#noteGrant(record);
			const node = this.#graph.insert(record);
			const known = node ?? (this.#graph.get(record.hash) as DirectoryNode);
			if (node !== undefined) fresh.push(node);
			else if (saysMore(record.contents, known.record.contents)) {
				this.#fold.reopen(known, record);
				opened.push(known);
			} else continue;
			if (this.#graph.noteCandidate(known)) reorder = true;
		}
		const placed = fresh.flatMap((node) => (node.index < 0 ? this.#graph.place(node) : []));
		const changed = reorder ? this.#refold() : this.#advance(fresh, placed, opened);
		if (fresh.length + opened.length > 0) {
			this.#revision++;
			this.#writeVersions.clear();
			this.#stated.clear();
		}
		return changesOf(placed, changed, (keyId, gained) => this.#governanceChanged(keyId, gained));
	}

	/** Heads of what is known here and counts, sorted. A writer in the directory joins them first when they are more than 64. */
	heads(): readonly string[] {
		return this.#fold.heads();
	}

	/** The heads that an entry of `signer` states, sorted: all of them up to 64, else those that show that it may write first. */
	headsFor(signer: string): readonly string[] {
		const heads = this.heads();
		if (heads.length <= limits.directoryHeads) return heads;
		const known = this.#stated.get(signer);
		if (known !== undefined) return known;
		const { order } = this.#graph;
		const { members, administrators } = this.#fold.statements;
		const grants = [...members.grantsOf(signer), ...administrators.grantsOf(signer)];
		const stated = statedHeads(this.#everything(), { order, grants, most: limits.directoryHeads })
			.map((index) => this.#graph.at(index).record.hash)
			.sort();
		this.#stated.set(signer, stated);
		return stated;
	}

	/** Whether an entry is here together with its whole past. */
	has(hash: string): boolean {
		return (this.#graph.get(hash)?.index ?? -1) >= 0;
	}

	/** Entries that others name as known and that have not arrived: to be asked for by name. */
	missing(): string[] {
		return this.#graph.missing();
	}

	/** Whether an entry is one of `heads` or in their causal past; unknown heads have none. O(heads). */
	isInPast(hash: string, heads: readonly string[]): boolean {
		const node = this.#graph.get(hash);
		if (node === undefined || node.index < 0) return false;
		const known = heads.filter((head) => this.has(head)).map((head) => (this.#graph.get(head) as DirectoryNode).index);
		if (this.#graph.order.isInPast(node.index, known)) return true;
		return !this.#graph.order.hasWeight(node.index) && this.#walk(node.index, known);
	}

	/** What became of an entry of the directory; `undefined` when it has not arrived. */
	verdictOf(hash: string): DirectoryVerdict | undefined {
		const node = this.#graph.get(hash);
		if (node === undefined) return undefined;
		if (node.record.entryType === undefined) return { verdict: "unsupported" };
		if (node.index >= 0) return node.verdict;
		return pendingTrust({ missingDirectory: this.#graph.missingParents(node) });
	}

	/** One row for each signing key that holds a grant, revoked or not; a user may have several. Sorted by name, then key. */
	members(): readonly Member[] {
		return membersOf(this.#fold);
	}

	/** Whether a key holds a grant that no revocation ends. */
	isMember(signer: string): boolean {
		return this.#fold.statements.members.standing(signer, this.#everything()).kind === "granted";
	}

	/**
	 * Whether an administrator ever granted a key access, even if the grant was revoked since, or no longer counts because its
	 * author's right was taken: such a key's entries may be pardoned, so that every replica has to keep them.
	 */
	everGranted(signer: string): boolean {
		const { members, administrators } = this.#fold.statements;
		if (members.grantsOf(signer).size > 0) return true;
		const { administrationKey, recoveryKey } = this.#graph.keys;
		return [...(this.#granters.get(signer) ?? [])].some(
			(each) => each === administrationKey || each === recoveryKey || administrators.grantsOf(each).size > 0,
		);
	}

	#noteGrant({ signer, contents }: DirectoryRecord): void {
		if (contents.kind !== "form" || contents.form.form !== "grantaccess") return;
		const { signingKey } = contents.form;
		const granters = this.#granters.get(signingKey) ?? new Set();
		this.#granters.set(signingKey, granters.add(signer));
	}

	/** Root, recovery and granted keys, revoked ones too. */
	administrators(): readonly Administrator[] {
		return administratorsOf(this.#fold);
	}

	/** Whether a key may administer as far as the directory is known here. */
	isAdministrator(signer: string): boolean {
		const { administrationKey, recoveryKey } = this.#graph.keys;
		if (signer === recoveryKey) return true;
		const { administrators } = this.#fold.statements;
		return administrators.standing(signer, this.#everything(), signer === administrationKey).kind === "granted";
	}

	/**
	 * Whether a key may administer for who knows these heads and their past, and no revocation from outside of it applies;
	 * `undefined` while something of that past has not arrived or cannot be read.
	 */
	administersAt(signer: string, heads: readonly string[]): boolean | undefined {
		const resolved = this.#graph.resolve(heads);
		if (!resolved.known) return undefined;
		const { verdict } = administratorRight(this.#fold, signer, resolved.past);
		return verdict === "pending" ? undefined : verdict === "accepted";
	}

	servers(): readonly SyncServer[] {
		return serversOf(this.#fold);
	}

	/** Whether the directory decides which versions of a key may be used. */
	governs(keyId: string): boolean {
		return keyId === "default" || keyId === directoryId || this.#fold.statements.versions(keyId).size > 0;
	}

	/** Keys that the directory governs, sorted. */
	governedKeys(): readonly string[] {
		return [...new Set(["default", directoryId, ...this.#fold.statements.governedKeys()])].sort();
	}

	/** Commitments of all announced versions of a key, sorted. */
	announcedCommitments(keyId: string): readonly string[] {
		return [...new Set([...this.#fold.statements.versions(keyId).values()].map(({ commitment }) => commitment))].sort();
	}

	/** When a version of a key was announced first, by its author's clock in milliseconds; `undefined` when it is not. */
	announcedAt(keyId: string, commitment: string): number | undefined {
		let earliest: number | undefined;
		for (const { record } of this.#fold.statements.announcements(keyId, commitment)) {
			earliest = Math.min(earliest ?? record.createdAt, record.createdAt);
		}
		return earliest;
	}

	/** Signing keys, hex, that announced a version of a key: who made it has it, whoever was handed it. */
	announcersOf(keyId: string, commitment: string): string[] {
		return [...this.#fold.statements.announcements(keyId, commitment)].map(({ record }) => record.signer);
	}

	/** To whom a version of a key was handed: SHA-256 of their SPKI DER keys, hex. */
	receiversOf(keyId: string, commitment: string): ReadonlySet<string> {
		const receivers = new Set<string>();
		for (const { wraps } of this.#fold.statements.releasesOf(keyId, commitment)) {
			for (const { receiver } of wraps) receivers.add(receiver);
		}
		return receivers;
	}

	/** The version of `directory` under which the first entry that handed anything to a receiver lies: who reads any of it reads that. */
	firstReadable(receiver: string): string | undefined {
		let first: DirectoryNode | undefined;
		for (const node of this.#fold.statements.releases(receiver).keys()) {
			if (first === undefined || node.index < first.index) first = node;
		}
		return first?.record.keyCommitment;
	}

	/** Version under which to write: of those that no later one follows, the one with the lowest entry hash. */
	writeVersion(keyId: string): string | undefined {
		if (this.#writeVersions.has(keyId)) return this.#writeVersions.get(keyId);
		const { statements } = this.#fold;
		const versions = statements.versions(keyId);
		const [newest] = statements.newest(versions.keys());
		const commitment = newest === undefined ? undefined : versions.get(newest)?.commitment;
		this.#writeVersions.set(keyId, commitment);
		return commitment;
	}

	/** An unannounced version of a governed key leaves what is written under it pending. */
	judgeKey(keyId: string, commitment: string): KeyVerdict {
		if (!this.governs(keyId) || this.#fold.statements.isAnnounced(keyId, commitment)) return acceptedByTrust;
		return { verdict: "pending", keyId, commitment };
	}

	/** Key versions that were handed to a receiver. @param receiver SHA-256 of its SPKI DER key, hex. */
	releasesFor(receiver: string): readonly ReleasedKey[] {
		const released: ReleasedKey[] = [];
		for (const [{ record }, wrap] of this.#fold.statements.releases(receiver)) {
			if (record.contents.kind !== "form" || record.contents.form.form !== "keyrelease") continue;
			const { keyId, commitment } = record.contents.form;
			released.push({ hash: record.hash, keyId, commitment, wrap });
		}
		return released.sort((a, b) => (a.hash < b.hash ? -1 : 1));
	}

	/** Documents of a database whose contents every replica erases, sorted. */
	purgeRequests(dbId: string): readonly string[] {
		return [...new Set(this.#fold.statements.purges(dbId).values())].sort();
	}

	adminOnly(dbId: string): boolean {
		return this.#fold.statements.isAdminOnly(dbId);
	}

	/** `directory` and the databases that a setting made admin-only. */
	adminOnlyDatabases(): readonly string[] {
		return this.#fold.statements.adminOnlyDatabases();
	}

	/** What administrators pardoned by name or as runs; what that builds on is pardoned too. */
	pardons(dbId: string): PardonedNames {
		const entries = new Set<string>();
		const runs: ChainRun[] = [];
		for (const form of this.#fold.statements.pardons(dbId).values()) {
			for (const hash of form.entries) entries.add(hash);
			for (const run of form.runs) runs.push(run);
		}
		return { entries, runs };
	}

	/** Entries that count and carry a form, sorted by hash. */
	forms(): readonly CountedForm[] {
		const forms: CountedForm[] = [];
		for (const { record, verdict } of this.#graph.placed) {
			const { contents, hash, signer, createdAt } = record;
			if (verdict.verdict === "accepted" && contents.kind === "form")
				forms.push({ hash, form: contents.form.form, signer, createdAt });
		}
		return forms.sort((a, b) => (a.hash < b.hash ? -1 : 1));
	}

	#advance(fresh: readonly DirectoryNode[], placed: readonly DirectoryNode[], opened: readonly DirectoryNode[]) {
		for (const node of placed) this.#fold.enter(node);
		for (const node of opened) this.#fold.requeue(node);
		for (const { record } of fresh) this.#fold.linkArrived(record.hash);
		return this.#fold.settle();
	}

	/** Judges everything anew from memory: somebody became an administrator whose entries were placed as if that could not be. */
	#refold(): ReadonlyMap<DirectoryNode, DirectoryVerdict> {
		this.#graph.reorder();
		this.#fold = new DirectoryFold(this.#graph);
		const before = new Map<DirectoryNode, DirectoryVerdict>();
		for (const node of this.#graph.placed) {
			before.set(node, node.verdict);
			node.verdict = unjudged;
			this.#fold.enter(node);
		}
		this.#fold.settle();
		for (const [node, verdict] of before)
			if (JSON.stringify(node.verdict) === JSON.stringify(verdict)) before.delete(node);
		return before;
	}

	#governanceChanged(keyId: string, gained: number): boolean {
		if (keyId === "default" || keyId === directoryId) return false;
		const now = this.#fold.statements.versions(keyId).size;
		return now > 0 !== now - gained > 0;
	}

	/** All heads of the graph that matter: what is known here of rights. */
	#everything(): readonly number[] {
		return this.#fold.heads().map((hash) => (this.#graph.get(hash) as DirectoryNode).index);
	}

	#walk(target: number, heads: readonly number[]): boolean {
		const seen = new Set<number>();
		const open = [...heads];
		for (let index = open.pop(); index !== undefined; index = open.pop()) {
			if (index === target) return true;
			if (seen.has(index) || index < target) continue;
			seen.add(index);
			open.push(...this.#graph.at(index).past);
		}
		return false;
	}
}

/** Whether contents were read that were not known before. */
function saysMore(now: RecordContents, before: RecordContents): boolean {
	if (before.kind === "locked") return now.kind !== "locked";
	return before.kind === "nothing" && now.kind === "settings";
}
