/**
 * The documents of a database: finds them, brings them up to their entries, keeps the few that are being written in memory, and
 * writes their projections behind.
 */
import { makeActor, renewActor } from "../../automerge/actor.js";
import { fromHex } from "../../bytes/hex.js";
import { nameOfError, StoreError, UsageError } from "../../errors.js";
import type { DatabaseContext } from "../context.js";
import { evaluationContext } from "../judging/evaluation-context.js";
import { lookForVerdicts } from "../judging/verdict-rows.js";
import type { MindooDoc } from "../mindoo-doc.js";
import { ChangeFeed } from "../projection/change-feed.js";
import { type BroughtUp, Projecting, type RefusalListener } from "../projection/projecting.js";
import { Projections, type StoredProjection } from "../projection/projections.js";
import { SnapshotSurvey } from "../snapshots/survey.js";
import { atATime } from "./at-a-time.js";
import { BehindDocuments } from "./behind.js";
import { type Erasing, eraseDocument } from "./erasing.js";
import { OpenDocument } from "./open-document.js";
import { mostKeptOpen, OpenDocuments } from "./open-documents.js";
import { readStoredState, type StoredState } from "./stored-state.js";
import { Turns } from "./turns.js";

/** Documents brought up in one batch of rows, and those of them that are read at a time: one waits while another is judged. */
const [bringUpBatch, mostAtOnce] = [64, 4];
/** Milliseconds until the projection of a document that is being written follows. */
const writeBehindDelay = 1000;

export type Scanned = readonly [document: number, stored: StoredProjection | undefined];

export class Documents {
	readonly #context: DatabaseContext;
	readonly feed: ChangeFeed;
	readonly projections: Projections;
	readonly behind: BehindDocuments;
	readonly #projecting: Projecting;
	readonly #open = new OpenDocuments();
	readonly #survey: SnapshotSurvey;
	readonly #turns = new Turns();
	/** Documents that are being opened to be written. */
	readonly #opening = new Map<string, Promise<OpenDocument>>();
	/** Documents that were brought up and whose rows are being written. */
	readonly #beingWritten = new Set<OpenDocument>();
	readonly #actors: string[] = [];
	#timer: (() => void) | undefined;
	#endReadAnew: (() => void) | undefined;
	#closed = false;
	#evicting = false;

	private constructor(context: DatabaseContext, feed: ChangeFeed, behind: BehindDocuments, actors: string[]) {
		this.#context = context;
		this.feed = feed;
		this.behind = behind;
		this.projections = new Projections(context);
		this.#survey = new SnapshotSurvey(context);
		this.#projecting = new Projecting(context, feed, behind, this.projections);
		this.#actors = actors;
	}

	static async open(context: DatabaseContext): Promise<Documents> {
		const { store, env, author } = context;
		const feed = await ChangeFeed.open(store, (error) =>
			env.log("error", "a change listener threw", { error: nameOfError(error) }),
		);
		const [behind] = await Promise.all([BehindDocuments.load(store), lookForVerdicts(store.rows)]);
		const publicKey = author === undefined ? env.random.randomBytes(32) : fromHex(author.publicKey, 32);
		const actors: string[] = [];
		for (let copy = 0; copy < 8; copy++) actors.push(await makeActor(env.crypto, env.random, publicKey));
		const documents = new Documents(context, feed, behind, actors);
		documents.#endReadAnew = store.onReadAnew(() => documents.#readAnew());
		return documents;
	}

	/** The document as it stands; `undefined` when there is none, or nothing of it counts or can be read here. */
	async read(docId: string): Promise<MindooDoc | undefined> {
		const document = await this.#context.store.documentNumber(docId);
		return document === undefined ? undefined : this.readNumber(document);
	}

	async readNumber(document: number): Promise<MindooDoc | undefined> {
		const lag = this.behind.get(document);
		if (lag?.unapplied || lag?.anew) await this.bringUp([document]);
		const open = this.#open.get(document);
		if (open !== undefined) return this.#viewOf(open);
		if (lag === undefined) {
			const stored = await this.projections.read(document);
			if (stored?.kind === "shown") return stored.doc;
			if (stored?.kind === "hidden") return undefined;
		}
		return this.#viewOf(await this.openNumber(document));
	}

