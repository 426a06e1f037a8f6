import { type ChangeMetadata, getBackend, init, load } from "@automerge/automerge/slim";
import { limits } from "../entry/limits.js";
import { FormatError, MindooError, UsageError } from "../errors.js";
import { DraftAttachments, mergeAttachments } from "./attachment-maps.js";
import { reading } from "./automerge-error.js";
import { headOf } from "./change-head.js";
import { DraftContext, draftRoot } from "./draft.js";
import { type Handle, tooManyOperations } from "./draft-value.js";
import type { LocalChange } from "./local-change.js";
import { type DocumentData, plainData } from "./plain-data.js";
import { restorableValues } from "./restorable-values.js";
import { RootDraft } from "./root-draft.js";
import { type NextChange, RootFields } from "./root-fields.js";
import { keepRoot, keptRoot, type RootState, rootOf } from "./root-state.js";
import { type StoredField, storedFields } from "./stored-fields.js";

export type { LocalChange };

/** One draft of a document; at most one is open at a time. */
interface OpenDraft {
	/** Absent when the draft began with Automerge. */
	readonly light: RootDraft | undefined;
	/** Absent as long as Automerge was not needed. */
	context: DraftContext | undefined;
}

/** A document that Automerge has not loaded yet. */
export interface Unloaded {
	readonly root: RootState;
	/** What the document shows; a new copy at every call. */
	readonly data: () => DocumentData;
	/** What `CrdtDocument.load` takes, and changes behind it. */
	readonly saved: () => { readonly saved: Uint8Array; readonly changes: readonly Uint8Array[] };
}

/**
 * An Automerge document, and the only place that touches Automerge's handles.
 *
 * Handles live in WebAssembly: call `free` when the document leaves its cache. While a draft is open nothing else may be
 * done to the document, because Automerge would commit the draft on the way.
 */
export class CrdtDocument {
	/** Hex. */
	readonly actor: string;
	#handle: Handle | undefined;
	/** As long as Automerge was not needed. */
	#unloaded: Unloaded | undefined;
	#draft: OpenDraft | undefined;
	#heads: readonly string[];
	/** Changes made without Automerge, which it has yet to see. */
	#unseen: Uint8Array[] = [];
	/** Place of the next own change, where it is known. */
	#next: NextChange | undefined;
	#fields: RootFields | undefined;

	private constructor(begun: Handle | Unloaded, actor: string) {
		this.actor = actor;
		if ("root" in begun) {
			this.#unloaded = begun;
			this.#heads = begun.root.heads;
			// The first change of an actor that was never used.
			this.#next = { seq: 1, startOp: begun.root.startOp };
			this.#fields = new RootFields(keptRoot(begun.root, begun.data()));
		} else {
			this.#handle = begun;
			this.#heads = headsOf(begun);
		}
	}

	/** An empty document. @param actor hex, see `makeActor`. */
	static create(actor: string): CrdtDocument {
		return new CrdtDocument(
			reading("make a document", () => getBackend(init({ actor }))),
			actor,
		);
	}

	/**
	 * @param saved what `save` gave, or single changes one behind the other.
	 * @throws {FormatError} when the bytes are damaged or incomplete.
	 */
	static load(saved: Uint8Array, actor: string): CrdtDocument {
		if (saved.length === 0) throw new FormatError("document: expected a saved document, found no bytes");
		return new CrdtDocument(
			reading("load a document", () => getBackend(load(saved, { actor }))),
			actor,
		);
	}

	/**
	 * A document that Automerge loads when something is asked of it that cannot be answered without: showing it, and assigning plain
	 * values to keys of its root, can. From then on any call may throw what loading throws.
	 * @param actor hex, never used before.
	 */
	static resume(unloaded: Unloaded, actor: string): CrdtDocument {
		return new CrdtDocument(unloaded, actor);
	}

