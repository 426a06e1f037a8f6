/**
 * Judges the authors of a database's entries: rules 2 to 4 of docs/trust.md. What an entry builds on (rule 5), its key and its
 * payload are judged where documents are evaluated.
 */
import { AuthorChain, type ChainLink } from "./author-chain.js";
import { administratorRight, decideByRuns, memberRight, type RightByRuns } from "./author-right.js";
import { directoryId } from "./directory-record.js";
import type { DirectoryState } from "./directory-state.js";
import type { ChainRun } from "./form-codecs.js";
import { type AuthorVerdict, acceptedByTrust, pendingTrust } from "./trust-verdict.js";

/** A verified entry, as far as its author is judged. Hashes and keys are hex. */
export interface AuthoredEntry extends ChainLink {
	readonly signer: string;
	readonly directoryHeads: readonly string[];
}

/** A link and the number under which it arrived in the store. */
export interface ArrivedLink extends ChainLink {
	readonly arrival: number;
}

/** Reads author chains of one database; stubs are links too. */
export interface ChainReader {
	/** Links of an author's entries that arrived after a number, in order, a batch at a time. */
	linksOfAuthor(publicKey: string, after: number): AsyncIterable<readonly ArrivedLink[]>;
	/** Who wrote these entries, in the order given; `undefined` where one has not arrived. */
	authorsOf(hashes: readonly string[]): Promise<readonly (string | undefined)[]>;
}

/** What administrators pardoned, of the entries asked for. */
export interface PardonedEntries {
	/** Named, or part of a run. */
	readonly pardoned: ReadonlySet<string>;
	/** By entry: links that have not arrived and may yet show that it lies in a pardoned run. */
	readonly missingLinks: ReadonlyMap<string, readonly string[]>;
}

interface ReadChain {
	readonly chain: AuthorChain;
	arrival: number;
}

/** What the directory alone says, and what the author's chain has to decide. */
interface OpenRight {
	readonly settled: AuthorVerdict;
	readonly runs: readonly RightByRuns[];
}

export class DatabaseJudge {
	readonly #state: DirectoryState;
	readonly #dbId: string;
	readonly #reader: ChainReader;
	readonly #chains = new Map<string, ReadChain>();
	/** Authors of entries at which pardoned runs end. */
	readonly #endAuthors = new Map<string, string>();

	constructor(state: DirectoryState, dbId: string, reader: ChainReader) {
		this.#state = state;
		this.#dbId = dbId;
		this.#reader = reader;
	}

	/**
	 * The verdict where the directory alone decides; `undefined` when the author was revoked meanwhile and its chain decides.
	 * O(grants of the author × heads), about a microsecond.
	 */
	judgeByDirectory(entry: AuthoredEntry): AuthorVerdict | undefined {
		const right = this.#right(entry);
		return "runs" in right ? undefined : right;
	}