	/**
	 * Documents in order of their arrival, after `document`, each with its stored projection where there is one; what it shows is
	 * said by it if it `isCurrent`. In groups, because a step of a generator costs as much as a document.
	 * @param expected how many the caller will take, for reading ahead.
	 */
	async *scan(document: number, expected: number): AsyncGenerator<readonly Scanned[]> {
		await this.drain();
		let next = document + 1;
		for await (const batch of this.projections.scan(document, expected)) {
			let group: Scanned[] = [];
			for (const scanned of batch) {
				if (next < scanned[0]) {
					yield group;
					group = [];
				}
				for (; next < scanned[0]; next++) yield [[next, undefined]];
				group.push(scanned);
				next++;
			}
			yield group;
		}
		for (; next <= this.#context.store.documentCount(); next++) yield [[next, undefined]];
	}

	/** Whether the stored projection still says what the document shows; otherwise it has to be read. */
	isCurrent([document, stored]: Scanned): boolean {
		if (stored === undefined || stored.kind === "unusable") return false;
		return this.behind.get(document) === undefined && this.#open.get(document) === undefined;
	}

	/** Ids of all documents that show something and are not deleted. */
	async shownIds(): Promise<string[]> {
		await this.drain();
		const ids: string[] = [];
		let next = 1;
		for await (const batch of this.projections.scanHeads()) {
			for (const [number, head] of batch) {
				for (; next < number; next++) ids.push(...(await this.#shownId(next)));
				next = number + 1;
				if (head === undefined || this.#open.get(number) !== undefined) ids.push(...(await this.#shownId(number)));
				else if (head.shown && !head.deleted) ids.push(head.docId);
			}
		}
		for (; next <= this.#context.store.documentCount(); next++) ids.push(...(await this.#shownId(next)));
		return ids;
	}

	/** A document in memory, judged and applied up to its last entry. */
	async openNumber(document: number): Promise<OpenDocument> {
		const lag = this.behind.get(document);
		if (lag?.unapplied || lag?.anew) await this.bringUp([document]);
		const known = this.#open.get(document);
		if (known !== undefined) return this.#touch(known);
		return this.#turns.take([document], async () =>
			this.#touch(this.#open.get(document) ?? (await this.#load(document))),
		);
	}

	/** As `openNumber`, with every change judged: a document that rests on snapshots knows only what none of them covers. */
	async openWhole(document: number): Promise<OpenDocument> {
		const open = await this.openNumber(document);
		if (!open.evaluation.isResting) return open;
		await this.#turns.take([document], async () => {
			const resting = this.#open.get(document);
			if (resting?.evaluation.isResting) await resting.reevaluate(await this.#stateOf(document));
		});
		return this.openWhole(document);
	}

	/** Looks at what is stored of a document. @returns `undefined` when all its changes are in memory, or it is being written. */
	async atRest<T>(document: number, use: (state: StoredState) => Promise<T>): Promise<T | undefined> {
		await this.bringUp([document]);
		return this.#turns.take([document], async () => {
			const inMemory = this.#open.get(document)?.evaluation.isResting === false;
			if (inMemory || this.behind.get(document) !== undefined) return undefined;
			return use(await this.#stateOf(document));
		});
	}

	/**
	 * As `openNumber`, by id; one opening for all that ask meanwhile, who go on in the order in which they asked.
	 * @throws {UsageError} `not-found`
	 */
	openForWriting(docId: string): Promise<OpenDocument> {
		let opening = this.#opening.get(docId);
		if (opening === undefined) {
			opening = this.#openById(docId);
			this.#opening.set(docId, opening);
			const done = () => this.#opening.delete(docId);
			opening.then(done, done);
		}
		return opening;
	}

	async #openById(docId: string): Promise<OpenDocument> {
		const document = await this.#context.store.documentNumber(docId);
		if (document === undefined) throw new UsageError("there is no document with this id", { code: "not-found" });
		return this.openNumber(document);
	}

	/** Runs an action while nobody brings the document up or erases it; not at all if somebody did, or has to. */
	async whileCurrent(open: OpenDocument, action: () => Promise<void>): Promise<void> {
		await this.#turns.take([open.document], async () => {
			const lag = this.behind.get(open.document);
			if (this.#open.get(open.document) === open && !lag?.unapplied && !lag?.anew) await action();
		});
	}

