/**
 * Decides which entries of the directory count, and keeps `Statements` in step. The answer depends on the set of entries alone:
 * levels are settled from the recovery key upwards, and on a level only what an entry builds on (rule 5) and which key versions
 * are announced can still change it.
 *
 * Source: docs/trust.md, rules 1 to 5 for the directory.
 */
import { administratorRight, decideByRuns, type TrustView } from "./author-right.js";
import { type DirectoryGraph, type DirectoryNode, unjudged } from "./directory-graph.js";
import { pardonedInDirectory } from "./directory-pardons.js";
import { type DirectoryRecord, directoryId } from "./directory-record.js";
import { Statements } from "./statements.js";
import { mayCount, type TrustLevel } from "./trust-level.js";
import { acceptedByTrust, type DirectoryVerdict, equalVerdicts } from "./trust-verdict.js";

const levels: readonly TrustLevel[] = [0, 1, 2];

export class DirectoryFold implements TrustView {
	readonly graph: DirectoryGraph;
	readonly statements: Statements;
	readonly #locked = new Set<DirectoryNode>();
	/** Entries that name another in field 5, by its hash. */
	readonly #dependents = new Map<string, DirectoryNode[]>();
	/** Entries that need a version of the key `directory` to be announced, by its commitment. */
	readonly #byKey = new Map<string, DirectoryNode[]>();
	readonly #pardoned: Set<DirectoryNode>[] = [new Set(), new Set(), new Set()];
	readonly #queues: Set<DirectoryNode>[] = [new Set(), new Set(), new Set()];
	/** Entries of revoked administrators by the link of their author's chain that they wait for. */
	readonly #waitingForLink = new Map<string, Set<DirectoryNode>>();
	/** Verdicts before the settling that runs now. */
	#before = new Map<DirectoryNode, DirectoryVerdict>();
	#heads: DirectoryNode[] | undefined = [];

	constructor(graph: DirectoryGraph) {
		this.graph = graph;
		this.statements = new Statements(graph);
	}

