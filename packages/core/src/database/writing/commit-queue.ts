/**
 * Group commit: while one batch is being written, the changes of all documents gather; then they are sealed, chained, signed and
 * written together. A change that is awaited alone is a group of one.
 */

import { encodeRun } from "../../automerge/run.js";
import type { SigningKey } from "../../crypto/crypto.js";
import type { Entry } from "../../entry/entry.js";
import type { EntryType } from "../../entry/header.js";
import { contentTag, type SealedPayload, sealPayload } from "../../entry/payload.js";
import { makeEntry, signEntries } from "../../entry/sign.js";
import { writtenAt } from "../../entry/written-at.js";
import type { Env } from "../../env.js";
import { nameOfError } from "../../errors.js";
import type { HeldKey } from "../../keys/keyring.js";
import type { RowWrite } from "../../store/rows.js";
import type { LocalStore, Placement } from "../../store/store.js";
import { appendUncommitted, noteCommitted } from "../attachments/uncommitted.js";
import { ownChainEnd, ownChainRow } from "./own-chain.js";

/** Most jobs of a group: more of them save no time, and hold their memory until the last is written. */
const jobsPerGroup = 512;

/** The part of a new entry that its writer decides. */
export interface Draft {
	readonly entryType: Extract<EntryType, "doc_create" | "doc_change" | "doc_delete" | "doc_snapshot">;
	readonly docId: string;
	readonly key: HeldKey;
	/** Automerge changes of the run, at most 256; none for a delete or a snapshot. */
	readonly changes: readonly Uint8Array[];
	/** What a snapshot holds. */
	readonly saved?: Uint8Array;
	/** Hash of the last change; `undefined` where there is none. */
	readonly lastChange: string | undefined;
	/** Chunks that it refers to, unsigned. */
	readonly chunks?: readonly Entry[];
	/** Entries that it depends on; asked when all drafts before it have their address. */
	readonly dependencies: () => readonly { readonly hash: string; readonly createdAt: number }[];
	/** Called with the finished entry, before it is durable, so that later drafts can depend on it. */
	readonly onSealed: (entry: Entry) => void;
}

/** Work that is waiting for the next group. */
export interface CommitJob {
	/** Asked once, when the group is closed; what it throws fails this job alone. */
	readonly drafts: () => readonly Draft[];
	/** Rows that belong into the entries' batch. */
	readonly rows: (placements: readonly Placement[]) => Promise<readonly RowWrite[]>;
	/** Called when the entries are durable. */
	readonly onDurable: (placements: readonly Placement[]) => void;
	/** Called when nothing of the job was written. */
	readonly onFailed: (error: unknown) => void;
}

export interface Author {
	/** Hex. */
	readonly publicKey: string;
	readonly signingKey: SigningKey;
}

export interface CommitContext {
	readonly env: Pick<Env, "crypto" | "random" | "clock" | "log">;
	readonly store: LocalStore;
	/** Where chunks lie when not with the documents. */
	readonly attachmentStore?: LocalStore | undefined;
	/** Rows that go with chunks. */
	readonly rowsOfChunks?: (chunks: readonly Entry[]) => Promise<readonly RowWrite[]>;
	readonly tenantRoot: string;
	readonly dbId: string;
	readonly author: Author;
	/** Directory heads that the first entry of a group states. */
	readonly directoryHeads: () => readonly string[];
	/** Whether the database is the directory: there field 12 is the causal order, and each entry follows the one before. */
	readonly isDirectory: boolean;
	/** Called when a group is durable, before its writers hear of it. */
	readonly onAppended: (() => Promise<void>) | undefined;
}

interface PreparedJob {
	readonly job: CommitJob;
	readonly sealed: readonly Sealed[];
}

/** What is written together. */
interface Group {
	readonly linked: readonly PreparedJob[];
	readonly entries: readonly Entry[];
	/** Where the author's chain ends with it. */
	readonly head: string | undefined;
}

/** Where the author's next entry goes on. */
interface ChainEnd {
	readonly previous: string | undefined;
	readonly directoryHeads: readonly string[];
}

interface Sealed {
	readonly draft: Draft;
	readonly payload: SealedPayload;
	readonly tag: string | undefined;
}