	/** The document if it is in memory, up to date, and nobody is bringing it up. */
	atHand(docId: string): OpenDocument | undefined {
		const open = this.#open.find(docId);
		if (open === undefined || this.#turns.has(open.document) || this.#opening.has(docId)) return undefined;
		const lag = this.behind.get(open.document);
		return lag?.unapplied || lag?.anew ? undefined : this.#touch(open);
	}

	/** Actor of this author for documents that are made here. */
	get actor(): string {
		return this.#actors[0] as string;
	}

	/** Whether the projection of a document covers this arrival. */
	async covers(document: number, arrival: number): Promise<boolean> {
		const stored = await this.projections.read(document);
		return stored !== undefined && stored.kind !== "unusable" && stored.head.applied >= arrival;
	}

	/** Tells of own entries that are refused because of what they build on. @returns a function that ends it. */
	onRefused(listener: RefusalListener): () => void {
		return this.#projecting.onRefused(listener);
	}

	/** Lets a copy go on which nothing can be built any more, because a write failed. */
	discard(open: OpenDocument, error: unknown): void {
		open.broken = error;
		this.#open.drop(open);
	}

	/** Judges everything that arrived and was not judged yet. */
	async drain(): Promise<void> {
		const unapplied = () => this.behind.unapplied(this.#context.store.documentCount());
		for (let todo = unapplied(); todo.length > 0; todo = unapplied()) await this.bringUp(todo);
	}

	/** Judges and applies what is new in these documents, and writes projections, verdicts and feed. */
	async bringUp(documents: readonly number[]): Promise<void> {
		for (let start = 0; start < documents.length; start += bringUpBatch) {
			const batch = documents.slice(start, start + bringUpBatch);
			const done: BroughtUp[] = [];
			// The turn lasts until the rows are written: the next one compares with what this one made of a document.
			await this.#turns.take(batch, async () => {
				await atATime(batch, mostAtOnce, async (document) => {
					const result = await this.#bringUp(document, documents.length <= mostKeptOpen);
					if (result !== undefined) done.push(result);
				});
				for (const { open } of done) this.#beingWritten.add(open);
				try {
					await this.#projecting.write(done);
				} finally {
					for (const { open } of done) this.#beingWritten.delete(open);
				}
			});
			const outdated = done.map(({ open }) => open.document).filter((document) => this.behind.get(document)?.anew);
			if (outdated.length > 0) await this.bringUp(outdated);
		}
	}

