/**
 * Judges the entries of one document. What counts is a pure function of the entries, the directory and the keys; entries may be
 * added in any order and in pieces. Where a new entry touches what was settled before (two changes at the same place of an
 * actor), the evaluation says `stale` and has to be made anew with all entries.
 *
 * Source: docs/trust.md (rules 1 to 5), docs/entry-format.md ("Identifiers", "Payload", "Automerge, kept on a leash").
 */
import { CausalIndex, type CheckedChange } from "../../automerge/causal-index.js";
import { checkRun, openRun } from "../../automerge/sealed-run.js";
import type { Entry, StoredEntry } from "../../entry/entry.js";
import type { HeaderFields } from "../../entry/header.js";
import { isDocumentIdOf } from "../../entry/ids.js";
import { FormatError } from "../../errors.js";
import { inherited, meansTheSame, weightier, wrongDependency } from "./dependency-verdict.js";
import type { EvaluationContext } from "./evaluation-context.js";
import type { EvaluationInput, Fillings, Judged } from "./judged.js";
import { hasItsKey } from "./late-key.js";
import { coveredBy } from "./pardons.js";
import { accepted, isFormal, type RefusedReason, unsettled, type Verdict } from "./verdict.js";

export class Evaluation {
	readonly #context: EvaluationContext;
	readonly #take: (run: readonly CheckedChange[]) => void;
	readonly #judged = new Map<string, Judged>();
	readonly #unaccepted = new Map<string, Judged>();
	readonly #waiting = new Map<string, Set<string>>();
	readonly #causal = new CausalIndex();
	/** Accepted run by the hash of its last change. */
	readonly #entryOfChange = new Map<string, Judged>();
	readonly #setAside: ReadonlyMap<string, RefusedReason>;
	readonly #order: Judged[] = [];
	#pardoned: ReadonlySet<string> = new Set();
	/** Links that may show that an entry was pardoned, by entry. */
	#pardonLinks: ReadonlyMap<string, readonly string[]> = new Map();
	#forkLinks: ReadonlySet<string> = new Set();
	#stale = false;
	#forked = false;
	#resting = false;
	readonly #filled: Fillings;
	readonly #snapshots: Judged[] = [];

	/**
	 * @param take is given the run of each entry that is accepted, in causal order; none is kept here.
	 * @param setAside entries that lost against another one, or that did not load, as found by an evaluation before.
	 * @param filled runs of entries whose payload is not what their header promised, from snapshots that pass.
	 */
	constructor(
		context: EvaluationContext,
		take: (run: readonly CheckedChange[]) => void,
		setAside: ReadonlyMap<string, RefusedReason> = new Map(),
		filled: Fillings = new Map(),
	) {
		this.#context = context;
		this.#take = take;
		this.#setAside = setAside;
		this.#filled = filled;
	}

	/** Whether most of what is accepted is known by snapshots alone: nothing new can be judged, only what was judged before. */
	get isResting(): boolean {
		return this.#resting;
	}

	/** Accepted snapshots, none of which need be true. */
	get snapshots(): readonly Judged[] {
		return this.#snapshots;
	}

	/** Lets snapshots stand for what they cover. @param kept entries that they cover. @param heads entry by Automerge head. */
	rest(kept: readonly EvaluationInput[], heads: ReadonlyMap<string, string>): void {
		this.#resting = true;
		for (const { arrival, entry } of kept) {
			const judged: Judged = { arrival, entry, verdict: accepted, right: undefined, settled: accepted };
			this.#judged.set(entry.hash, judged);
			this.#order.push(judged);
		}
		for (const [change, hash] of heads) {
			const judged = this.#judged.get(hash);
			if (judged !== undefined) this.#entryOfChange.set(change, judged);
		}
	}

	/** Takes over what an evaluation before found of an entry that does not count. */
	carry({ arrival, entry }: EvaluationInput, verdict: Verdict): void {
		const judged: Judged = { arrival, entry, verdict, right: undefined, settled: undefined };
		this.#judged.set(entry.hash, judged);
		this.#unaccepted.set(entry.hash, judged);
	}

	get judged(): Iterable<Judged> {
		return this.#judged.values();
	}

	/** Those that do not count, for whatever reason. */
	get unaccepted(): Iterable<Judged> {
		return this.#unaccepted.values();
	}

	/** Takes note of links that may decide a fork otherwise when they arrive. */
	awaitForkLinks(hashes: ReadonlySet<string>): void {
		this.#forkLinks = hashes;
	}

