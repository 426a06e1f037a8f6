/**
 * The changes of one open document that wait for the same group commit: neighbours that build on one another become one run.
 */
import type { LocalChange } from "../../automerge/crdt-document.js";
import type { Entry } from "../../entry/entry.js";
import { limits } from "../../entry/limits.js";
import { VerifyError } from "../../errors.js";
import type { HeldKey } from "../../keys/keyring.js";
import type { RowWrite } from "../../store/rows.js";
import type { Placement } from "../../store/store.js";
import type { OpenDocument } from "../documents/open-document.js";
import type { CommitJob, Draft } from "./commit-queue.js";

/** One thing that a writer did to a document. */
export type Step =
	| {
			readonly kind: "change";
			readonly change: LocalChange;
			readonly key: HeldKey;
			/** Deletes that the change lifts. */
			readonly lifts: readonly { readonly hash: string; readonly createdAt: number }[];
			/** Attachment chunks that it refers to, unsigned. */
			readonly chunks?: readonly Entry[];
	  }
	/** `heads`: Automerge heads that the author saw. */
	| { readonly kind: "delete"; readonly heads: readonly string[]; readonly key: HeldKey };

interface Waiter {
	readonly resolve: () => void;
	readonly reject: (error: unknown) => void;
}

/** What the job tells its owner. */
export interface JobOwner {
	/** Rows for the batch of the entries. */
	rows(open: OpenDocument): Promise<readonly RowWrite[]>;
	durable(open: OpenDocument): void;
	failed(open: OpenDocument, error: unknown): void;
}

export class DocumentJob implements CommitJob {
	readonly #open: OpenDocument;
	readonly #owner: JobOwner;
	readonly #steps: Step[] = [];
	readonly #waiters: Waiter[] = [];
	#closed = false;

	constructor(open: OpenDocument, owner: JobOwner) {
		this.#open = open;
		this.#owner = owner;
	}

	/** Whether the group that it belongs to is still gathering. */
	get isOpen(): boolean {
		return !this.#closed;
	}

	/** Resolves when the step is durable. */
	add(step: Step): Promise<void> {
		this.#steps.push(step);
		this.#open.own.unwritten++;
		return new Promise((resolve, reject) => {
			this.#waiters.push({ resolve, reject });
		});
	}

	readonly drafts = (): readonly Draft[] => {
		this.#closed = true;
		if (this.#open.broken !== undefined) throw this.#open.broken;
		const drafts: Draft[] = [];
		let run: Extract<Step, { kind: "change" }>[] = [];
		let operations = 0;
		const finishRun = () => {
			if (run.length > 0) drafts.push(this.#runDraft(run));
			run = [];
			operations = 0;
		};
		for (const step of this.#steps) {
			if (step.kind === "delete") {
				finishRun();
				drafts.push(this.#deleteDraft(step));
				continue;
			}
			const last = run.at(-1);
			const hasRoom =
				run.length < limits.changesPerRun && operations + step.change.operations <= limits.operationsPerRun;
			if (last !== undefined && !(hasRoom && continues(last, step))) finishRun();
			run.push(step);
			operations += step.change.operations;
		}
		finishRun();
		return drafts;
	};

	readonly rows = (): Promise<readonly RowWrite[]> => this.#owner.rows(this.#open);

	readonly onDurable = (placements: readonly Placement[]): void => {
		this.#open.placed(placements);
		this.#open.own.unwritten -= this.#steps.length;
		this.#owner.durable(this.#open);
		this.#open.own.announceWritten();
		for (const { resolve } of this.#waiters) resolve();
	};

	readonly onFailed = (error: unknown): void => {
		this.#closed = true;
		this.#open.own.unwritten -= this.#steps.length;
		this.#owner.failed(this.#open, error);
		this.#open.own.announceWritten();
		for (const { reject } of this.#waiters) reject(error);
	};

	#runDraft(run: readonly Extract<Step, { kind: "change" }>[]): Draft {
		const [first] = run as [Extract<Step, { kind: "change" }>];
		const changes = run.map(({ change }) => change);
		return {
			entryType: "doc_change",
			docId: this.#open.docId,
			key: first.key,
			changes: changes.map(({ change }) => change),
			lastChange: (changes.at(-1) as LocalChange).hash,
			chunks: run.flatMap(({ chunks }) => chunks ?? []),
			dependencies: () => [...first.change.deps.map((dep) => this.#entryOf(dep)), ...first.lifts],
			onSealed: (entry) => this.#open.addOwn(entry, changes),
		};
	}

	#deleteDraft(step: Extract<Step, { kind: "delete" }>): Draft {
		return {
			entryType: "doc_delete",
			docId: this.#open.docId,
			key: step.key,
			changes: [],
			lastChange: undefined,
			dependencies: () => step.heads.map((head) => this.#entryOf(head)),
			onSealed: (entry) => this.#open.addOwn(entry, []),
		};
	}

	#entryOf(change: string): { readonly hash: string; readonly createdAt: number } {
		const entry = this.#open.evaluation.entryOfChange(change)?.entry;
		if (entry === undefined || entry.kind === "stub") {
			throw new VerifyError("nothing was written: what the edit builds on was refused or erased meanwhile", {
				code: "trust",
			});
		}
		return { hash: entry.hash, createdAt: entry.common.createdAt };
	}
}

function continues(last: Extract<Step, { kind: "change" }>, next: Extract<Step, { kind: "change" }>): boolean {
	return (
		next.change.deps.length === 1 &&
		next.change.deps[0] === last.change.hash &&
		next.change.actor === last.change.actor &&
		next.lifts.length === 0 &&
		next.key === last.key
	);
}
