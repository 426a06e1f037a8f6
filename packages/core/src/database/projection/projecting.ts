import type { RootState } from "../../automerge/root-state.js";
import { linkOf } from "../../entry/entry.js";
import { nameOfError } from "../../errors.js";
import type { RowWrite } from "../../store/rows.js";
import type { DatabaseContext } from "../context.js";
import { projectionKey } from "../document-rows.js";
import type { BehindDocuments, Lag } from "../documents/behind.js";
import type { OpenDocument } from "../documents/open-document.js";
import type { Outcome } from "../documents/outcome.js";
import { WaitingDocuments } from "../documents/waiting.js";
import type { Verdict } from "../judging/verdict.js";
import { readVerdicts, verdictRows } from "../judging/verdict-rows.js";
import type { ChangeFeed } from "./change-feed.js";
import { setFeed } from "./projection-row.js";
import type { Projections, StoredProjection } from "./projections.js";

/** What bringing a document up changed. */
export interface BroughtUp {
	readonly open: OpenDocument;
	/** Last arrival that it covers. */
	readonly applied: number;
	/** Entries that arrived since its projection was written. */
	readonly fresh: readonly string[];
	/** Entries that its verdicts wait for. */
	readonly awaited: ReadonlySet<string>;
	/** Verdicts. */
	readonly rows: readonly RowWrite[];
	readonly projection: Uint8Array;
	readonly lag: Lag | undefined;
	/** What it was judged under. */
	readonly basis: Basis;
	readonly refused: OwnRefusal | undefined;
	/** What to tell of the document, if it shows something else now. */
	readonly told: { readonly docId: string; readonly deleted: boolean } | undefined;
}

/** What the verdicts about a document rest on besides its own entries. */
export interface Basis {
	/** State of directory and keys; what is judged under one does not stand under another. */
	readonly generation: string;
	/** Last arrival in the store before it was judged: what came later may not have been seen. */
	readonly arrival: number;
}

/** Own entries of a document that are refused for what they build on. */
export interface OwnRefusal {
	readonly docId: string;
	/** Hashes. */
	readonly entries: readonly string[];
}

export type RefusalListener = (refusal: OwnRefusal) => void;

/** Turns what documents come to into rows: projections, verdicts, change feed. */
export class Projecting {
	readonly #context: DatabaseContext;
	readonly #feed: ChangeFeed;
	readonly #behind: BehindDocuments;
	readonly #projections: Projections;
	readonly #waiting: WaitingDocuments;
	readonly #refusalListeners = new Set<RefusalListener>();

	constructor(context: DatabaseContext, feed: ChangeFeed, behind: BehindDocuments, projections: Projections) {
		this.#context = context;
		this.#feed = feed;
		this.#behind = behind;
		this.#projections = projections;
		this.#waiting = new WaitingDocuments(context.store, behind);
	}

	/** To be taken before a document is judged. */
	async basis(): Promise<Basis> {
		const generation = this.#generation();
		return { generation, arrival: (await this.#context.store.position()).arrival };
	}

	#generation(): string {
		return `${this.#context.trust.generation}/${this.#context.keyring.generation}`;
	}

	/**
	 * The rows that hold what a document comes to. Nothing of it may be undurable when this is called.
	 * @param stored its projection so far.
	 */
	async result(
		open: OpenDocument,
		lag: Lag | undefined,
		stored: StoredProjection | undefined,
	): Promise<Omit<BroughtUp, "basis">> {
		const { document, docId, applied, feed } = open;
		const outcome = open.outcome();
		const data = open.data();
		// Before anything is waited for: it has to be that of the data.
		const root = data === undefined ? undefined : rootToKeep(open);
		const judged = lag === undefined || lag.feed === 0 || lag.unapplied || lag.anew;
		// An own write moved the feed, and may be undone before its projection is written: the stored one cannot tell.
		const changed = judged && ((lag?.feed ?? 0) > 0 || differs(stored, outcome, open.feed > 0));
		const verdicts = await readVerdicts(this.#context.store.rows, document);
		const refused = this.#ownRefusal(open, verdicts);
		const awaited = new Set(open.evaluation.awaitedLinks());
		const rows = verdictRows(document, open.evaluation.unaccepted, verdicts, awaited);
		for (const { verdict } of open.evaluation.unaccepted) {
			if (verdict.kind === "pending") for (const hash of verdict.missing) awaited.add(hash);
		}
		// Entries that were noted after the lag was looked at may have been seen all the same.
		const unapplied = lag?.unapplied || this.#behind.get(document)?.unapplied;
		const fresh = unapplied ? arrivedSince(open, stored) : [];
		const projection =
			outcome.facts === undefined || outcome.keyCommitment === undefined || data === undefined
				? this.#projections.hidden({ docId, feed, applied, locked: outcome.locked })
				: await this.#projections.seal(
						{ docId, feed, applied, deleted: outcome.deleted, keyCommitment: outcome.keyCommitment },
						{ facts: { ...outcome.facts, root }, data },
					);
		const told = changed ? { docId, deleted: outcome.deleted || outcome.facts === undefined } : undefined;
		return { open, applied, fresh, awaited, rows, projection, lag, told, refused };
	}

	/** @returns a function that ends it. */
	onRefused(listener: RefusalListener): () => void {
		this.#refusalListeners.add(listener);
		return () => this.#refusalListeners.delete(listener);
	}

	/** Entries of this replica's author that rule 5 alone refuses, and did not before. */
	#ownRefusal(open: OpenDocument, before: ReadonlyMap<number, Verdict>): OwnRefusal | undefined {
		const own = this.#context.author?.publicKey;
		const entries: string[] = [];
		for (const { arrival, entry, verdict } of open.evaluation.unaccepted) {
			if (verdict.kind !== "refused" || verdict.reason !== "dependency") continue;
			if (linkOf(entry).createdByPublicKey === own && before.get(arrival)?.kind !== "refused") entries.push(entry.hash);
		}
		return entries.length === 0 ? undefined : { docId: open.docId, entries };
	}

