/**
 * A document in memory: its judged entries and, where something of it is readable, its Automerge document. Exists while a document
 * is being written or brought up; everybody else reads projections.
 */
import { CrdtDocument, type LocalChange } from "../automerge/crdt-document.js";
import { joinHeads } from "../automerge/join-change.js";
import { decodeProjection, encodeProjection } from "../automerge/plain-data.js";
import type { Entry } from "../entry/entry.js";
import { limits } from "../entry/limits.js";
import { FormatError } from "../errors.js";
import type { LocalStore, Placement } from "../store/store.js";
import { Evaluation, type EvaluationContext, type EvaluationInput, type Judged } from "./evaluation.js";
import { losersOf } from "./forks.js";
import { MindooDoc } from "./mindoo-doc.js";
import { type Outcome, outcomeOf } from "./outcome.js";
import { accepted, type RefusedReason, type Verdict } from "./verdict.js";

/** Most heads of a document that is written to: Automerge lets a change also name the last one of its own actor. */
const mostHeads = limits.dependencies - 1;

/** What is stored about a document besides its entries. */
export interface StoredState {
	/** Feed number of the latest change that the feed knows, 0 for none. */
	readonly feed: number;
	/** Last arrival that the projection covers. */
	readonly applied: number;
	/** Whether rights or keys changed, so that every entry is judged anew. */
	readonly judgeAnew: boolean;
	/** Verdicts of entries that were not accepted, by arrival. */
	readonly verdicts: ReadonlyMap<number, Verdict>;
}

export interface OpenDocumentContext {
	readonly store: LocalStore;
	readonly evaluation: (docId: string) => EvaluationContext;
	/** Actor ids of this author; no two copies of a document in use at the same time may share one. */
	readonly actors: readonly string[];
	/** One more, when all of them are in use. */
	readonly anotherActor: () => string;
}

/** What an edit has to know before it begins. */
export interface Standing {
	/** Absent when nothing of the document counts and can be read. */
	readonly decryptionKeyId: string | undefined;
	readonly deleted: boolean;
	readonly locked: boolean;
}