	/** Rules 2 to 4, in the order given. Reads an author's chain only where a revocation applies, and each link of it once. */
	async judge(entries: readonly AuthoredEntry[]): Promise<AuthorVerdict[]> {
		const verdicts: AuthorVerdict[] = [];
		const current = new Set<string>();
		for (const entry of entries) {
			const right = this.#right(entry);
			if (!("runs" in right)) {
				verdicts.push(right);
				continue;
			}
			const chain = await this.#chainOf(entry.signer, current);
			chain.add(entry);
			const byRuns = right.runs.map((each) => decideByRuns(each, chain, this.#dbId, entry.hash));
			verdicts.push(strictest([right.settled, ...byRuns]));
		}
		return verdicts;
	}

	/** Whether an author may write now, as far as the directory is known here. */
	mayWrite(signer: string): AuthorVerdict {
		const right = this.#rights(signer, this.#state.heads());
		if (!("runs" in right)) return right;
		const [first] = right.runs;
		const rule = first?.rule ?? 4;
		const reason = rule === 2 ? "administrator-revoked" : "revoked";
		return { verdict: "refused", rule, reason, by: first?.by[0]?.hash };
	}

	/**
	 * What was pardoned of `entries`, by name or as part of a run. What they build on is pardoned as well: that is for the caller to
	 * follow.
	 */
	async pardoned(entries: readonly AuthoredEntry[]): Promise<PardonedEntries> {
		const { entries: names, runs } = this.#state.pardons(this.#dbId);
		const pardoned = new Set<string>();
		const missingLinks = new Map<string, readonly string[]>();
		if (names.size === 0 && runs.length === 0) return { pardoned, missingLinks };
		const { byAuthor, unknownEnds } = await this.#runsByAuthor(runs);
		const current = new Set<string>();
		for (const entry of entries) {
			if (names.has(entry.hash)) {
				pardoned.add(entry.hash);
				continue;
			}
			const own = byAuthor.get(entry.signer);
			let missing = unknownEnds;
			if (own !== undefined) {
				const chain = await this.#chainOf(entry.signer, current);
				chain.add(entry);
				const membership = chain.membershipOfAny(own, entry.hash);
				if (membership.kind === "inside") {
					pardoned.add(entry.hash);
					continue;
				}
				if (membership.kind === "unknown") missing = [...unknownEnds, ...membership.missing];
			}
			if (missing.length > 0) missingLinks.set(entry.hash, missing);
		}
		return { pardoned, missingLinks };
	}

	#right(entry: AuthoredEntry): AuthorVerdict | OpenRight {
		if (this.#dbId === directoryId) return directoryRight(this.#state, entry.hash);
		return this.#rights(entry.signer, entry.directoryHeads);
	}

	#rights(signer: string, heads: readonly string[]): AuthorVerdict | OpenRight {
		const { view } = this.#state;
		const resolved = view.graph.resolve(heads);
		if (!resolved.known) return pendingTrust({ missingDirectory: resolved.missing });
		const member = this.#dbId === directoryId ? acceptedByTrust : memberRight(view, signer, resolved.past);
		if (!this.#state.adminOnly(this.#dbId)) {
			return member.verdict === "runs" ? { settled: acceptedByTrust, runs: [member] } : member;
		}
		const administrator = administratorRight(view, signer, resolved.past);
		const rights = [member, administrator];
		const settled = strictest(rights.filter((each): each is AuthorVerdict => each.verdict !== "runs"));
		const runs = rights.filter((each): each is RightByRuns => each.verdict === "runs");
		return settled.verdict === "refused" || runs.length === 0 ? settled : { settled, runs };
	}

	/** @param current authors whose chain this call has already brought up to date. */
	async #chainOf(author: string, current: Set<string>): Promise<AuthorChain> {
		let read = this.#chains.get(author);
		if (read === undefined) {
			read = { chain: new AuthorChain(), arrival: 0 };
			this.#chains.set(author, read);
		}
		if (current.has(author)) return read.chain;
		current.add(author);
		for await (const links of this.#reader.linksOfAuthor(author, read.arrival)) {
			for (const link of links) {
				read.chain.add(link);
				read.arrival = Math.max(read.arrival, link.arrival);
			}
		}
		return read.chain;
	}

	/** Runs whose end has not arrived may be anybody's. */
	async #runsByAuthor(
		runs: readonly ChainRun[],
	): Promise<{ readonly byAuthor: ReadonlyMap<string, readonly ChainRun[]>; readonly unknownEnds: readonly string[] }> {
		const unknown = [...new Set(runs.map(({ to }) => to))].filter((to) => !this.#endAuthors.has(to));
		if (unknown.length > 0) {
			const authors = await this.#reader.authorsOf(unknown);
			for (const [i, to] of unknown.entries()) {
				const author = authors[i];
				if (author !== undefined) this.#endAuthors.set(to, author);
			}
		}
		const byAuthor = new Map<string, ChainRun[]>();
		const unknownEnds = new Set<string>();
		for (const run of runs) {
			const author = this.#endAuthors.get(run.to);
			if (author === undefined) {
				unknownEnds.add(run.to);
				continue;
			}
			const own = byAuthor.get(author);
			if (own === undefined) byAuthor.set(author, [run]);
			else own.push(run);
		}
		return { byAuthor, unknownEnds: [...unknownEnds] };
	}
}

/** Inside the directory the fold has judged already; keys and dependencies are judged where its documents are. */
function directoryRight(state: DirectoryState, hash: string): AuthorVerdict {
	const verdict = state.verdictOf(hash);
	if (verdict === undefined) return pendingTrust({ missingDirectory: [hash] });
	if (verdict.verdict === "pending") return verdict;
	if (verdict.verdict !== "refused" || verdict.reason === "malformed" || verdict.reason === "dependency")
		return acceptedByTrust;
	const { rule, reason, by } = verdict;
	return { verdict: "refused", rule: rule === 3 || rule === 4 ? rule : 2, reason, by };
}

/** Refused before pending before accepted; what is missing is joined. */
function strictest(verdicts: readonly AuthorVerdict[]): AuthorVerdict {
	const refused = verdicts.find(({ verdict }) => verdict === "refused");
	if (refused !== undefined) return refused;
	const pending = verdicts.filter((each) => each.verdict === "pending");
	if (pending.length < 2) return pending[0] ?? acceptedByTrust;
	return pendingTrust({
		missingDirectory: union(pending.map((each) => each.missingDirectory)),
		missingLinks: union(pending.map((each) => each.missingLinks)),
		lockedDirectory: union(pending.map((each) => each.lockedDirectory)),
	});
}

function union(lists: readonly (readonly string[])[]): string[] {
	return [...new Set(lists.flat())].sort();
}
