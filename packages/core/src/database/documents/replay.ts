import type { CheckedChange } from "../../automerge/causal-index.js";
import type { CrdtDocument } from "../../automerge/crdt-document.js";
import { LightDocument } from "../../automerge/light-document.js";
import type { DocumentData } from "../../automerge/plain-data.js";
import { FormatError } from "../../errors.js";
import type { Judged } from "../judging/judged.js";

/** Changes that are read without Automerge at a time; where there are more, Automerge will be needed anyway and takes less for each. */
const mostRead = 64;

/** Bytes of changes that may wait to be applied: one call of Automerge for many, and never the plaintext of a whole document. */
const mostWaiting = 4 * 1024 * 1024;

type Taken = Pick<CheckedChange, "bytes" | "hash" | "actor">;

/**
 * Applies what an evaluation accepts to an Automerge document, in batches of bounded size, and keeps nothing of it: what has to be
 * applied once more is read from the store again. A document whose changes only assign plain values to root keys, one upon the other, is
 * read without Automerge, until it is asked for.
 */
export class Replay {
	readonly #create: () => CrdtDocument;
	#crdt: CrdtDocument | undefined;
	#waiting: Taken[] = [];
	#waitingBytes = 0;
	#failed = false;
	/** What waits but for the last `unread`, as long as it is all there is and can be read without Automerge. */
	#light: LightDocument | "unfit" | undefined;
	#unread = 0;
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
		// It may be edited from here on.
		this.#light = "unfit";
		if (this.#failed) throw new FormatError("document: expected changes that Automerge takes");
		this.#crdt ??= this.#create();
		return this.#crdt;
	}

	/** Takes changes in causal order; while the document is handed out they are left to whoever restores it. */
	take(changes: readonly Taken[]): void {
		if (this.#handedOut || changes.length === 0) return;
		for (const change of changes) {
			this.#waiting.push(change);
			this.#waitingBytes += change.bytes.length;
		}
		this.#unread += changes.length;
		if (this.#waitingBytes >= mostWaiting) this.flush();
	}

	/** Applies what waits. */
	flush(): void {
		const changes = this.#waiting;
		if (changes.length === 0) return;
		this.#light = "unfit";
		this.#waiting = [];
		this.#waitingBytes = 0;
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
		if (this.#readLight() !== undefined) return true;
		this.flush();
		return !this.#failed;
	}

	/** Whether everything that was taken loads back: rule (e). */
	loadsBack(): boolean {
		return this.#readLight() !== undefined || (this.applies() && this.crdt.loadsBack());
	}

	/** Heads of the document; `isReady` must hold. */
	get heads(): readonly string[] {
		return this.#readLight()?.heads ?? this.crdt.heads;
	}

	/** What the document shows, to be read only; `isReady` must hold. */
	data(): DocumentData {
		return this.#readLight()?.data() ?? this.crdt.toData();
	}

	/** All that was taken. @returns `undefined` when only Automerge can tell. */
	#readLight(): LightDocument | undefined {
		if (this.#unread > mostRead) this.#light = "unfit";
		while (this.#light !== "unfit" && this.#unread > 0) {
			this.#light = readNext(this.#light, this.#waiting.at(-this.#unread) as Taken) ?? "unfit";
			this.#unread--;
		}
		return this.#light === "unfit" ? undefined : this.#light;
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
		this.#light = "unfit";
		this.#handedOut = false;
	}

	/** Gives the memory back. */
	free(): void {
		this.#handedOut = true;
		this.#crdt?.free();
		this.#crdt = undefined;
		this.#light = undefined;
		this.#waiting = [];
		this.#waitingBytes = 0;
	}
}

/** @param document what was read before, `undefined` for nothing. @returns `undefined` when only Automerge can tell. */
function readNext(document: LightDocument | undefined, change: Taken): LightDocument | undefined {
	try {
		if (document === undefined) return LightDocument.begin(change);
		return document.take(change) ? document : undefined;
	} catch (error) {
		if (error instanceof FormatError) return undefined;
		throw error;
	}
}

/** Rule (e), where something is new. */
export function loads(replay: Replay, gained: readonly Judged[]): boolean {
	return gained.every(({ settled }) => settled !== undefined) ? replay.applies() : replay.loadsBack();
}
