import type { CheckedChange } from "../../automerge/causal-index.js";
import type { CrdtDocument } from "../../automerge/crdt-document.js";
import type { DocumentData } from "../../automerge/plain-data.js";
import { readInitialChange } from "../../automerge/read-initial-change.js";
import { FormatError } from "../../errors.js";
import type { Judged } from "../judging/judged.js";

/** Bytes of changes that may wait to be applied: one call of Automerge for many, and never the plaintext of a whole document. */
const mostWaiting = 4 * 1024 * 1024;

type Taken = Pick<CheckedChange, "bytes" | "hash" | "actor">;

/** A document that consists of one change that was read without Automerge. */
interface Initial {
	readonly heads: readonly string[];
	readonly data: DocumentData;
}

/**
 * Applies what an evaluation accepts to an Automerge document, in batches of bounded size, and keeps nothing of it: what has to be
 * applied once more is read from the store again. A document of one simple change is read without Automerge, until it is asked for.
 */
export class Replay {
	readonly #create: () => CrdtDocument;
	#crdt: CrdtDocument | undefined;
	#waiting: Taken[] = [];
	#waitingBytes = 0;
	#failed = false;
	/** `undefined` as long as nobody asked, and when what waits is not such a document. */
	#initial: Initial | undefined;
	/** Whether the document was handed out or freed, and has to be read again before there is another. */
	#handedOut = false;

	/** @param create makes the empty document, when something is there to apply. */
	constructor(create: () => CrdtDocument) {
		this.#create = create;
	}

	/** Whether the document is here. */
	get isReady(): boolean {
		return !this.#handedOut;
	}

	/** Bytes of changes that wait to be applied. */
	get waitingBytes(): number {
		return this.#waitingBytes;
	}

	/** Actor of the Automerge document, where there is one. */
	get actor(): string | undefined {
		return this.#crdt?.actor;
	}

	/** The document with all that was taken; `isReady` must hold. */
	get crdt(): CrdtDocument {
		if (this.#handedOut) throw new Error("the Automerge document is handed out: it has to be restored first");
		this.flush();
		if (this.#failed) throw new FormatError("document: expected changes that Automerge takes");
		this.#crdt ??= this.#create();
		return this.#crdt;
	}

	/** Takes changes in causal order; while the document is handed out they are left to whoever restores it. */
	take(changes: readonly Taken[]): void {
		if (this.#handedOut || changes.length === 0) return;
		this.#initial = undefined;
		for (const change of changes) {
			this.#waiting.push(change);
			this.#waitingBytes += change.bytes.length;
		}
		if (this.#waitingBytes >= mostWaiting) this.flush();
	}

	/** Applies what waits. */
	flush(): void {
		const changes = this.#waiting;
		if (changes.length === 0) return;
		this.#waiting = [];
		this.#waitingBytes = 0;
		this.#initial = undefined;
		if (this.#failed) return;
		try {
			this.#crdt ??= this.#create();
			this.#crdt.apply(changes.map(({ bytes }) => bytes));
		} catch (error) {
			if (!(error instanceof FormatError)) throw error;
			this.#failed = true;
		}
	}

	/** Whether Automerge takes everything that was taken. */
	applies(): boolean {
		if (this.#readInitial() !== undefined) return true;
		this.flush();
		return !this.#failed;
	}

	/** Whether everything that was taken loads back: rule (e). */
	loadsBack(): boolean {
		return this.#readInitial() !== undefined || (this.applies() && this.crdt.loadsBack());
	}

	/** Heads of the document; `isReady` must hold. */
	get heads(): readonly string[] {
		return this.#readInitial()?.heads ?? this.crdt.heads;
	}

	/** What the document shows, to be read only; `isReady` must hold. */
	data(): DocumentData {
		return this.#readInitial()?.data ?? this.crdt.toData();
	}

	#readInitial(): Initial | undefined {
		if (this.#initial !== undefined) return this.#initial;
		const [only] = this.#waiting;
		if (only === undefined || this.#waiting.length > 1 || this.#crdt !== undefined || this.#failed) return undefined;
		const data = readInitialChange(only);
		if (data !== undefined) this.#initial = { heads: [only.hash], data };
		return this.#initial;
	}

	/** Hands the document out; until `restore` there is none. */
	handOut(): CrdtDocument {
		const { crdt } = this;
		this.#crdt = undefined;
		this.#handedOut = true;
		return crdt;
	}

	/** Goes on with a document that has everything that was taken. */
	restore(crdt: CrdtDocument): void {
		this.#crdt = crdt;
		this.#handedOut = false;
	}

	/** Gives the memory back. */
	free(): void {
		this.#handedOut = true;
		this.#crdt?.free();
		this.#crdt = undefined;
		this.#initial = undefined;
		this.#waiting = [];
		this.#waitingBytes = 0;
	}
}

/** Rule (e), where something is new. */
export function loads(replay: Replay, gained: readonly Judged[]): boolean {
	return gained.every(({ settled }) => settled !== undefined) ? replay.applies() : replay.loadsBack();
}
