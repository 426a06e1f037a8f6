import { linkOf } from "../entry/entry.js";
import type { RowWrite } from "../store/store.js";
import type { BehindDocuments, Lag } from "./behind.js";
import type { ChangeFeed } from "./change-feed.js";
import type { DatabaseContext } from "./context.js";
import { projectionKey } from "./document-rows.js";
import type { OpenDocument } from "./open-document.js";
import type { Outcome } from "./outcome.js";
import { setFeed } from "./projection-row.js";
import type { Projections, StoredProjection } from "./projections.js";
import type { Verdict } from "./verdict.js";
import { readVerdicts, verdictRows } from "./verdict-rows.js";

/** What bringing a document up changed. */
export interface BroughtUp {
	readonly open: OpenDocument;
	/** Last arrival that it covers. */
	readonly applied: number;
	/** Verdicts. */
	readonly rows: readonly RowWrite[];
	readonly projection: Uint8Array;
	readonly lag: Lag | undefined;
	/** Directory and keys under which it was judged. */
	readonly generation: string;
	readonly refused: OwnRefusal | undefined;
	/** What to tell of the document, if it shows something else now. */
	readonly told: { readonly docId: string; readonly deleted: boolean } | undefined;
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
	readonly #refusalListeners = new Set<RefusalListener>();

	constructor(context: DatabaseContext, feed: ChangeFeed, behind: BehindDocuments, projections: Projections) {
		this.#context = context;
		this.#feed = feed;
		this.#behind = behind;
		this.#projections = projections;
	}

	/** The state of directory and keys; what is judged under one does not stand under another. */
	generation(): string {
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
	): Promise<Omit<BroughtUp, "generation">> {
		const { document, docId, applied, feed } = open;
		const outcome = open.outcome();
		const data = open.data();
		const judged = lag === undefined || lag.feed === 0 || lag.unapplied || lag.anew;
		// An own write moved the feed, and may be undone before its projection is written: the stored one cannot tell.
		const changed = judged && ((lag?.feed ?? 0) > 0 || differs(stored, outcome, open.feed > 0));
		const verdicts = await readVerdicts(this.#context.store.rows, document);
		const refused = this.#ownRefusal(open, verdicts);
		const rows = verdictRows(document, open.evaluation.judged, verdicts);
		const projection =
			outcome.facts === undefined || outcome.keyCommitment === undefined || data === undefined
				? this.#projections.hidden({ docId, feed, applied, locked: outcome.locked })
				: await this.#projections.seal(
						{ docId, feed, applied, deleted: outcome.deleted, keyCommitment: outcome.keyCommitment },
						{ facts: outcome.facts, data },
					);
		const told = changed ? { docId, deleted: outcome.deleted || outcome.facts === undefined } : undefined;
		return { open, applied, rows, projection, lag, told, refused };
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
		for (const { arrival, entry, verdict } of open.evaluation.judged) {
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
				const name = error instanceof Error ? error.name : typeof error;
				this.#context.env.log("error", "a refusal listener threw", { error: name });
			}
		}
	}

	/**
	 * In the store's serial section, so that a lag which is noted meanwhile is never cleared by an older result. What was judged under
	 * another state of directory and keys than the present one is noted to be judged anew: whoever looked for documents that wait for
	 * the change could not see it yet.
	 */
	async write(done: readonly BroughtUp[]): Promise<void> {
		if (done.length === 0) return;
		const cleared: BroughtUp[] = [];
		const feeds = new Map<OpenDocument, number>();
		try {
			await this.#context.store.append([], {
				rows: async () => {
					cleared.push(...done);
					const now = this.generation();
					return done.flatMap((each) => this.#rows(each, now, feeds));
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

	#rows(
		{ open, applied, rows, projection, lag, told, generation }: BroughtUp,
		now: string,
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
		all.push(
			...(generation === now
				? this.#behind.clear(document, lag, applied)
				: this.#behind.note(document, { anew: true })),
		);
		return all;
	}
}

/** Whether a document shows something else than its stored projection did. */
function differs(stored: StoredProjection | undefined, outcome: Outcome, wasInFeed: boolean): boolean {
	if (outcome.facts === undefined) return wasInFeed && stored?.kind !== "hidden";
	if (stored?.kind !== "shown") return true;
	const heads = JSON.stringify(outcome.facts.heads);
	return stored.head.deleted !== outcome.deleted || heads !== JSON.stringify(stored.opened.facts.heads);
}