export class CommitQueue {
	readonly #context: CommitContext;
	readonly #waiting: CommitJob[] = [];
	#running: Promise<void> | undefined;
	/** Head of this author's chain; `undefined` until it was read, and again after a failed write. */
	#chain: { head: string | undefined } | undefined;

	constructor(context: CommitContext) {
		this.#context = context;
	}

	/** Jobs of one document are carried out in the order in which they were added. */
	add(job: CommitJob): void {
		this.#waiting.push(job);
		this.#running ??= this.#run();
	}

	/** Resolves when nothing is waiting any more. Never rejects: each job hears of its own failure. */
	async idle(): Promise<void> {
		while (this.#running !== undefined) await this.#running;
	}

	/** The chain's head is read anew: foreign entries may have continued it. */
	forgetChain(): void {
		this.#chain = undefined;
	}

	async #run(): Promise<void> {
		await undefined;
		while (this.#waiting.length > 0) {
			const jobs = this.#waiting.splice(0, jobsPerGroup);
			const ready = (await Promise.all(jobs.map(this.#prepare))).filter((job) => job !== undefined);
			let linked: readonly PreparedJob[] = ready;
			try {
				const group = await this.#link(ready);
				linked = group.linked;
				await this.#commit(group);
			} catch (error) {
				this.#chain = undefined;
				for (const { job } of linked) job.onFailed(error);
			}
		}
		this.#running = undefined;
	}

	/** Takes the job's drafts and encrypts them. */
	readonly #prepare = async (job: CommitJob): Promise<PreparedJob | undefined> => {
		try {
			return { job, sealed: await Promise.all(job.drafts().map((draft) => this.#seal(draft))) };
		} catch (error) {
			job.onFailed(error);
			return undefined;
		}
	};

	async #commit({ linked, entries: unsigned, head }: Group): Promise<void> {
		if (linked.length === 0) return;
		const [entries, chunks] = await Promise.all([this.#sign(unsigned), this.#signChunks(linked)]);
		const { store, attachmentStore } = this.#context;
		// Before what refers to them: a crash in between leaves chunks that `gc` finds by their note, and never a reference without its bytes.
		const chunkRows = (await this.#context.rowsOfChunks?.(chunks)) ?? [];
		const last = entries.at(-1)?.hash as string;
		if (attachmentStore !== undefined && chunks.length > 0) {
			const now = this.#context.env.clock.now();
			await appendUncommitted(attachmentStore, chunks, { change: last, now, rows: chunkRows });
		}
		const own = attachmentStore === undefined ? [...entries, ...chunks] : entries;
		const share = (placements: readonly Placement[]): (readonly [CommitJob, readonly Placement[]])[] => {
			let next = 0;
			return linked.map(({ job, sealed }) => {
				const first = next;
				next += sealed.length;
				return [job, placements.slice(first, next)] as const;
			});
		};
		const placements = await store.append(own, {
			rows: async (placed) => [
				...(await Promise.all(share(placed).map(([job, placed]) => job.rows(placed)))).flat(),
				...ownChainRow(this.#context.author.publicKey, head),
				...(attachmentStore === undefined ? chunkRows : []),
			],
		});
		try {
			await this.#context.onAppended?.();
		} catch (error) {
			// The entries are durable all the same, and their writers must not be told otherwise.
			this.#context.env.log("error", "what follows from new entries could not be done", {
				error: nameOfError(error),
			});
		}
		for (const [job, own] of share(placements)) job.onDurable(own);
		// Nobody who waits for the change waits for this.
		if (attachmentStore !== undefined && chunks.length > 0) await this.#noteCommitted(attachmentStore, chunks);
	}

	/** The change stands whether its note goes now or when garbage is collected. */
	async #noteCommitted(attachmentStore: LocalStore, chunks: readonly Entry[]): Promise<void> {
		try {
			await noteCommitted(attachmentStore, chunks);
		} catch (error) {
			this.#context.env.log("warn", "a note about chunks could not be struck out", { error: nameOfError(error) });
		}
	}

	async #seal(draft: Draft): Promise<Sealed> {
		const { env, dbId, author } = this.#context;
		const { subkeys, decryptionKeyId } = draft.key;
		const key = await subkeys.documentKey(dbId, draft.docId);
		const run = () => (draft.changes.length === 0 ? new Uint8Array(0) : encodeRun(draft.changes));
		const plaintext = draft.saved ?? run();
		const binding = { entryType: draft.entryType, createdByPublicKey: author.publicKey, decryptionKeyId };
		const payload = await sealPayload(env, binding, plaintext, key);
		if (draft.lastChange === undefined) return { draft, payload, tag: undefined };
		const tagKey = await subkeys.contentTagKey(dbId, draft.docId);
		return { draft, payload, tag: await contentTag(env.crypto, tagKey, draft.lastChange) };
	}

	/** Puts the jobs' entries behind one another. One whose entries cannot be made fails alone and leaves no gap. */
	async #link(jobs: readonly PreparedJob[]): Promise<Group> {
		const { store, author, isDirectory } = this.#context;
		this.#chain ??= { head: await ownChainEnd(store, author.publicKey) };
		let end: ChainEnd = { previous: this.#chain.head, directoryHeads: this.#context.directoryHeads() };
		const linked: PreparedJob[] = [];
		const entries: Entry[] = [];
		for (const prepared of jobs) {
			try {
				const own = await this.#linkJob(prepared.sealed, end);
				linked.push(prepared);
				for (const entry of own) entries.push(entry);
				const last = own.at(-1)?.hash;
				if (last !== undefined) {
					end = { previous: last, directoryHeads: isDirectory ? [last] : end.directoryHeads };
				}
			} catch (error) {
				prepared.job.onFailed(error);
			}
		}
		this.#chain = { head: end.previous };
		return { linked, entries, head: end.previous };
	}

	/** Gives each entry its dependencies, time, predecessor and address, one after the other. */
	async #linkJob(sealed: readonly Sealed[], end: ChainEnd): Promise<Entry[]> {
		const { env, tenantRoot, dbId, author, isDirectory } = this.#context;
		let { previous, directoryHeads } = end;
		const entries: Entry[] = [];
		for (const { draft, payload, tag } of sealed) {
			const dependencies = draft.dependencies();
			const entry = await makeEntry(
				env.crypto,
				{
					entryType: draft.entryType,
					tenantRoot,
					dbId,
					docId: draft.docId,
					dependencyHashes: [...new Set(dependencies.map(({ hash }) => hash))].sort(),
					createdAt: writtenAt(env.clock.now(), dependencies),
					createdByPublicKey: author.publicKey,
					decryptionKeyId: draft.key.decryptionKeyId,
					keyCommitment: draft.key.keyCommitment,
					contentHash: payload.contentHash,
					originalSize: payload.originalSize,
					directoryHeads,
					contentTag: tag,
					previousByAuthor: previous,
					extensions: new Map(),
				},
				payload.payload,
			);
			previous = entry.hash;
			if (isDirectory) directoryHeads = [entry.hash];
			draft.onSealed(entry);
			entries.push(entry);
		}
		return entries;
	}

	/** Each carries its own signature: it is in nobody's chain. */
	async #signChunks(linked: readonly PreparedJob[]): Promise<Entry[]> {
		const chunks = linked.flatMap(({ sealed }) => sealed.flatMap(({ draft }) => draft.chunks ?? []));
		return chunks.length === 0 ? [] : signEntries(this.#context.env.crypto, this.#context.author.signingKey, chunks);
	}

	/** Every `doc_create` and the last entry of the group: one signature vouches for what its chain names before it. */
	async #sign(entries: readonly Entry[]): Promise<Entry[]> {
		const last = entries.length - 1;
		const signing = entries.filter((entry, index) => index === last || entry.fields?.entryType === "doc_create");
		const signed = new Map(
			(await signEntries(this.#context.env.crypto, this.#context.author.signingKey, signing)).map((entry) => [
				entry.hash,
				entry,
			]),
		);
		return entries.map((entry) => signed.get(entry.hash) ?? entry);
	}
}

/** The own clock, or the latest dependency that is not more than a day ahead of it. */
