import type { HeaderFields } from "../../entry/header.js";
import type { Evaluation } from "../judging/evaluation.js";
import type { Judged } from "../judging/judged.js";
import type { DocumentFacts } from "../projection/projection-row.js";

/** What the entries of a document come to. */
export interface Outcome {
	/** Absent when nothing of the document counts and can be read. */
	readonly facts: DocumentFacts | undefined;
	/** Version of the key under which the projection is kept. */
	readonly keyCommitment: string | undefined;
	readonly deleted: boolean;
	/** Whether it shows nothing because a key is missing. */
	readonly locked: boolean;
	/** Deletes that an undelete has to lift. */
	readonly deletes: readonly Judged[];
}

interface Counted {
	readonly judged: Judged;
	readonly hash: string;
	readonly fields: HeaderFields;
}

/** What is summed up. */
export type Tallied = Pick<Evaluation, "inCausalOrder" | "unaccepted" | "entryOfChange">;

/** Sums up the accepted entries of an evaluation, each once: a document that is edited costs what was added since the last time. */
export class OutcomeTally {
	readonly #evaluation: Tallied;
	/** Accepted entries that were counted. */
	#count = 0;
	#first: Counted | undefined;
	#last: Counted | undefined;
	#newest: Counted | undefined;
	/** Own entries whose arrival is not known yet, in their order. */
	#unplaced: Counted[] = [];
	/** Deletes that nothing lifts. */
	readonly #deletes = new Map<string, Judged>();

	constructor(evaluation: Tallied) {
		this.#evaluation = evaluation;
	}

	/** @param heads Automerge heads of the accepted changes; asked only when there are some. */
	outcome(heads: () => readonly string[]): Outcome {
		const order = this.#evaluation.inCausalOrder();
		for (; this.#count < order.length; this.#count++) this.#add(order[this.#count] as Judged);
		const newest = this.#settleNewest();
		if (this.#first === undefined || this.#last === undefined || newest === undefined) {
			const locked = [...this.#evaluation.unaccepted].some(({ verdict }) => verdict.kind === "locked");
			return { facts: undefined, keyCommitment: undefined, deleted: false, locked, deletes: [] };
		}
		const [first, last] = [this.#first.fields, this.#last.fields];
		return {
			facts: {
				decryptionKeyId: first.decryptionKeyId,
				heads: heads().map((head) => [head, this.#evaluation.entryOfChange(head)?.entry.hash ?? ""] as const),
				createdAt: first.createdAt,
				createdBy: first.createdByPublicKey,
				lastModifiedAt: last.createdAt,
				lastModifiedBy: last.createdByPublicKey,
			},
			keyCommitment: newest.fields.keyCommitment,
			deleted: this.#deletes.size > 0,
			locked: false,
			deletes: [...this.#deletes.values()],
		};
	}

	/** The entries by which `outcome` told who made the document, who wrote last, and under which key. */
	get marks(): readonly Judged[] {
		const marks = [this.#first, this.#last, this.#settleNewest()];
		return marks.flatMap((each) => (each === undefined ? [] : [each.judged]));
	}

	#add(judged: Judged): void {
		if (judged.entry.kind === "stub" || judged.entry.fields === undefined) return;
		const { hash, fields } = judged.entry;
		const counted: Counted = { judged, hash, fields };
		switch (fields.entryType) {
			case "doc_delete":
				this.#deletes.set(hash, judged);
				break;
			case "doc_create":
				if (this.#first?.fields.entryType !== "doc_create" || isBefore(counted, this.#first)) this.#first = counted;
				break;
			case "doc_change":
				if (this.#first === undefined) this.#first = counted;
				else if (this.#first.fields.entryType === "doc_change" && isBefore(counted, this.#first)) this.#first = counted;
				// What lifts a delete builds on it, and so comes behind it.
				for (const dependency of fields.dependencyHashes) this.#deletes.delete(dependency);
				break;
			default:
				return;
		}
		if (this.#last === undefined || isBefore(this.#last, counted)) this.#last = counted;
		this.#unplaced.push(counted);
	}

	/** The entry that arrived last; own ones that are being written come behind all others. */
	#settleNewest(): Counted | undefined {
		const unplaced: Counted[] = [];
		for (const counted of this.#unplaced) {
			const { arrival } = counted.judged;
			if (arrival === Number.MAX_SAFE_INTEGER) unplaced.push(counted);
			else if (this.#newest === undefined || arrival > this.#newest.judged.arrival) this.#newest = counted;
		}
		this.#unplaced = unplaced;
		return unplaced[0] ?? this.#newest;
	}
}

function isBefore(a: Counted, b: Counted): boolean {
	return a.fields.createdAt < b.fields.createdAt || (a.fields.createdAt === b.fields.createdAt && a.hash < b.hash);
}