	lockedIn(past: readonly number[], level: TrustLevel): readonly string[] {
		if (this.#locked.size === 0) return [];
		const found = [...this.#locked].filter(
			(node) => node.level <= level && this.graph.order.isInPast(node.index, past),
		);
		return found.map(({ record }) => record.hash).sort();
	}

	/** Accepted and locked entries that no other such entry knows, sorted by hash. */
	heads(): readonly string[] {
		this.#heads ??= this.#findHeads();
		return this.#heads.map(({ record }) => record.hash).sort();
	}

	/** Takes in an entry that has just found its place. */
	enter(node: DirectoryNode): void {
		for (const hash of node.record.dependencies) {
			const dependents = this.#dependents.get(hash);
			if (dependents === undefined) this.#dependents.set(hash, [node]);
			else dependents.push(node);
		}
		const { keyCommitment } = node.record;
		if (node.level === 2 && keyCommitment !== undefined) {
			const sealed = this.#byKey.get(keyCommitment);
			if (sealed === undefined) this.#byKey.set(keyCommitment, [node]);
			else sealed.push(node);
		}
		this.requeue(node);
	}

	/** Takes over what is now known of an entry; to be judged again. */
	reopen(node: DirectoryNode, record: DirectoryRecord): void {
		if (node.verdict.verdict === "accepted") {
			this.statements.set(node, false);
			node.verdict = unjudged;
		}
		node.record = record;
		this.requeue(node);
	}

	/** Has an entry judged at the next `settle`. */
	requeue(node: DirectoryNode): void {
		if (node.index >= 0) this.#queues[node.level]?.add(node);
	}

	/** Has those judged again that waited for a link of their author's chain. */
	linkArrived(hash: string): void {
		for (const node of this.#waitingForLink.get(hash) ?? []) this.requeue(node);
	}

	/** Judges what was queued and all that follows from it. @returns entries whose verdict changed, with the one before. */
	settle(): ReadonlyMap<DirectoryNode, DirectoryVerdict> {
		this.#before = new Map();
		for (const level of levels) {
			this.#preparePardons(level);
			for (let node = this.#next(level); node !== undefined; node = this.#next(level)) this.#settleOne(node);
		}
		for (const [node, before] of this.#before) if (equalVerdicts(node.verdict, before)) this.#before.delete(node);
		return this.#before;
	}

	/** The next in line, from the lowest level upwards. */
	#next(highest: TrustLevel): DirectoryNode | undefined {
		for (let level = 0; level <= highest; level++) {
			const queue = this.#queues[level] as Set<DirectoryNode>;
			for (const node of queue) {
				queue.delete(node);
				return node;
			}
		}
		return undefined;
	}

	#preparePardons(level: TrustLevel): void {
		const before = this.#pardoned[level] as Set<DirectoryNode>;
		if (before.size === 0 && this.statements.pardons(directoryId).size === 0) return;
		const now = pardonedInDirectory(this.graph, this.statements, level);
		this.#pardoned[level] = now;
		for (const node of before) if (!now.has(node)) this.requeue(node);
		for (const node of now) if (!before.has(node)) this.requeue(node);
	}

	#settleOne(node: DirectoryNode): void {
		const before = node.verdict;
		const verdict = this.#judge(node);
		if (equalVerdicts(before, verdict)) return;
		node.verdict = verdict;
		if (!this.#before.has(node)) this.#before.set(node, before);
		const counted = before.verdict === "accepted";
		const counts = verdict.verdict === "accepted";
		if (counted !== counts) {
			this.statements.set(node, counts);
			this.#spread(node);
		}
		this.#noteLinks(node, before, verdict);
		this.#noteLocked(node, before, verdict);
		this.#noteHead(node, before, verdict);
		for (const dependent of this.#dependents.get(node.record.hash) ?? []) this.requeue(dependent);
	}

	/** Whom it concerns inside the directory that an entry begins or ceases to count. */
	#spread({ record }: DirectoryNode): void {
		if (record.contents.kind !== "form") return;
		const { form } = record.contents;
		if (form.form === "admingrant" || form.form === "adminrevoke") {
			for (const node of this.graph.ofSigner(form.signingKey)) this.requeue(node);
		} else if (form.form === "keyversion" && form.keyId === directoryId) {
			for (const node of this.#byKey.get(form.commitment) ?? []) if (node.verdict !== unjudged) this.requeue(node);
		}
	}

	#judge(node: DirectoryNode): DirectoryVerdict {
		const { record, level } = node;
		const { contents } = record;
		if (contents.kind === "malformed") return { verdict: "refused", rule: 1, reason: "malformed" };
		const right = this.#right(node);
		if (right.verdict !== "accepted") return right;
		if (contents.kind === "form" && !mayCount(contents.form, level, this.graph.keys)) {
			return { verdict: "refused", rule: 2, reason: "form" };
		}
		const below = this.#judgeDependencies(node);
		if (below !== undefined) return below;
		if (!this.#keyHolds(node)) return { verdict: "pending-key", commitment: record.keyCommitment ?? "" };
		if (contents.kind === "locked") return { verdict: "locked", commitment: record.keyCommitment ?? "" };
		return acceptedByTrust;
	}

	#right(node: DirectoryNode): DirectoryVerdict {
		const { signer, hash } = node.record;
		const named = this.statements.administrators.grantsOf(signer).size > 0;
		if (this.#pardoned[node.level]?.has(node) && (named || node.level < 2)) return acceptedByTrust;
		const right = administratorRight(this, signer, node.past);
		return right.verdict === "runs" ? decideByRuns(right, this.graph.chainOf(signer), directoryId, hash) : right;
	}

	/**
	 * An unannounced version of the key `directory` leaves an entry pending. Announcements themselves are exempt, since the first
	 * one is written under the version that it announces; so are root and recovery keys, or an `adminrevoke` could end the
	 * announcement of the version that it is written under, and neither could be decided.
	 */
	#keyHolds({ record, level }: DirectoryNode): boolean {
		const { contents, keyCommitment } = record;
		if (level < 2 || (contents.kind === "form" && contents.form.form === "keyversion")) return true;
		return keyCommitment !== undefined && this.statements.isAnnounced(directoryId, keyCommitment);
	}

	/** Rule 5. A `doc_create` has nothing to build on. */
	#judgeDependencies({ record }: DirectoryNode): DirectoryVerdict | undefined {
		if (record.entryType === "doc_create") return undefined;
		const missing: string[] = [];
		let refused: string | undefined;
		let locked: DirectoryVerdict | undefined;
		for (const hash of record.dependencies) {
			const below = this.graph.get(hash);
			const verdict = below === undefined || below.index < 0 ? undefined : below.verdict;
			if (verdict?.verdict === "refused") refused = refused === undefined || hash < refused ? hash : refused;
			else if (verdict?.verdict === "locked") locked ??= verdict;
			else if (verdict?.verdict !== "accepted") missing.push(hash);
		}
		if (refused !== undefined) return { verdict: "refused", rule: 5, reason: "dependency", by: refused };
		return missing.length > 0 ? { verdict: "pending-dependency", missing: missing.sort() } : locked;
	}

	#noteLinks(node: DirectoryNode, before: DirectoryVerdict, now: DirectoryVerdict): void {
		for (const hash of linksOf(before)) {
			const waiting = this.#waitingForLink.get(hash);
			if (waiting?.delete(node) && waiting.size === 0) this.#waitingForLink.delete(hash);
		}
		for (const hash of linksOf(now)) {
			const waiting = this.#waitingForLink.get(hash);
			if (waiting === undefined) this.#waitingForLink.set(hash, new Set([node]));
			else waiting.add(node);
		}
	}

	/** What cannot be read may hold a grant: those that miss one are asked again when that changes. */
	#noteLocked(node: DirectoryNode, before: DirectoryVerdict, now: DirectoryVerdict): void {
		if (now.verdict === "locked") this.#locked.add(node);
		else if (!this.#locked.delete(node)) return;
		if (node.level === 2 || before === unjudged) return;
		for (const other of this.graph.placed) if (other.level === 2 && other.verdict !== unjudged) this.requeue(other);
	}

	#noteHead(node: DirectoryNode, before: DirectoryVerdict, now: DirectoryVerdict): void {
		if (isKnown(before) === isKnown(now) || this.#heads === undefined) return;
		if (!isKnown(now)) {
			this.#heads = undefined;
			return;
		}
		const { order } = this.graph;
		if (this.#heads.some(({ index }) => order.isInPast(node.index, [index]))) return;
		this.#heads = this.#heads.filter(({ index }) => !order.isInPast(index, [node.index]));
		this.#heads.push(node);
	}

	#findHeads(): DirectoryNode[] {
		const heads: DirectoryNode[] = [];
		const { order, placed } = this.graph;
		for (let i = placed.length - 1; i >= 0; i--) {
			const node = placed[i] as DirectoryNode;
			if (isKnown(node.verdict) && !heads.some(({ index }) => order.isInPast(node.index, [index]))) heads.push(node);
		}
		return heads;
	}
}

function linksOf(verdict: DirectoryVerdict): readonly string[] {
	return verdict.verdict === "pending" ? verdict.missingLinks : [];
}

/** Whether a writer names it as known. */
function isKnown({ verdict }: DirectoryVerdict): boolean {
	return verdict === "accepted" || verdict === "locked";
}
