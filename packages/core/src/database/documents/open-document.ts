/**
 * A document in memory: its judged entries and, where something of it is readable, its Automerge document. Exists while a document
 * is being written or brought up; everybody else reads projections.
 */
import { CrdtDocument, type LocalChange } from "../../automerge/crdt-document.js";
import { joinHeads } from "../../automerge/join-change.js";
import { decodeProjection, encodeProjection } from "../../automerge/plain-data.js";
import type { Entry } from "../../entry/entry.js";
import { limits } from "../../entry/limits.js";
import type { Placement } from "../../store/store.js";
import { Evaluation } from "../judging/evaluation.js";
import type { EvaluationContext } from "../judging/evaluation-context.js";
import type { EvaluationInput, Fillings, Judged } from "../judging/judged.js";
import { accepted, type RefusedReason } from "../judging/verdict.js";
import { MindooDoc } from "../mindoo-doc.js";
import { canFill } from "../snapshots/filling.js";
import { type Base, loadBase, readBase, restOn } from "../snapshots/resting.js";
import { runsOf } from "./document-runs.js";
import { judgeWhole } from "./judging-whole.js";
import { LentDocuments } from "./lent-documents.js";
import type { Loan, OpenDocumentContext, Standing } from "./open-document-context.js";
import { type Outcome, OutcomeTally } from "./outcome.js";
import { checked, OwnChanges } from "./own-changes.js";
import { loads, Replay } from "./replay.js";
import type { StoredState } from "./stored-state.js";

/** Most heads of a document that is written to: Automerge lets a change also name the last one of its own actor. */
const mostHeads = limits.dependencies - 1;

export class OpenDocument {
	readonly #context: OpenDocumentContext;
	readonly document: number;
	readonly docId: string;
	/** Grows with every change of what is accepted, own or foreign. */
	version = 0;
	/** Last arrival up to which all entries were evaluated. */
	applied = 0;
	/** Feed number of the latest change, 0 for none. */
	feed: number;
	readonly own = new OwnChanges();
	/** Why nothing can be built on this copy any more: a write of its changes failed. */
	broken: unknown;
	#evaluation: Evaluation;
	#tally: OutcomeTally;
	#replay: Replay;
	#restoring: Promise<void> | undefined;
	/** Snapshots that the evaluation rests on. */
	#base: Base | undefined;
	#filled: Fillings = new Map();
	readonly #lent: LentDocuments;
	/** Arrivals of own entries behind `applied`: they are here and need not be read back. */
	#placed = new Set<number>();
	#standing: Standing | undefined;
	#view: { readonly version: number; readonly data: Uint8Array } | undefined;
	#freed = false;

	private constructor(context: OpenDocumentContext, document: number, docId: string, feed: number) {
		this.#context = context;
		this.document = document;
		this.docId = docId;
		this.feed = feed;
		this.#lent = new LentDocuments(context.actors, context.anotherActor);
		this.#replay = this.#newReplay();
		this.#evaluation = this.#newEvaluation(context.evaluation(docId), this.#replay);
		this.#tally = new OutcomeTally(this.#evaluation);
	}