	/** What `resume` needs of it; `undefined` when its root is too large. */
	rootState(): RootState | undefined {
		const startOp = this.#next?.startOp ?? this.#lastOperation(this.#idle()) + 1;
		this.#fields ??= new RootFields(rootOf(this.#idle()));
		return keepRoot(this.#fields, { heads: this.#heads, startOp });
	}

	/** Hashes of the changes that no other change depends on: sorted hex. */
	get heads(): readonly string[] {
		return this.#heads;
	}

	get changeCount(): number {
		return this.#idle().stats().numChanges;
	}

	get drafting(): boolean {
		return this.#draft !== undefined;
	}

	/**
	 * Adds changes made elsewhere, in one call. Changes that are there already do nothing; changes whose dependencies are
	 * missing wait inside Automerge and do not show.
	 * @param changes checked ones: Automerge itself takes a chunk with a wrong checksum.
	 * @throws {FormatError} when Automerge refuses one; the document must then be freed.
	 */
	apply(changes: readonly Uint8Array[]): void {
		const handle = this.#idle();
		this.#next = undefined;
		this.#fields = undefined;
		reading("apply changes", () => handle.applyChanges(changes as Uint8Array[]));
		this.#heads = headsOf(handle);
	}

	/**
	 * Begins an edit and gives its mutable root: Automerge's own proxy, on which every edit counts, also across `await`.
	 * Automerge's functions for text and lists (`splice`, `updateText`, `insertAt`, `mark`, …) take it too.
	 * What goes wrong in an edit is thrown as a RangeError by Automerge in places; see `draftError`.
	 */
	openDraft(): Record<string, unknown> {
		this.#refuseDrafting();
		if (this.#next === undefined) {
			const context = new DraftContext(this.#idle(), this.#heads);
			this.#draft = { light: undefined, context };
			return draftRoot(context);
		}
		this.#fields ??= new RootFields(rootOf(this.#live()));
		const light = new RootDraft(this.#fields, () => this.#realRoot());
		this.#draft = { light, context: undefined };
		return light.root;
	}

	/** The attachments of the open draft. @throws {UsageError} `draft-closed` */
	draftAttachments(): DraftAttachments {
		const draft = this.#draft;
		if (draft === undefined) throw new UsageError("no draft is open", { code: "draft-closed" });
		draft.light?.real();
		return new DraftAttachments(draft.context as DraftContext);
	}

	/**
	 * Makes one change of all edits of the draft and closes it.
	 * @returns `undefined` when nothing was edited.
	 * @throws {UsageError} code `limit` for more operations than a change may have; nothing of the draft is kept.
	 */
	commitDraft(): LocalChange | undefined {
		const assignments = this.#draft?.light?.assignments;
		if (assignments !== undefined && this.#fields !== undefined && this.#next !== undefined) {
			const written = this.#fields.write(assignments, this.#heads, this.actor, this.#next);
			if (written !== "unfit") {
				this.#closeDraft();
				if (written === "full") throw tooManyOperations();
				return written === undefined ? undefined : this.#unseenChange(written);
			}
			this.#draft?.light?.real();
		}
		this.#closeDraft();
		const handle = this.#live();
		const operations = handle.pendingOps();
		if (operations === 0) return undefined;
		if (operations > limits.operationsPerChange) {
			reading("roll a draft back", () => handle.rollback());
			throw tooManyOperations();
		}
		const hash = reading("commit a draft", () => handle.commit(undefined, 0));
		if (hash === null) return undefined;
		return this.#localChange(handle, hash, operations);
	}

	/** Undoes all edits of the draft and closes it. Without an open draft it does nothing. */
	rollbackDraft(): void {
		if (this.#draft === undefined) return;
		const isAutomerges = this.#draft.context !== undefined;
		this.#closeDraft();
		if (isAutomerges) reading("roll a draft back", () => this.#live().rollback());
	}

	/** A change without operations on all heads: it joins them, or states that they were seen. */
	emptyChange(): LocalChange {
		const handle = this.#idle();
		const hash = reading("make an empty change", () => handle.emptyChange(undefined, 0));
		return this.#localChange(handle, hash, 0);
	}

	/** What the document shows, as plain data that belongs to the caller. */
	toData(): DocumentData {
		this.#refuseDrafting();
		const data = this.#unloaded?.data() ?? this.#readData(this.#live());
		return this.#unseen.length === 0 || this.#fields === undefined ? data : this.#fields.overlay(data);
	}

	/** As `toData`, at an earlier time. @param heads changes that the document holds. */
	dataAt(heads: readonly string[]): DocumentData {
		const handle = this.#idle();
		return plainData(reading("read a document", () => handle.materialize("/", [...heads])));
	}

	/** As `dataAt`, with the classes that keep the type of what is written again: see `restorableValues`. */
	valuesAt(heads: readonly string[]): Record<string, unknown> {
		const handle = this.#idle();
		return reading("read a document", () => restorableValues(handle, heads));
	}

	/** Every field with the operations that its values come from. */
	storedFields(): StoredField[] {
		const handle = this.#idle();
		return reading("read a document", () => storedFields(handle));
	}

	/** All changes in one compressed file. */
	save(): Uint8Array {
		const handle = this.#idle();
		return reading("save a document", () => handle.save());
	}

	/** As `save`, loaded back before it is returned. @throws {FormatError} when it does not load to the same heads. */
	saveVerified(): Uint8Array {
		const handle = this.#idle();
		return reading("save a document that loads back", () => handle.saveAndVerify());
	}

	/**
	 * Rule (e): whether all that was applied, saved and loaded again, gives the same heads.
	 * Source: docs/entry-format.md, "Automerge, kept on a leash".
	 */
	loadsBack(): boolean {
		let copy: CrdtDocument;
		try {
			copy = CrdtDocument.load(this.save(), this.actor);
		} catch (error) {
			if (error instanceof FormatError) return false;
			throw error;
		}
		const same = copy.heads.length === this.#heads.length && copy.heads.every((head, i) => head === this.#heads[i]);
		copy.free();
		return same;
	}

	/** Changes that are not in the past of `since`, in causal order, never deflated. Without `since`, all. */
	changes(since: readonly string[] = []): Uint8Array[] {
		const handle = this.#idle();
		return reading("list changes", () => handle.getChanges([...since]));
	}

	/** @param hash hex. @returns the chunk, `undefined` when the document does not hold the change. */
	change(hash: string): Uint8Array | undefined {
		const handle = this.#idle();
		return reading("read a change", () => handle.getChangeByHash(hash)) ?? undefined;
	}

	/** @param hash hex. @returns `undefined` when the document does not hold the change. */
	metaOf(hash: string): ChangeMetadata | undefined {
		const handle = this.#idle();
		return reading("read a change", () => handle.getChangeMetaByHash(hash)) ?? undefined;
	}

	/** Gives the memory back; may be called twice. Any other use afterwards throws. */
	free(): void {
		this.#draft?.context?.close();
		this.#draft?.light?.close();
		this.#draft = undefined;
		this.#unseen = [];
		this.#unloaded = undefined;
		this.#next = undefined;
		this.#fields = undefined;
		const handle = this.#handle;
		this.#handle = undefined;
		if (handle !== undefined) reading("free a document", () => handle.free());
	}

	#localChange(handle: Handle, hash: string, operations: number): LocalChange {
		const change = reading("read a change", () => handle.getLastLocalChange());
		if (change === null) throw new MindooError("usage", "Automerge made a change and does not give it");
		const { deps, actor, seq, startOp } = headOf(change);
		this.#fields = undefined;
		return this.#made({ change, hash, deps, actor, seq, startOp, operations });
	}

	#unseenChange(change: LocalChange): LocalChange {
		this.#unseen.push(change.change);
		return this.#made(change);
	}

	#made(change: LocalChange): LocalChange {
		this.#heads = [change.hash];
		this.#next = { seq: change.seq + 1, startOp: change.startOp + change.operations };
		return change;
	}

	/** Automerge's root for a draft that began without it. */
	#realRoot(): Record<string, unknown> {
		const draft = this.#draft as OpenDraft;
		draft.context = new DraftContext(this.#upToDate(this.#live()), this.#heads);
		return draftRoot(draft.context);
	}

	/** Automerge with all changes that were made without it. */
	#upToDate(handle: Handle): Handle {
		if (this.#unseen.length === 0) return handle;
		const changes = this.#unseen;
		reading("apply changes", () => handle.applyChanges(changes));
		this.#unseen = [];
		this.#fields?.settle();
		return handle;
	}

	#closeDraft(): void {
		const draft = this.#draft;
		if (draft === undefined) throw new UsageError("no draft is open", { code: "draft-closed" });
		draft.context?.close();
		draft.light?.close();
		this.#draft = undefined;
	}

	/** Automerge, complete, with no draft open. */
	#idle(): Handle {
		return this.#upToDate(this.#alone());
	}