	/**
	 * Erases a document from this replica, and what was kept of it to be shown.
	 * @param forEverybody whether the tenant asked for it, and not this replica alone. @returns the addresses erased.
	 */
	async purge(docId: string, forEverybody = false): Promise<string[]> {
		const erasing: Erasing = {
			context: this.#context,
			inTurn: (document, action) => this.#turns.take([document], action),
			note: async (document) => this.behind.note(document, { feed: await this.#feedOf(document), anew: true }),
		};
		const { document, erased } = await eraseDocument(erasing, docId, forEverybody);
		if (document !== undefined) await this.bringUp([document]);
		return erased;
	}

	/** Sees to it that the projection of a document that was just written follows. */
	scheduleWriteBehind(): void {
		if (this.#timer !== undefined || this.#closed) return;
		this.#timer = this.#context.env.clock.after(writeBehindDelay, () => {
			this.#timer = undefined;
			this.flush().catch(this.#reportUnwritten);
		});
	}

	/** Writes the projections of all documents that are behind. */
	async flush(): Promise<void> {
		await this.bringUp(this.behind.all(this.#context.store.documentCount()));
	}

	async close(): Promise<void> {
		this.#closed = true;
		this.#endReadAnew?.();
		this.#timer?.();
		this.#timer = undefined;
		await this.flush();
		this.#open.clear();
	}

	/**
	 * After rows that were given in vain. Changes may stand in the store all the same, so their places in the actors' sequences are not
	 * used again; where a document stands in the feed is what the store says, or its row there would stay behind.
	 */
	async #readAnew(): Promise<void> {
		const { env } = this.#context;
		for (const [copy, actor] of this.#actors.entries()) this.#actors[copy] = renewActor(env.random, actor);
		this.#open.dropIdle((document) => this.#turns.has(document));
		await this.behind.reload(this.#context.store);
		for (const open of [...this.#open.all(), ...this.#beingWritten]) open.feed = await this.#feedOf(open.document);
	}

	/** Automerge documents in memory. */
	get openCount(): number {
		return this.#open.size;
	}

	async #viewOf(open: OpenDocument): Promise<MindooDoc | undefined> {
		while (!open.isReady) await open.restore();
		return open.broken === undefined && !open.isEvicted ? open.view() : this.readNumber(open.document);
	}

	async #shownId(document: number): Promise<string[]> {
		const doc = await this.readNumber(document);
		return doc === undefined || doc.isDeleted ? [] : [doc.id];
	}

	/** @param keep whether it stays in memory: the next entries of it are then judged without reading all others again. */
	async #bringUp(document: number, keep: boolean): Promise<BroughtUp | undefined> {
		const basis = await this.#projecting.basis();
		const lag = this.behind.get(document);
		// After own writes alone nobody asks for what was shown before.
		const ownAlone = lag !== undefined && lag.feed > 0 && !lag.unapplied && !lag.anew;
		const stored = ownAlone ? undefined : await this.projections.read(document);
		if (lag === undefined && stored !== undefined && stored.kind !== "unusable") return undefined;
		const kept = this.#open.get(document);
		if (kept !== undefined) {
			if (lag?.anew) await kept.reevaluate();
			else await kept.absorb();
		}
		const open = kept ?? (await this.#load(document));
		try {
			while (!open.isSettled) await open.settle();
			// What it shows was never written.
			if (open.broken !== undefined) return await this.#bringUp(document, keep);
			const result = await this.#projecting.result(open, lag, stored);
			const rows = [...result.rows, ...(await this.#survey.rows(open))];
			if (keep) this.#touch(open);
			return { ...result, rows, basis };
		} finally {
			if (this.#open.get(document) !== open) open.free();
		}
	}

	async #load(document: number): Promise<OpenDocument> {
		const { store, attachments } = this.#context;
		const docId = await store.documentId(document);
		if (docId === undefined) throw new StoreError(`document ${document} has no id`, { code: "store-damaged" });
		return OpenDocument.load(
			{
				store,
				attachments,
				evaluation: (id) => evaluationContext(this.#context, id),
				actors: this.#actors,
				anotherActor: () => renewActor(this.#context.env.random, this.actor),
			},
			document,
			docId,
			await this.#stateOf(document),
		);
	}

	#stateOf(document: number): Promise<StoredState> {
		return readStoredState(this.#context, this.projections, document, this.behind.get(document));
	}

	/** Feed number of a document's latest change, 0 for none. In the serial section alone. */
	async #feedOf(document: number): Promise<number> {
		return this.behind.get(document)?.feed || (await this.projections.readHead(document))?.feed || 0;
	}

	/** Their rows stay behind and are made up for later. */
	readonly #reportUnwritten = (error: unknown): void => {
		this.#context.env.log("error", "projections could not be written", { error: nameOfError(error) });
	};

	#touch(open: OpenDocument): OpenDocument {
		this.#open.touch(open);
		const waiting = this.#open.evict(
			(document) => this.#turns.has(document) || document === open.document,
			(document) => this.behind.get(document) !== undefined,
		);
		if (waiting.length > 0 && !this.#evicting) {
			this.#evicting = true;
			this.bringUp(waiting)
				.catch(this.#reportUnwritten)
				.finally(() => {
					this.#evicting = false;
				});
		}
		return open;
	}
}