	/** Links of author chains that have not arrived and may change a verdict, in whatever document they come. */
	awaitedLinks(): ReadonlySet<string> {
		const links = new Set(this.#forkLinks);
		for (const [hash, { verdict, right }] of this.#unaccepted) {
			for (const each of [verdict, right]) {
				if (each?.kind === "pending" && each.reason === "chain") for (const link of each.missing) links.add(link);
			}
			for (const link of this.#pardonLinks.get(hash) ?? []) links.add(link);
		}
		return links;
	}

	get(hash: string): Judged | undefined {
		return this.#judged.get(hash);
	}

	/** Whether entries claim the same place of one actor, all otherwise acceptable. */
	get forked(): boolean {
		return this.#forked;
	}

	/** The accepted entry whose last change this is. */
	entryOfChange(change: string): Judged | undefined {
		return this.#entryOfChange.get(change);
	}

	/** Changes of an accepted run, in their order. */
	changesOf({ run = [] }: Judged): string[] {
		return run.flatMap(({ actor, seq }) => this.#causal.at(actor, seq) ?? []);
	}

	/** The accepted entry that holds this change. */
	entryWithChange(change: string): Judged | undefined {
		const entry = this.#causal.labelOf(change);
		return entry === undefined ? undefined : this.#judged.get(entry);
	}

	/** The accepted change that an operation of a document is part of. */
	changeOfOperation(actor: string, counter: number): string | undefined {
		return this.#causal.changeOf(actor, counter);
	}

	/** Greatest operation counter of accepted changes and their causal pasts. */
	lastOperation(changes: readonly string[]): number {
		return this.#causal.lastOperation(changes);
	}

	/** Whether what was settled before no longer stands, so that all entries have to be judged anew. */
	get stale(): boolean {
		return this.#stale || this.#forked;
	}

	isPardoned(hash: string): boolean {
		return this.#pardoned.has(hash);
	}

	/** Takes over an entry that this replica has just made on the document as it stands; its arrival follows. */
	addOwn(entry: Entry, run: readonly CheckedChange[]): void {
		const arrival = Number.MAX_SAFE_INTEGER;
		const judged: Judged = { arrival, entry, verdict: accepted, right: undefined, settled: accepted };
		this.#judged.set(entry.hash, judged);
		this.#order.push(judged);
		if (run.length > 0) this.#accept(judged, run);
		if (typeOf(entry) === "doc_snapshot") this.#snapshots.push(judged);
	}

	setArrival(hash: string, arrival: number): void {
		const judged = this.#judged.get(hash);
		if (judged !== undefined) judged.arrival = arrival;
	}

	/** Accepted entries, each after those that it depends on. */
	inCausalOrder(): readonly Judged[] {
		return this.#order;
	}

	/** @returns entries that became accepted, each after those that it depends on. */
	async add(inputs: readonly EvaluationInput[]): Promise<readonly Judged[]> {
		const fresh = inputs.filter(({ entry }) => !this.#judged.has(entry.hash));
		if (this.#resting && fresh.some(({ settled }) => settled === undefined)) {
			this.#stale = true;
			return [];
		}
		if (this.#unaccepted.size > 0 || this.#forkLinks.size > 0) {
			const awaited = this.awaitedLinks();
			if (fresh.some(({ entry }) => awaited.has(entry.hash))) this.#stale = true;
		}
		const rights = await this.#rights(fresh);
		for (const [index, { arrival, entry, settled }] of fresh.entries()) {
			const judged: Judged = { arrival, entry, verdict: unsettled, right: rights[index], settled };
			this.#judged.set(entry.hash, judged);
			this.#unaccepted.set(entry.hash, judged);
		}
		// What was set aside may win now: it is decided by all entries together.
		if (this.#setAside.size > 0 && this.#judged.size > fresh.length) this.#stale = true;
		await this.#collectPardons();
		return this.#settle(fresh.map(({ entry }) => entry.hash));
	}

	/**
	 * Judges what waited for keys that are here and announced by now, and what waits for that; nothing else.
	 * @returns entries that became accepted, each after those that it depends on.
	 */
	async unlock(): Promise<readonly Judged[]> {
		const opened = [...this.#unaccepted].flatMap(([hash, each]) => (hasItsKey(each, this.#context) ? hash : []));
		// What was set aside may win now, and on snapshots nothing new is judged: it is decided by all entries together.
		if (opened.length > 0 && (this.#setAside.size > 0 || this.#resting)) this.#stale = true;
		return this.#resting ? [] : this.#settle(opened);
	}

	/** Judges entries, and whatever hangs on what they become. */
	async #settle(queue: string[]): Promise<readonly Judged[]> {
		// An entry that waits for a thousand others is judged again behind all of them, not behind each.
		const queued = new Set(queue);
		const gained: Judged[] = [];
		// The queue grows while it is worked off.
		for (const hash of queue) {
			queued.delete(hash);
			const judged = this.#judged.get(hash) as Judged;
			const before = judged.verdict;
			if (before.kind === "accepted") continue;
			judged.verdict = await this.#judge(judged);
			if (judged.verdict.kind === "accepted") {
				gained.push(judged);
				this.#order.push(judged);
				this.#unaccepted.delete(hash);
			}
			if (before === unsettled || !meansTheSame(judged.verdict, before)) {
				for (const waiting of this.#waiting.get(hash) ?? []) {
					if (queued.has(waiting)) continue;
					queued.add(waiting);
					queue.push(waiting);
				}
			}
		}
		return gained;
	}

	async #rights(inputs: readonly EvaluationInput[]): Promise<(Verdict | undefined)[]> {
		const rights: (Verdict | undefined)[] = inputs.map(() => undefined);
		const asked: { index: number; entry: Entry }[] = [];
		for (const [index, { entry, settled }] of inputs.entries()) {
			if (settled !== undefined || entry.kind === "stub" || entry.fields === undefined) continue;
			// A chunk has no right of its own: rules 3 to 5 are asked of the change that refers to it.
			if (entry.fields.entryType === "attachment_chunk") continue;
			asked.push({ index, entry });
		}
		const answers = await this.#context.trust.judge(asked.map(({ entry }) => entry));
		for (const [position, { index }] of asked.entries()) rights[index] = answers[position];
		return rights;
	}

	/** A pardon covers the causal past of what it names. */
	async #collectPardons(): Promise<void> {
		if (!this.#context.trust.hasPardons) return;
		const entries: Entry[] = [];
		for (const { entry } of this.#judged.values()) if (entry.kind === "entry") entries.push(entry);
		const { pardoned, missingLinks } = await this.#context.trust.pardoned(entries);
		this.#pardonLinks = missingLinks;
		if (pardoned.size === 0) return;
		const covered = coveredBy(pardoned, (hash) => this.#judged.get(hash)?.entry);
		for (const hash of covered) {
			const verdict = this.#judged.get(hash)?.verdict;
			if (verdict === undefined || verdict === unsettled || this.#pardoned.has(hash)) continue;
			if (verdict.kind === "pending" || (verdict.kind === "refused" && !isFormal(verdict.reason))) this.#stale = true;
		}
		this.#pardoned = covered;
	}

	async #judge(judged: Judged): Promise<Verdict> {
		const { entry, settled } = judged;
		if (entry.kind === "stub") return { kind: "purged" };
		const { fields } = entry;
		if (fields === undefined) return { kind: "unsupported" };
		const verdict =
			settled === undefined
				? await this.#judgeHeader(judged, entry, fields)
				: this.#awaitDependencies(entry.hash, fields);
		return verdict ?? this.#judgePayload(judged, entry, fields);
	}

	/** Entries that were accepted before come in order of arrival; changes are taken over in causal order. */
	#awaitDependencies(hash: string, { dependencyHashes }: HeaderFields): Verdict | undefined {
		const missing = dependencyHashes.filter((each) => {
			const below = this.#judged.get(each);
			return below === undefined ? !this.#resting : below.verdict.kind !== "accepted";
		});
		for (const each of missing) this.#wait(each, hash);
		return missing.length === 0 ? undefined : { kind: "pending", reason: "dependency", missing };
	}

	async #judgeHeader(judged: Judged, entry: Entry, fields: HeaderFields): Promise<Verdict | undefined> {
		const { crypto, isSettingsRoot, trust } = this.#context;
		const setAside = this.#setAside.get(entry.hash);
		if (setAside !== undefined) return { kind: "refused", reason: setAside };
		const pardoned = this.#pardoned.has(entry.hash);
		if (!pardoned && judged.right?.kind === "refused") return judged.right;
		if (fields.entryType === "doc_create" && !(await isDocumentIdOf(crypto, fields.docId, fields))) {
			return { kind: "refused", reason: "document-id" };
		}
		if (fields.entryType === "doc_change" && fields.dependencyHashes.length === 0 && isSettingsRoot === undefined) {
			return { kind: "refused", reason: "entry-type" };
		}
		const below = await this.#judgeDependencies(entry.hash, fields, pardoned);
		if (below?.kind === "refused") return below;
		if (!pardoned && judged.right !== undefined) return judged.right;
		return below ?? trust.judgeKey(fields.decryptionKeyId, fields.keyCommitment);
	}

	/** Rule 5, and that all stay in one document under one key. */
	async #judgeDependencies(hash: string, fields: HeaderFields, pardoned: boolean): Promise<Verdict | undefined> {
		const missing: string[] = [];
		let passedOn: Verdict | undefined;
		for (const dependency of fields.dependencyHashes) {
			this.#wait(dependency, hash);
			const below = this.#judged.get(dependency);
			if (below === undefined) {
				missing.push(dependency);
				continue;
			}
			const wrong = wrongDependency(fields, below.entry);
			if (wrong !== undefined) return { kind: "refused", reason: wrong, by: dependency };
			if (below.verdict.kind === "refused" && !(pardoned && !isFormal(below.verdict.reason))) {
				return { kind: "refused", reason: "dependency", by: dependency };
			}
			passedOn = weightier(passedOn, inherited(below.verdict, dependency));
		}
		if (missing.length > 0) {
			const [elsewhere] = await this.#context.foreign(missing);
			if (elsewhere !== undefined) return { kind: "refused", reason: "other-document", by: elsewhere };
			return { kind: "pending", reason: "dependency", missing };
		}
		return passedOn;
	}

	async #judgePayload(judged: Judged, entry: Entry, fields: HeaderFields): Promise<Verdict> {
		const { crypto, keyring, dbId, docId, isSettingsRoot } = this.#context;
		if (fields.entryType === "attachment_chunk") return accepted;
		const key = keyring.get(fields.decryptionKeyId, fields.keyCommitment);
		if (key === undefined) return { kind: "locked", keyCommitment: fields.keyCommitment };
		if (fields.entryType === "doc_snapshot") {
			judged.entry = { ...entry, payload: undefined };
			this.#snapshots.push(judged);
			return accepted;
		}
		const fitting = await openRun(crypto, { dbId, docId }, entry, fields, key.subkeys);
		const filled = fitting.kind === "unfit" ? this.#filled.get(entry.hash) : undefined;
		const opened = filled === undefined ? fitting : ({ kind: "run", changes: filled } as const);
		if (opened.kind === "unfit") return { kind: "pending", reason: "payload", missing: [] };
		if (opened.kind === "refused") return { kind: "refused", reason: opened.reason };
		if (fields.entryType === "doc_delete") return accepted;
		if (fields.entryType === "doc_change" && fields.dependencyHashes.length === 0 && isSettingsRoot !== undefined) {
			const root = await isSettingsRoot(opened.changes.map(({ bytes }) => bytes));
			if (!root) return { kind: "refused", reason: "entry-type" };
		}
		const refused =
			judged.settled !== undefined
				? undefined
				: await checkRun(crypto, opened.changes, fields, {
						causal: this.#causal,
						entryOfChange: (change) => this.#entryOfChange.get(change)?.entry.hash,
						isDelete: (hash) => typeOf(this.#judged.get(hash)?.entry) === "doc_delete",
					});
		if (refused !== undefined) return { kind: "refused", reason: refused };
		this.#accept(judged, opened.changes);
		this.#take(opened.changes);
		return accepted;
	}

	#accept(judged: Judged, run: readonly CheckedChange[]): void {
		judged.run = run.map(({ actor, seq }) => ({ actor, seq }));
		if (judged.entry.kind === "entry") judged.entry = { ...judged.entry, payload: undefined };
		for (const change of run) {
			// The same change in two entries is a fork too, or it would depend on the order which of them others may name.
			const other = this.#causal.labelOf(change.hash) ?? this.#causal.add(change, judged.entry.hash);
			if (other !== undefined && other !== judged.entry.hash) this.#forked = true;
		}
		const last = run.at(-1);
		if (last === undefined) throw new FormatError("run: expected at least one change");
		this.#entryOfChange.set(last.hash, judged);
	}

	#wait(dependency: string, hash: string): void {
		const waiting = this.#waiting.get(dependency) ?? new Set();
		this.#waiting.set(dependency, waiting);
		waiting.add(hash);
	}
}

function typeOf(entry: StoredEntry | undefined): string | undefined {
	return entry?.kind === "entry" ? entry.fields?.entryType : undefined;
}
