import { change } from "@automerge/automerge/slim";
import { UsageError } from "../errors.js";
import { editing } from "./automerge-error.js";
import { checkDraftValue, checkText, type Handle, writePiecewise } from "./draft-value.js";

type Args<K extends keyof Handle> = Handle[K] extends (...args: infer A) => unknown ? A : never;
type Result<K extends keyof Handle> = Handle[K] extends (...args: never[]) => infer R ? R : never;

/**
 * What Automerge's proxies of one draft hold in place of the document itself. So one switch closes all of them, also those
 * that somebody kept, and every written value is checked before WebAssembly sees it.
 *
 * Only methods that leave the open transaction open are passed on; `getHeads` of the document itself would commit it.
 */
export class DraftContext {
	readonly #heads: readonly string[];
	#handle: Handle | undefined;

	constructor(handle: Handle, heads: readonly string[]) {
		this.#handle = handle;
		this.#heads = heads;
	}

	/** Ends the draft: every later use of it, or of an object reached through it, throws. */
	close(): void {
		this.#handle = undefined;
	}

	/**
	 * Automerge's proxies ask for it before every write and refuse to assign an object where it is the same. It is the same for
	 * all drafts, since a list of another document would be stored as its text.
	 */
	get __wbg_ptr(): string {
		this.#live();
		return "draft";
	}