	/** Reads, judges and applies all entries of a document. */
	static async load(
		context: OpenDocumentContext,
		document: number,
		docId: string,
		state: StoredState,
	): Promise<OpenDocument> {
		const opened = new OpenDocument(context, document, docId, state.feed);
		const evaluation = context.evaluation(docId);
		if (!(await opened.#rest(evaluation, state))) await opened.#evaluate(evaluation, state);
		return opened;
	}

	get evaluation(): Evaluation {
		return this.#evaluation;
	}

	outcome(): Outcome {
		return this.#tally.outcome(() => this.#whole().heads);
	}

	get standing(): Standing {
		if (this.#standing === undefined) {
			const { facts, deleted, locked } = this.#tally.outcome(() => []);
			this.#standing = { decryptionKeyId: facts?.decryptionKeyId, deleted, locked };
		}
		return this.#standing;
	}

	/** What the document shows, as `decodeProjection` reads it; `undefined` when it shows nothing. */
	data(): Uint8Array | undefined {
		if (this.standing.decryptionKeyId === undefined) return undefined;
		if (this.#view?.version !== this.version)
			this.#view = { version: this.version, data: encodeProjection(this.#whole().data()) };
		return this.#view.data;
	}

	view(): MindooDoc | undefined {
		const { facts, deleted } = this.outcome();
		const data = this.data();
		if (facts === undefined || data === undefined) return undefined;
		return new MindooDoc(
			this.docId,
			deleted,
			() => facts,
			() => decodeProjection(data),
			this.#context.attachments,
		);
	}

	/** Judges and applies what arrived since the last time, and what keys open that came since. */
	async absorb(): Promise<void> {
		const own = this.#placed;
		this.#placed = new Set();
		const inputs = (await this.#read(this.applied, { except: own })).filter(
			({ entry }) => this.#evaluation.get(entry.hash) === undefined,
		);
		for (const arrival of own) this.applied = Math.max(this.applied, arrival);
		const gained = [...(await this.#evaluation.add(inputs)), ...(await this.#evaluation.unlock())];
		this.#standing = undefined;
		const context = this.#context.evaluation(this.docId);
		const fills = await canFill(context, this.#context.store, this.document, this.#evaluation, inputs);
		if (inputs.length === 0 && gained.length === 0 && !this.#evaluation.stale) return;
		this.version++;
		if (this.#evaluation.stale || fills || !(await this.#holds(gained))) await this.#evaluate(context, undefined);
	}

	/** Judges everything, as after a change of rights or keys. @param state whose verdicts still stand. */
	async reevaluate(state?: StoredState): Promise<void> {
		await this.#evaluate(this.#context.evaluation(this.docId), state);
		this.version++;
	}

	/** The Automerge document. It stays this object's own. `isReady` must hold. @throws what broke this copy. */
	crdt(): CrdtDocument {
		return this.#whole().crdt;
	}

	#whole(): Replay {
		if (this.broken !== undefined) throw this.broken;
		return this.#replay;
	}

	/** Whether the Automerge document is here and not lent, or none will ever be. */
	get isReady(): boolean {
		return this.#replay.isReady || this.broken !== undefined || this.#freed;
	}

	/** Whether it made room for others: who waited for it has to open the document anew, or there would be two copies. */
	get isEvicted(): boolean {
		return this.#freed && this.broken === undefined;
	}

	/** Whether no own change is waiting to become durable, and `isReady`. */
	get isSettled(): boolean {
		return this.own.unwritten === 0 && this.isReady;
	}

	/** Makes another Automerge document while the one is lent. It may be lent too before the caller goes on: ask `isReady` again. */
	async restore(): Promise<void> {
		this.#restoring ??= this.#readAgain().finally(() => {
			this.#restoring = undefined;
		});
		await this.#restoring;
	}

	/** Resolves when `isSettled` held; ask it again. */
	async settle(): Promise<void> {
		await this.own.whenWritten();
		if (!this.isReady) await this.restore();
	}

	/** Whether one entry cannot name all heads. */
	get needsJoin(): boolean {
		return this.crdt().heads.length > mostHeads;
	}

	/**
	 * Joins heads until one entry can name those that are left. Nothing may be waiting to become durable.
	 * @param actor one that was never used. @returns the changes, which are in the Automerge document and have to be written.
	 */
	join(actor: string): LocalChange[] {
		const joins = joinHeads(this.crdt().heads, {
			actor,
			most: mostHeads,
			lastOperation: (changes) => this.#evaluation.lastOperation(changes),
		});
		this.crdt().apply(joins.map(({ change }) => change));
		return joins;
	}

	get isLent(): boolean {
		return this.#lent.count > 0;
	}

	/** Hands the Automerge document out; until it is back, who needs one has to `restore`. */
	lend(): Loan {
		return { crdt: this.#lent.add(this.#replay.handOut()), version: this.version };
	}

	/** Makes a copy for an author of its own; given back like a lent one. */
	copyFor(actor: string): Loan {
		const crdt = CrdtDocument.create(actor);
		crdt.apply(this.crdt().changes());
		this.#lent.add(crdt);
		return { crdt, version: -1 };
	}

	/** Takes a lent document back with the change that was made on it, or lets it go when this one went on meanwhile. */
	takeBack(loan: Loan, change: LocalChange | undefined): void {
		this.#lent.delete(loan.crdt);
		if (!this.isReady && loan.version === this.version) {
			this.#replay.restore(loan.crdt);
			return;
		}
		loan.crdt.free();
		if (change !== undefined) this.#replay.take([checked(change)]);
	}

	/** Takes note of a change of this replica's own, which is in the Automerge document and has no entry yet. */
	drafted(change: LocalChange): void {
		this.version++;
		this.own.draft(change);
	}

	/** Takes over an own snapshot that is about to be written. */
	addSnapshot(entry: Entry): void {
		this.own.seal(entry.hash, []);
		this.#evaluation.addOwn({ ...entry, payload: undefined }, []);
	}

	/** Takes over an entry of this replica's own that is about to be written. @param run its changes; none for a delete. */
	addOwn(entry: Entry, run: readonly LocalChange[]): void {
		this.own.seal(entry.hash, run);
		this.#evaluation.addOwn(entry, run.map(checked));
		if (run.length === 0 || (entry.fields?.dependencyHashes.length ?? 0) > 1) this.#standing = undefined;
		if (run.length === 0) this.version++;
	}

	/** Tells the arrivals of own entries, now durable. Foreign ones that arrived in between stay to be absorbed. */
	placed(placements: readonly Placement[]): void {
		for (const { hash, arrival } of placements) {
			this.own.settle(hash);
			this.#evaluation.setArrival(hash, arrival);
			// After a new evaluation meanwhile it may be unknown, and is read like a foreign one.
			if (this.#evaluation.get(hash) !== undefined) this.#placed.add(arrival);
		}
	}

	free(): void {
		this.#freed = true;
		this.#replay.free();
	}

	/** @returns whether snapshots, and what none of them covers, give the document as it was judged before. */
	async #rest(context: EvaluationContext, state: StoredState): Promise<boolean> {
		if (state.judgeAnew) return false;
		const base = await readBase(context, this.#context.store, this.document, state.verdicts);
		if (base === undefined) return false;
		const tail = await this.#read(base.upTo, { state });
		// An actor that was never used: Automerge lets a change name the last one of its actor, whose entry may be covered.
		const actor = this.#context.anotherActor();
		const rested = await restOn(base, tail, state, (replay) => this.#newEvaluation(context, replay), actor);
		if (rested === undefined) return false;
		this.applied = Math.max(this.applied, base.upTo);
		this.#base = base;
		this.#adopt(rested.evaluation, rested.replay);
		return true;
	}

	async #evaluate(context: EvaluationContext, state: StoredState | undefined): Promise<void> {
		while (!(await this.#tryToEvaluate(context, state)));
	}

	/** @returns false when meanwhile an own entry was sealed, which must not be forgotten, or the new document's actor was lent. */
	async #tryToEvaluate(context: EvaluationContext, state: StoredState | undefined): Promise<boolean> {
		await this.own.whenWritten();
		const { sealed } = this.own;
		const judged = await judgeWhole(
			{
				context,
				store: this.#context.store,
				document: this.document,
				newReplay: () => this.#newReplay(),
				newEvaluation: (...parts) => this.#newEvaluation(context, ...parts),
				isOvertaken: ({ actor }) => this.own.sealed !== sealed || this.#lent.hasActor(actor),
			},
			await this.#read(0, { state }),
		);
		if (judged === undefined) return false;
		this.#base = undefined;
		this.#filled = judged.filled;
		this.#adopt(judged.evaluation, judged.replay);
		return true;
	}

	#newReplay(base?: Base): Replay {
		if (base !== undefined) return loadBase(base, this.#context.anotherActor());
		return new Replay(() => CrdtDocument.create(this.#lent.freeActor()));
	}

	#newEvaluation(
		context: EvaluationContext,
		replay: Pick<Replay, "take">,
		setAside?: ReadonlyMap<string, RefusedReason>,
		filled?: Fillings,
	): Evaluation {
		return new Evaluation(
			context,
			(run) => {
				this.version++;
				replay.take(run);
			},
			setAside,
			filled,
		);
	}

	#adopt(evaluation: Evaluation, replay: Replay): void {
		this.#replay.free();
		this.#replay = replay;
		this.#evaluation = evaluation;
		this.#tally = new OutcomeTally(evaluation);
		this.#standing = undefined;
		replay.take(this.own.drafted.map(checked));
	}

	/** Whether the document took what was accepted and loads back with it; of one that was let go meanwhile nobody asks. */
	async #holds(gained: readonly Judged[]): Promise<boolean> {
		while (!this.isReady) await this.restore();
		return this.#freed || loads(this.#replay, gained);
	}

	/** What is accepted comes from the store, what is not durable yet from here. */
	async #readAgain(): Promise<void> {
		const context = this.#context.evaluation(this.docId);
		while (!this.isReady) {
			const { version } = this;
			const evaluation = this.#evaluation;
			const own = this.own.undurable;
			const replay = this.#newReplay(this.#base);
			const isAccepted = (hash: string) => evaluation.get(hash)?.verdict.kind === "accepted";
			const runs = runsOf(context, this.#context.store, this.document, isAccepted, this.#filled);
			for await (const run of runs) replay.take(run);
			// Meanwhile the lent one may have come back, or more may have been accepted.
			const overtaken =
				this.version !== version || this.#evaluation !== evaluation || this.#lent.hasActor(replay.actor);
			if (this.isReady || overtaken) {
				replay.free();
				continue;
			}
			replay.take(own.map(checked));
			this.#replay.restore(replay.crdt);
		}
	}

	/** Entries that arrived after `after`; moves `applied` to the last of them. */
	async #read(
		after: number,
		{ state, except }: { readonly state?: StoredState | undefined; readonly except?: ReadonlySet<number> } = {},
	): Promise<EvaluationInput[]> {
		const inputs: EvaluationInput[] = [];
		const options = { after, ...(except && { except }) };
		for await (const batch of this.#context.store.entriesOfDocument(this.document, options)) {
			for (const { arrival, entry } of batch) {
				const trusted =
					state !== undefined && !state.judgeAnew && arrival <= state.applied && !state.verdicts.has(arrival);
				inputs.push(trusted ? { arrival, entry, settled: accepted } : { arrival, entry });
				this.applied = Math.max(this.applied, arrival);
			}
		}
		return inputs;
	}
}
