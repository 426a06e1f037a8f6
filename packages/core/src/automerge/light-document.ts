/**
 * A document that is read without Automerge, as long as each of its changes only assigns plain values to root keys, upon the one
 * before. Every change is decided by writing it again: see `read-initial-change.ts` and `RootFields.take`.
 */
import { Float64 } from "@automerge/automerge/slim";
import { type ChangeHead, readFrame, readHead } from "./change-head.js";
import { ByteReader } from "./leb128.js";
import type { DocumentData } from "./plain-data.js";
import { type ReadAssignment, readAssignments } from "./read-assignments.js";
import { readInitialChange } from "./read-initial-change.js";
import { type Assignment, isFieldAssignment, RootFields } from "./root-fields.js";
import { fieldOf, nothing, type RootSource } from "./root-state.js";

/** A change whose form and checksum were looked at. */
export interface NamedChange {
	/** The chunk, type 1. */
	readonly bytes: Uint8Array;
	/** Hex. */
	readonly hash: string;
}

/** A document as it stands. */
export interface StandingDocument {
	/** Sorted hex. */
	readonly heads: readonly string[];
	/** Counter of the next operation. */
	readonly startOp: number;
	readonly root: RootSource;
	/** What it shows. */
	readonly data: DocumentData;
}

export class LightDocument {
	readonly #begun: DocumentData;
	readonly #fields: RootFields;
	#heads: readonly string[];
	#startOp: number;
	/** Last change of each actor, of those that were taken here. */
	readonly #lastOf = new Map<string, string>();
	/** Whether all changes were taken here. */
	#isWhole = false;

	/** What is taken has to be accepted already. */
	constructor({ heads, startOp, root, data }: StandingDocument) {
		this.#begun = data;
		this.#fields = new RootFields(root);
		this.#heads = heads;
		this.#startOp = startOp;
	}

	/** A document of one change. @returns `undefined` when only Automerge can tell what it shows. */
	static begin(change: NamedChange): LightDocument | undefined {
		const read = readInitialChange(change);
		if (read === undefined) return undefined;
		const { data, assignments, actor, operations } = read;
		const root = rootOf(assignments, actor);
		const document = new LightDocument({ heads: [change.hash], startOp: 1 + operations, root, data });
		document.#lastOf.set(actor, change.hash);
		document.#isWhole = true;
		return document;
	}

	/** Sorted hex. */
	get heads(): readonly string[] {
		return this.#heads;
	}

	/** What the document shows; its values are to be read only. */
	data(): DocumentData {
		return this.#fields.overlay({ ...this.#begun });
	}

	/** Goes on with a change. @returns whether it could; otherwise nothing has changed. */
	take({ bytes, hash }: NamedChange): boolean {
		const reader = new ByteReader(readFrame(bytes).contents);
		const head = readHead(reader);
		if (!this.#isNext(head)) return false;
		const assignments = fieldAssignments(readAssignments(reader, head));
		if (assignments === undefined) return false;
		const next = { seq: head.seq, startOp: this.#startOp };
		const operations = this.#fields.take(bytes, assignments, head.deps, head.actor, next);
		if (operations === undefined) return false;
		this.#heads = [hash];
		this.#startOp += operations;
		this.#lastOf.set(head.actor, hash);
		return true;
	}

	/** Whether a change builds on the document as it stands. Automerge names its actor's last change too, where others came since. */
	#isNext({ deps, actor }: ChangeHead): boolean {
		const [only, another] = this.#heads;
		if (only === undefined || another !== undefined || !deps.includes(only) || deps.length > 2) return false;
		const last = this.#lastOf.get(actor);
		return deps.every((dep) => dep === only || dep === last || (last === undefined && !this.#isWhole));
	}
}

/** Each assignment puts another key. */
function rootOf(assignments: readonly ReadAssignment[], actor: string): RootSource {
	const fields = new Map(
		assignments.map(({ key, value, counter }) => [key, fieldOf(value, { actor, counter })] as const),
	);
	return {
		keys: () => [...fields.keys()],
		find: (key) => fields.get(key) ?? nothing,
	};
}

function fieldAssignments(read: readonly ReadAssignment[] | undefined): Assignment[] | undefined {
	const assignments: Assignment[] = [];
	for (const { key, value } of read ?? []) {
		const plain = value instanceof Float64 ? value.value : value;
		if (!isFieldAssignment(key, plain)) return undefined;
		assignments.push({ key, value: plain });
	}
	return read && assignments;
}