	#alone(): Handle {
		this.#refuseDrafting();
		return this.#live();
	}

	#refuseDrafting(): void {
		if (this.#draft !== undefined)
			throw new UsageError("a draft of the document is open: commit it or roll it back first");
	}

	#live(): Handle {
		this.#handle ??= this.#load();
		return this.#handle;
	}

	/** @throws {FormatError} when what is loaded is not what was kept. */
	#load(): Handle {
		const unloaded = this.#unloaded;
		if (unloaded === undefined) throw new MindooError("closed", "the document was freed");
		const { saved, changes } = unloaded.saved();
		const loaded = CrdtDocument.load(saved, this.actor);
		loaded.apply(changes);
		const { heads } = unloaded.root;
		const handle = loaded.#live();
		if (heads.length !== loaded.heads.length || heads.some((head, i) => head !== loaded.heads[i])) {
			loaded.free();
			throw new FormatError("document: expected the heads that were kept of it");
		}
		this.#unloaded = undefined;
		return handle;
	}

	#readData(handle: Handle): DocumentData {
		const data = plainData(reading("read a document", () => handle.toJS(undefined)));
		reading("read attachments", () => mergeAttachments(handle, data));
		return data;
	}

	/** Greatest counter of the document: a change counts on from all that it builds on. */
	#lastOperation(handle: Handle): number {
		const last = this.#heads.map((head) => handle.getChangeMetaByHash(head)?.maxOp ?? 0);
		return Math.max(0, ...last);
	}
}

/** Hex digits compare as the bytes do. */
function headsOf(handle: Handle): readonly string[] {
	return reading("read heads", () => handle.getHeads()).sort();
}