	#tellRefusal(refusal: OwnRefusal): void {
		for (const listener of this.#refusalListeners) {
			try {
				listener(refusal);
			} catch (error) {
				this.#context.env.log("error", "a refusal listener threw", { error: nameOfError(error) });
			}
		}
	}

	/**
	 * In the store's serial section, so that a lag which is noted meanwhile is never cleared by an older result. What was judged under
	 * another state of directory and keys than the present one, or without an entry that came meanwhile, is noted to be judged anew:
	 * whoever looked for documents that wait for the change could not see it yet.
	 */
	async write(done: readonly BroughtUp[]): Promise<void> {
		if (done.length === 0) return;
		const cleared: BroughtUp[] = [];
		const feeds = new Map<OpenDocument, number>();
		try {
			await this.#context.store.append([], {
				rows: async () => {
					cleared.push(...done);
					const standing = new Set<BroughtUp>();
					for (const each of done) if (await this.#stands(each)) standing.add(each);
					const rows = done.flatMap((each) => this.#rows(each, standing.has(each), feeds));
					const fresh = done.filter((each) => each.fresh.length > 0);
					const opened = await this.#waiting.open(new Map(fresh.map((each) => [each.open.document, each.fresh])));
					return [...rows, ...opened];
				},
			});
		} catch (error) {
			for (const { open, lag } of cleared) if (lag !== undefined) this.#behind.restore(open.document, lag);
			throw error;
		}
		this.#feed.announce(
			done.flatMap(({ open, told }) =>
				told === undefined ? [] : { ...told, origin: "remote" as const, feed: feeds.get(open) as number },
			),
		);
		for (const { refused } of done) if (refused !== undefined) this.#tellRefusal(refused);
	}

	async #stands({ basis, awaited }: BroughtUp): Promise<boolean> {
		return basis.generation === this.#generation() && !(await this.#waiting.cameAfter(basis.arrival, awaited));
	}

	#rows(
		{ open, applied, rows, projection, lag, told }: BroughtUp,
		stands: boolean,
		feeds: Map<OpenDocument, number>,
	): RowWrite[] {
		const { document } = open;
		const all = [...rows];
		if (told !== undefined) {
			const before = open.feed;
			open.feed = this.#feed.take();
			feeds.set(open, open.feed);
			all.push(...this.#feed.rows(document, open.feed, before));
		}
		setFeed(projection, open.feed);
		all.push({ type: "put", key: projectionKey(document), value: projection });
		all.push(...(stands ? this.#behind.clear(document, lag, applied) : this.#behind.note(document, { anew: true })));
		return all;
	}
}

/** The root of a document to be kept: of a long one, that would be loaded from a snapshot. */
function rootToKeep(open: OpenDocument): RootState | undefined {
	const { isResting, snapshots } = open.evaluation;
	return isResting || snapshots.length > 0 ? open.crdt().rootState() : undefined;
}

function arrivedSince({ evaluation }: OpenDocument, stored: StoredProjection | undefined): string[] {
	const applied = stored === undefined || stored.kind === "unusable" ? 0 : stored.head.applied;
	const fresh: string[] = [];
	for (const { arrival, entry } of evaluation.judged) if (arrival > applied) fresh.push(entry.hash);
	return fresh;
}

/** Whether a document shows something else than its stored projection did. */
function differs(stored: StoredProjection | undefined, outcome: Outcome, wasInFeed: boolean): boolean {
	if (outcome.facts === undefined) return wasInFeed && stored?.kind !== "hidden";
	if (stored?.kind !== "shown") return true;
	const heads = JSON.stringify(outcome.facts.heads);
	return stored.head.deleted !== outcome.deleted || heads !== JSON.stringify(stored.opened.facts.heads);
}
