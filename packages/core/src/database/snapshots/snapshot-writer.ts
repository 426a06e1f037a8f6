/** Writes snapshots of documents that were edited here, behind the edits. */

import { automergeVersion } from "../../automerge/automerge-version.js";
import type { LocalChange } from "../../automerge/local-change.js";
import type { Entry } from "../../entry/entry.js";
import { limits } from "../../entry/limits.js";
import { nameOfError } from "../../errors.js";
import type { HeldKey } from "../../keys/keyring.js";
import type { RowWrite } from "../../store/rows.js";
import type { Placement } from "../../store/store.js";
import type { DatabaseContext } from "../context.js";
import type { Documents } from "../documents/documents.js";
import type { OpenDocument } from "../documents/open-document.js";
import { readVerdicts } from "../judging/verdict-rows.js";
import type { CommitQueue } from "../writing/commit-queue.js";
import { type TakenSnapshot, takeSnapshot } from "./covering.js";
import { isSnapshotDue } from "./policy.js";
import { countedSnapshots } from "./resting.js";
import { type CountedSnapshot, putSnapshot, readSnapshots, replaceSnapshots } from "./snapshot-rows.js";

/** Mode, iv and tag of a payload. */
const payloadFrame = 1 + 12 + 16;

/** Milliseconds from the edit that makes a snapshot due to the snapshot, so that a burst of edits is over. */
const delay = 1000;

/** What was written to a document since its last snapshot. */
interface Since {
	changes: number;
	bytes: number;
	readonly snapshotBytes: number;
	/** Time of the last snapshot, or of the document's making. */
	readonly from: number;
}

export class SnapshotWriter {
	readonly #context: DatabaseContext;
	readonly #documents: Documents;
	readonly #queue: CommitQueue;
	readonly #keyFor: (decryptionKeyId: string) => HeldKey;
	readonly #since = new WeakMap<OpenDocument, Since>();
	readonly #due = new Set<string>();
	#timer: (() => void) | undefined;
	#running: Promise<void> = Promise.resolve();

	/** @param keyFor the version of a key to write under; throws when this author may not write. */
	constructor(
		context: DatabaseContext,
		documents: Documents,
		queue: CommitQueue,
		keyFor: (decryptionKeyId: string) => HeldKey,
	) {
		this.#context = context;
		this.#documents = documents;
		this.#queue = queue;
		this.#keyFor = keyFor;
	}

	/** Counts a change of this author's. */
	drafted(open: OpenDocument, { change }: LocalChange): void {
		const since = this.#since.get(open);
		if (since === undefined) return;
		since.changes++;
		since.bytes += change.length;
	}