	getHeads(): string[] {
		return [...this.#heads];
	}
	pendingOps(): number {
		return this.#live().pendingOps();
	}
	rollback(): number {
		return this.#live().rollback();
	}

	get(...args: Args<"get">): Result<"get"> {
		return this.#call((handle) => handle.get(...args));
	}
	getWithType(...args: Args<"getWithType">): Result<"getWithType"> {
		return this.#call((handle) => handle.getWithType(...args));
	}
	getAll(...args: Args<"getAll">): Result<"getAll"> {
		return this.#call((handle) => handle.getAll(...args));
	}
	keys(...args: Args<"keys">): Result<"keys"> {
		return this.#call((handle) => handle.keys(...args));
	}
	text(...args: Args<"text">): Result<"text"> {
		return this.#call((handle) => handle.text(...args));
	}
	length(...args: Args<"length">): Result<"length"> {
		return this.#call((handle) => handle.length(...args));
	}
	objInfo(...args: Args<"objInfo">): Result<"objInfo"> {
		return this.#call((handle) => handle.objInfo(...args));
	}
	spans(...args: Args<"spans">): Result<"spans"> {
		return this.#call((handle) => handle.spans(...args));
	}
	marks(...args: Args<"marks">): Result<"marks"> {
		return this.#call((handle) => handle.marks(...args));
	}
	marksAt(...args: Args<"marksAt">): Result<"marksAt"> {
		return this.#call((handle) => handle.marksAt(...args));
	}
	getBlock(...args: Args<"getBlock">): Result<"getBlock"> {
		return this.#call((handle) => handle.getBlock(...args));
	}
	getCursor(...args: Args<"getCursor">): Result<"getCursor"> {
		return this.#call((handle) => handle.getCursor(...args));
	}
	getCursorPosition(...args: Args<"getCursorPosition">): Result<"getCursorPosition"> {
		return this.#call((handle) => handle.getCursorPosition(...args));
	}

	put(object: string, place: string | number, value: unknown, datatype: string): void {
		this.#write(object, place, value, datatype, false);
	}
	insert(object: string, place: number, value: unknown, datatype: string): void {
		this.#write(object, place, value, datatype, true);
	}
	putObject(object: string, place: string | number, value: unknown): unknown {
		if (typeof value !== "string") return this.putObjectFromHydrate(object, place, value);
		checkText(value);
		return this.#call((handle) => handle.putObject(object, place, value as never));
	}
	insertObject(object: string, place: number, value: unknown): unknown {
		if (typeof value !== "string") return this.insertObjectFromHydrate(object, place, value);
		checkText(value);
		return this.#call((handle) => handle.insertObject(object, place, value as never));
	}
	putObjectFromHydrate(object: string, place: string | number, value: unknown): unknown {
		const piecewise = checkDraftValue(value);
		return this.#call((handle) => {
			if (piecewise) return writePiecewise(handle, object, place, value, false);
			return handle.putObjectFromHydrate(object, place, value);
		});
	}
	insertObjectFromHydrate(object: string, place: number, value: unknown): unknown {
		const piecewise = checkDraftValue(value);
		return this.#call((handle) => {
			if (piecewise) return writePiecewise(handle, object, place, value, true);
			return handle.insertObjectFromHydrate(object, place, value);
		});
	}
	spliceFromHydrate(object: string, place: number, remove: number, values: readonly unknown[]): void {
		const piecewise = checkDraftValue(values);
		this.#call((handle) => {
			if (!piecewise) return handle.spliceFromHydrate(object, place, remove, values);
			handle.spliceFromHydrate(object, place, remove, []);
			for (const [i, value] of values.entries()) writePiecewise(handle, object, place + i, value, true);
		});
	}
	delete(...args: Args<"delete">): void {
		this.#call((handle) => handle.delete(...args));
	}
	increment(object: string, place: string | number, value: number): void {
		if (!Number.isSafeInteger(value)) throw new UsageError("a counter is incremented by a whole number within 53 bits");
		this.#call((handle) => handle.increment(object, place, value));
	}
	splice(...args: Args<"splice">): Result<"splice"> {
		if (typeof args[3] === "string") checkText(args[3]);
		return this.#call((handle) => handle.splice(...args));
	}
	updateText(...args: Args<"updateText">): void {
		this.#call((handle) => handle.updateText(...args));
	}
	mark(...args: Args<"mark">): void {
		if (args[3] !== null && typeof args[3] === "object") checkDraftValue(args[3]);
		this.#call((handle) => handle.mark(...args));
	}
	unmark(...args: Args<"unmark">): void {
		this.#call((handle) => handle.unmark(...args));
	}
	splitBlock(...args: Args<"splitBlock">): void {
		checkDraftValue(args[2]);
		this.#call((handle) => handle.splitBlock(...args));
	}
	joinBlock(...args: Args<"joinBlock">): void {
		this.#call((handle) => handle.joinBlock(...args));
	}
	updateBlock(...args: Args<"updateBlock">): void {
		checkDraftValue(args[2]);
		this.#call((handle) => handle.updateBlock(...args));
	}
	updateSpans(...args: Args<"updateSpans">): void {
		checkDraftValue(args[1]);
		this.#call((handle) => handle.updateSpans(...args));
	}

	#write(object: string, place: string | number, value: unknown, datatype: string, insert: boolean): void {
		if (datatype === "timestamp" && Number.isNaN(value)) throw new UsageError("a document cannot hold an invalid date");
		if (datatype === "counter" && !Number.isSafeInteger(value)) {
			throw new UsageError("a counter holds a whole number within 53 bits");
		}
		const cut = datatype === "int" && typeof value === "number" && !Number.isSafeInteger(value);
		const kind = (cut ? "f64" : datatype) as Args<"put">[3];
		this.#call((handle) => {
			if (insert) handle.insert(object, place as number, value as never, kind as never);
			else handle.put(object, place, value as never, kind as never);
		});
	}

	#call<T>(use: (handle: Handle) => T): T {
		const handle = this.#live();
		return editing(() => use(handle));
	}

	#live(): Handle {
		if (this.#handle === undefined) {
			throw new UsageError("the draft is closed: it can be used only inside the callback that received it", {
				code: "draft-closed",
			});
		}
		return this.#handle;
	}
}

/** The mutable root of a draft: Automerge's own proxy, working on `context`. */
export function draftRoot(context: DraftContext): Record<string, unknown> {
	// `change` makes a proxy of whatever document it finds under these two symbols, gives it to the callback, and does
	// nothing more when no operations are pending. The proxy stays good afterwards.
	const document = { [Symbol.for("_am_meta")]: { handle: context }, [Symbol.for("_am_objectId")]: "_root" };
	let root: Record<string, unknown> | undefined;
	change(document as never, (proxy) => {
		root = proxy as unknown as Record<string, unknown>;
	});
	return root as unknown as Record<string, unknown>;
}