/** An Automerge document lent to a draft that lasts longer than a turn. */
export interface Loan {
	readonly crdt: CrdtDocument;
	readonly version: number;
}

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
	/** Own changes that are drafted and not durable yet. */
	unwritten = 0;
	/** Why nothing can be built on this copy any more: a write of its changes failed. */
	broken: unknown;
	#evaluation: Evaluation;
	#crdt: CrdtDocument | undefined;
	readonly #lent = new Set<CrdtDocument>();
	/** Arrivals of own entries behind `applied`: they are here and need not be read back. */
	#placed = new Set<number>();
	/** Own changes that have no entry yet. */
	#drafted: LocalChange[] = [];
	#standing: Standing | undefined;
	#view: { readonly version: number; readonly data: Uint8Array } | undefined;
	#written: (() => void)[] = [];
	/** Entries of this replica's own that were taken over so far. */
	#sealed = 0;
	#freed = false;

	private constructor(
		context: OpenDocumentContext,
		document: number,
		docId: string,
		feed: number,
		evaluation: Evaluation,
	) {
		this.#context = context;
		this.document = document;
		this.docId = docId;
		this.feed = feed;
		this.#evaluation = evaluation;
	}

	/** Reads, judges and applies all entries of a document. */
	static async load(
		context: OpenDocumentContext,
		document: number,
		docId: string,
		state: StoredState,
	): Promise<OpenDocument> {
		const evaluationContext = context.evaluation(docId);
		const opened = new OpenDocument(context, document, docId, state.feed, new Evaluation(evaluationContext));
		await opened.#evaluate(evaluationContext, state);
		return opened;
	}

	get evaluation(): Evaluation {
		return this.#evaluation;
	}

	outcome(): Outcome {
		return outcomeOf(this.#evaluation, () => this.crdt().heads);
	}

	get standing(): Standing {
		if (this.#standing === undefined) {
			const { facts, deleted, locked } = outcomeOf(this.#evaluation, () => []);
			this.#standing = { decryptionKeyId: facts?.decryptionKeyId, deleted, locked };
		}
		return this.#standing;
	}

	/** What the document shows, as `decodeProjection` reads it; `undefined` when it shows nothing. */
	data(): Uint8Array | undefined {
		if (this.standing.decryptionKeyId === undefined) return undefined;
		if (this.#view?.version !== this.version) {
			this.#view = { version: this.version, data: encodeProjection(this.crdt().toData()) };
		}
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
		);
	}

	/** Judges and applies what arrived since the last time. */
	async absorb(): Promise<void> {
		const own = this.#placed;
		this.#placed = new Set();
		const inputs = (await this.#read(this.applied, { except: own })).filter(
			({ entry }) => this.#evaluation.get(entry.hash) === undefined,
		);
		for (const arrival of own) this.applied = Math.max(this.applied, arrival);
		if (inputs.length === 0) return;
		const gained = await this.#evaluation.add(inputs);
		this.version++;
		this.#standing = undefined;
		if (this.#evaluation.stale || !this.#apply(gained)) {
			await this.#evaluate(this.#context.evaluation(this.docId), undefined);
		}
	}

	/** Judges everything anew, as after a change of rights or keys. */
	async reevaluate(): Promise<void> {
		await this.#evaluate(this.#context.evaluation(this.docId), undefined);
		this.version++;
	}

	/** The Automerge document. It stays this object's own. */
	crdt(): CrdtDocument {
		if (this.#crdt === undefined) {
			this.#crdt = CrdtDocument.create(this.#freeActor());
			this.#crdt.apply([...changesOf(this.#evaluation.inCausalOrder()), ...this.#drafted.map(({ change }) => change)]);
		}
		return this.#crdt;
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
		return this.#lent.size > 0;
	}

	/** Hands the Automerge document out; meanwhile this object makes itself another one when it needs one. */
	lend(): Loan {
		const crdt = this.crdt();
		this.#crdt = undefined;
		this.#lent.add(crdt);
		return { crdt, version: this.version };
	}

	/** Makes a copy for an author of its own; given back like a lent one. */
	copyFor(actor: string): Loan {
		const crdt = CrdtDocument.create(actor);
		crdt.apply(this.crdt().changes());
		return { crdt, version: -1 };
	}

	/** Takes a lent document back with the change that was made on it, or lets it go when this one went on meanwhile. */
	takeBack(loan: Loan, change: LocalChange | undefined): void {
		this.#lent.delete(loan.crdt);
		if (this.#crdt === undefined && loan.version === this.version && !this.#freed) {
			this.#crdt = loan.crdt;
			return;
		}
		loan.crdt.free();
		if (change !== undefined) this.#crdt?.apply([change.change]);
	}

	/** Takes note of a change of this replica's own, which is in the Automerge document and has no entry yet. */
	drafted(change: LocalChange): void {
		this.version++;
		this.#drafted.push(change);
	}

	/** Takes over an entry of this replica's own that is about to be written. @param run its changes; none for a delete. */
	addOwn(entry: Entry, run: readonly LocalChange[]): void {
		const sealed = new Set(run);
		this.#sealed++;
		this.#drafted = this.#drafted.filter((change) => !sealed.has(change));
		this.#evaluation.addOwn(
			entry,
			run.map(({ change, ...rest }) => ({ ...rest, bytes: change })),
		);
		if (run.length === 0 || (entry.fields?.dependencyHashes.length ?? 0) > 1) this.#standing = undefined;
		if (run.length === 0) this.version++;
	}

	/** Tells the arrivals of own entries, now durable. Foreign ones that arrived in between stay to be absorbed. */
	placed(placements: readonly Placement[]): void {
		for (const { hash, arrival } of placements) {
			this.#evaluation.setArrival(hash, arrival);
			// After a new evaluation meanwhile it may be unknown, and is read like a foreign one.
			if (this.#evaluation.get(hash) !== undefined) this.#placed.add(arrival);
		}
	}

	/** Resolves when no own change is waiting to become durable. */
	async whenWritten(): Promise<void> {
		while (this.unwritten > 0) {
			await new Promise<void>((resolve) => {
				this.#written.push(resolve);
			});
		}
	}

	/** Called when own changes became durable or failed, before their writers hear of it. */
	announceWritten(): void {
		const waiting = this.#written;
		this.#written = [];
		for (const resolve of waiting) resolve();
	}

	free(): void {
		this.#freed = true;
		this.#crdt?.free();
		this.#crdt = undefined;
	}

	async #evaluate(context: EvaluationContext, state: StoredState | undefined): Promise<void> {
		while (!(await this.#tryToEvaluate(context, state)));
	}

	/** @returns false when an own entry was sealed meanwhile: it could not be read back, and must not be forgotten. */
	async #tryToEvaluate(context: EvaluationContext, state: StoredState | undefined): Promise<boolean> {
		await this.whenWritten();
		const sealed = this.#sealed;
		const inputs = await this.#read(0, { state });
		const setAside = new Map<string, RefusedReason>();
		for (;;) {
			const trusting = setAside.size === 0 ? inputs : inputs.map(({ arrival, entry }) => ({ arrival, entry }));
			const evaluation = new Evaluation(context, setAside);
			const gained = await evaluation.add(trusting);
			const lost = await losersOf(evaluation, context);
			if (this.#sealed !== sealed) return false;
			const culprit = lost.length > 0 ? undefined : this.#adopt(evaluation, gained);
			for (const hash of lost) setAside.set(hash, "actor-fork");
			if (culprit !== undefined) setAside.set(culprit, "loads-back");
			if (lost.length === 0 && culprit === undefined) return true;
		}
	}

	/** Makes an evaluation the document's own. @returns the entry that keeps the document from loading, if any. */
	#adopt(evaluation: Evaluation, gained: readonly Judged[]): string | undefined {
		this.#crdt?.free();
		this.#crdt = undefined;
		this.#evaluation = evaluation;
		this.#standing = undefined;
		return this.#apply(gained) ? undefined : findCulprit(evaluation, this.#freeActor());
	}

	/** @returns whether the document took the changes and loads back with them. */
	#apply(gained: readonly Judged[]): boolean {
		const changes = changesOf(gained);
		if (changes.length === 0) return true;
		try {
			if (this.#crdt === undefined) this.crdt();
			else this.#crdt.apply(changes);
			return gained.every(({ settled }) => settled !== undefined) || this.crdt().loadsBack();
		} catch (error) {
			if (!(error instanceof FormatError)) throw error;
			this.#crdt?.free();
			this.#crdt = undefined;
			return false;
		}
	}

	/** An actor that no copy of the document in use has. */
	#freeActor(): string {
		const used = new Set([...this.#lent].map(({ actor }) => actor));
		return this.#context.actors.find((each) => !used.has(each)) ?? this.#context.anotherActor();
	}

	/** Entries that arrived after `after`; moves `applied` to the last of them. */
	async #read(
		after: number,
		{ state, except }: { readonly state?: StoredState | undefined; readonly except?: ReadonlySet<number> } = {},
	): Promise<EvaluationInput[]> {
		const inputs: EvaluationInput[] = [];
		for await (const batch of this.#context.store.entriesOfDocument(this.document, {
			after,
			...(except && { except }),
		})) {
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

function changesOf(judged: readonly Judged[]): Uint8Array[] {
	return judged.flatMap(({ run }) => run?.map(({ bytes }) => bytes) ?? []);
}

/** The first entry, in order of hash, that does not load back when it is applied to its causal past. */
function findCulprit(evaluation: Evaluation, actor: string): string {
	const order = evaluation.inCausalOrder();
	const candidates = order
		.filter(({ run }) => run !== undefined)
		.sort((a, b) => (a.entry.hash < b.entry.hash ? -1 : 1));
	const bad = candidates.filter((candidate) => {
		const past = evaluation.causalPast(candidate.entry.hash);
		const crdt = CrdtDocument.create(actor);
		try {
			crdt.apply(changesOf(order.filter(({ entry }) => past.has(entry.hash))));
			return !crdt.loadsBack();
		} catch {
			return true;
		} finally {
			crdt.free();
		}
	});
	const badHashes = new Set(bad.map(({ entry }) => entry.hash));
	const roots = bad.filter(({ entry }) => {
		const past = evaluation.causalPast(entry.hash);
		past.delete(entry.hash);
		return ![...past].some((hash) => badHashes.has(hash));
	});
	const culprit = roots[0] ?? candidates[0];
	if (culprit === undefined) throw new Error("a document without changes cannot fail to load");
	return culprit.entry.hash;
}