	/** Sees to it that a snapshot follows if one is due, now that changes are durable. */
	durable(open: OpenDocument): void {
		if (this.#context.snapshots === "off") return;
		if (this.#since.has(open)) this.#schedule(open);
		else this.#begin(async () => this.#schedule(open, await this.#lookUp(open)));
	}

	/** Resolves when all that is due is on its way; nothing follows any more. */
	async close(): Promise<void> {
		await this.#running;
		this.#timer?.();
		this.#timer = undefined;
		await this.#flush();
	}

	#schedule(open: OpenDocument, since = this.#since.get(open)): void {
		const { snapshots, env } = this.#context;
		if (snapshots === "off" || since === undefined) return;
		if (!isSnapshotDue(snapshots, { ...since, elapsed: env.clock.now() - since.from })) return;
		this.#due.add(open.docId);
		this.#timer ??= env.clock.after(delay, () => {
			this.#timer = undefined;
			this.#begin(() => this.#flush());
		});
	}

	#begin(task: () => Promise<void>): void {
		this.#running = this.#running.then(task).catch((error: unknown) => {
			this.#context.env.log("warn", "a snapshot could not be written", { error: nameOfError(error) });
		});
	}

	async #flush(): Promise<void> {
		const due = [...this.#due];
		this.#due.clear();
		for (const docId of due) {
			try {
				await this.#write(docId);
			} catch (error) {
				this.#context.env.log("warn", "a snapshot could not be written", { error: nameOfError(error) });
			}
		}
	}

	/** What was written since the last snapshot, as the entries tell. */
	async #lookUp(open: OpenDocument): Promise<Since> {
		const { store } = this.#context;
		const snapshots = await countedSnapshots(store, open.document, await readVerdicts(store.rows, open.document));
		const last = snapshots.at(-1);
		let [changes, bytes, from] = [0, 0, last?.createdAt ?? Number.POSITIVE_INFINITY];
		for (const { arrival, entry, run = [] } of open.evaluation.judged) {
			if (entry.kind === "stub" || entry.fields?.contentTag === undefined) continue;
			if (last === undefined) from = Math.min(from, entry.common.createdAt);
			if (arrival <= (last?.upTo ?? 0)) continue;
			changes += run.length;
			bytes += entry.fields.originalSize;
		}
		// They have no entry yet, and were drafted while this was looked up.
		for (const { change } of open.own.drafted) {
			changes++;
			bytes += change.length;
		}
		const since = { changes, bytes, snapshotBytes: last?.bytes ?? 0, from };
		this.#since.set(open, since);
		return since;
	}

	async #write(docId: string): Promise<void> {
		const number = await this.#context.store.documentNumber(docId);
		if (number !== undefined) await this.#documents.bringUp([number]);
		const open = await this.#documents.openForWriting(docId);
		while (!open.isSettled) await open.settle();
		// A purge waits until it is durable: written behind that, it would bring the whole document back.
		await this.#documents.whileCurrent(open, async () => {
			const { decryptionKeyId } = open.standing;
			if (open.broken !== undefined || decryptionKeyId === undefined || open.needsJoin || !open.isSettled) return;
			const key = this.#keyFor(decryptionKeyId);
			const taken = takeSnapshot(open);
			if (taken.saved.length + payloadFrame <= limits.payloadBytes) await this.#commit(open, key, taken);
		});
	}

	#commit(open: OpenDocument, key: HeldKey, { saved, changes, heads, coverage }: TakenSnapshot): Promise<void> {
		const { trust } = this.#context;
		const { generation } = trust;
		let sealed: Entry | undefined;
		const rows = async ([placement]: readonly Placement[]): Promise<readonly RowWrite[]> => {
			if (placement === undefined || sealed === undefined) return [];
			const bytes = sealed.payload?.length ?? 0;
			const { createdAt } = sealed.common;
			this.#since.set(open, { changes: 0, bytes: 0, snapshotBytes: bytes, from: createdAt });
			const { arrival } = placement;
			const row = { kind: "counted", arrival, ...coverage, changes, bytes, createdAt } as const;
			return [
				...(await this.#replaceBy(row, open.document)),
				// What was taken before the directory changed may cover what no longer counts.
				...this.#documents.behind.note(open.document, { feed: open.feed, anew: trust.generation !== generation }),
			];
		};
		open.own.unwritten++;
		return new Promise((resolve, reject) => {
			const end = () => {
				open.own.unwritten--;
				open.own.announceWritten();
			};
			this.#queue.add({
				drafts: () => [
					{
						entryType: "doc_snapshot",
						docId: open.docId,
						key,
						changes: [],
						saved,
						lastChange: undefined,
						dependencies: () =>
							heads.flatMap(({ entry }) =>
								entry.kind === "stub" ? [] : [{ hash: entry.hash, createdAt: entry.common.createdAt }],
							),
						onSealed: (entry) => {
							sealed = entry;
							open.addSnapshot(entry);
						},
					},
				],
				rows,
				onDurable: (placements) => {
					open.placed(placements);
					end();
					this.#documents.scheduleWriteBehind();
					resolve();
				},
				onFailed: (error) => {
					// What cannot be written now is tried again when as much was written once more.
					this.#since.set(open, {
						changes: 0,
						bytes: 0,
						snapshotBytes: saved.length,
						from: this.#context.env.clock.now(),
					});
					if (sealed !== undefined) this.#documents.discard(open, error);
					end();
					reject(error);
				},
			});
		});
	}

	/** The new one covers all that those before it cover. What was set aside stays so. */
	async #replaceBy(row: CountedSnapshot, document: number): Promise<readonly RowWrite[]> {
		const { rows } = this.#context.store;
		const version = automergeVersion();
		const known = await readSnapshots(rows, document, version);
		const aside = new Set(known.filter(({ kind }) => kind === "aside").map(({ arrival }) => arrival));
		return [
			...(await replaceSnapshots(rows, document, (each) => aside.has(each))),
			putSnapshot(document, row, version),
		];
	}
}
