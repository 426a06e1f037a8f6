/** Carries out batches: one draft for all calls of a group, one write, then the state in memory follows. */
import { concatBytes } from "../bytes/concat.js";
import type { StoredEntry } from "../entry/entry.js";
import { StoreError } from "../errors.js";
import { Draft, type DraftParts, type KnownAddress } from "./drafting.js";
import { tags } from "./row-keys.js";
import type { RowWrite } from "./rows.js";
import { type Job, Serial } from "./serial.js";
import type { StoreState } from "./state.js";
import type { Placement } from "./store.js";
import type { Table } from "./table.js";
import type { Trie } from "./trie.js";

/** What became of the entries of one call. */
export interface Appended {
	/** One for each entry, in order. */
	readonly placements: readonly Placement[];
	/** For each entry where its address pointed before it was placed; `undefined` for a new one. */
	readonly known: readonly (KnownAddress | undefined)[];
}

export interface WriteRequest {
	readonly entries: readonly StoredEntry[];
	readonly rows?: ((appended: Appended) => Promise<readonly RowWrite[]>) | undefined;
	/** @default true */
	readonly durable?: boolean | undefined;
	/** Whether chunks may come without their payloads. @default false */
	readonly mayLack?: boolean;
}

interface Drafted {
	readonly draft: Draft;
	readonly rows: readonly RowWrite[];
	readonly settled: readonly { readonly job: WriteJob; readonly appended: Appended }[];
}

interface WriteJob extends Job, WriteRequest {
	readonly resolve: (appended: Appended) => void;
}

export class Writer {
	readonly #parts: DraftParts;
	readonly #table: Table;
	readonly #state: StoreState;
	readonly #trie: Trie;
	readonly #serial: Serial<WriteJob>;
	/** Set when a write failed or another process wrote: the engine and what is in memory must be read anew before the next one. */
	#stale = false;
	readonly #listeners = new Set<() => Promise<void>>();
	readonly #appended = new Set<(arrival: number) => void>();
	#closed = false;

	constructor(parts: DraftParts, state: StoreState, trie: Trie) {
		this.#parts = parts;
		this.#table = parts.table;
		this.#state = state;
		this.#trie = trie;
		this.#serial = new Serial((jobs) => this.#commit(jobs));
	}

	write(request: WriteRequest): Promise<Appended> {
		if (this.#closed) return Promise.reject(closedError());
		return new Promise((resolve, reject) =>
			this.#serial.add({ ...request, size: request.entries.length, resolve, reject }),
		);
	}

	/** Runs `task` in the serial section. Rows that it writes must go through `writeAlone`. */
	alone<T>(task: () => Promise<T>): Promise<T> {
		if (this.#closed) return Promise.reject(closedError());
		return this.#serial.alone(() => this.#section(task));
	}

	/** A batch of rows within `alone`. @param durable whether it is on disk when this resolves. */
	async writeAlone(rows: readonly RowWrite[], durable = true): Promise<void> {
		try {
			await this.#table.write(rows, durable);
		} catch (error) {
			this.#stale = true;
			throw error;
		}
	}

	/** See `LocalStore`. */
	onReadAnew(listener: () => Promise<void>): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** See `LocalStore`. */
	onAppended(listener: (arrival: number) => void): () => void {
		this.#appended.add(listener);
		return () => this.#appended.delete(listener);
	}

	/** Waits for what was asked for, writes the index, closes the engine. */
	close(): Promise<void> {
		if (this.#closed) return Promise.resolve();
		this.#closed = true;
		return this.#serial.alone(async () => {
			// The index is derived: what it lacks is read again when the store is opened.
			if (!this.#stale && !this.#table.shared) await this.#trie.flush().catch(() => undefined);
			await this.#table.close();
		});
	}

	async #commit(jobs: readonly WriteJob[]): Promise<void> {
		const { shared } = this.#table;
		let drafted: Drafted | undefined;
		try {
			drafted = await this.#section(() => this.#write(jobs));
		} catch (error) {
			// At once, for readers too; where that fails as well, the next write tries again.
			if (this.#stale && !shared) await this.#recover().catch(() => undefined);
			throw error;
		}
		if (drafted === undefined) return;
		const { draft, settled } = drafted;
		draft.commit();
		if (!shared) for (const { arrival, createdAt, hash } of draft.placed) this.#trie.add(arrival, createdAt, hash);
		for (const { job, appended } of settled) job.resolve(appended);
		const last = draft.placed[draft.placed.length - 1];
		if (last !== undefined) for (const listener of this.#appended) listener(last.arrival);
		if (!shared && this.#trie.due) {
			await this.#trie.flush().catch(() => {
				this.#stale = true;
			});
		}
	}

	async #write(jobs: readonly WriteJob[]): Promise<Drafted | undefined> {
		const drafted = await this.#draft(jobs);
		if (drafted === undefined) return undefined;
		const { draft, rows, settled } = drafted;
		try {
			const all = [...rows, ...(await this.#indexRows(draft)), ...(await this.#parts.payloads.put(draft.contents))];
			const durable = settled.some(({ job }) => job.durable ?? true);
			if (all.length > 0) await this.#table.write(all, durable);
		} catch (error) {
			this.#stale = true;
			throw error;
		}
		return drafted;
	}

	/** Others must find the index as new as the records. */
	async #indexRows({ placed, digest }: Draft): Promise<RowWrite[]> {
		const last = placed[placed.length - 1];
		if (!this.#table.shared || last === undefined) return [];
		return this.#trie.rowsWith(placed, { arrival: last.arrival, digest });
	}

	/** A call whose rows fail is rejected alone. The others are drafted again without it, and asked for their rows once more. */
	async #draft(jobs: readonly WriteJob[]): Promise<Drafted | undefined> {
		let left = jobs;
		while (left.length > 0) {
			const draft = new Draft(this.#parts, this.#state);
			await draft.prepare(left.flatMap((job) => job.entries));
			const above: RowWrite[] = [];
			const settled: { readonly job: WriteJob; readonly appended: Appended }[] = [];
			let failed: WriteJob | undefined;
			for (const job of left) {
				try {
					const appended = await place(draft, job);
					for (const row of (await job.rows?.(appended)) ?? []) above.push(rowAbove(row));
					settled.push({ job, appended });
				} catch (error) {
					job.reject(error);
					failed = job;
					break;
				}
			}
			if (failed === undefined) return { draft, rows: [...draft.rows(), ...above], settled };
			left = left.filter((job) => job !== failed);
			await this.#tellReadAnew();
		}
		return undefined;
	}

	async #section<T>(task: () => Promise<T>): Promise<T> {
		const { objects } = this.#parts.payloads;
		let areWritten = false;
		try {
			const result = await this.#table.exclusively(async (outdated) => {
				if (outdated) this.#stale = true;
				await this.#recover();
				return task();
			});
			areWritten = true;
			return result;
		} finally {
			await objects.settle(areWritten);
		}
	}

	async #recover(): Promise<void> {
		if (!this.#stale) return;
		await this.#table.reopen();
		await this.#state.load();
		this.#trie.reset(this.#state.arrival);
		await this.#tellReadAnew();
	}

	/** Where a listener fails the next write tries again. */
	async #tellReadAnew(): Promise<void> {
		this.#stale = true;
		for (const listener of this.#listeners) await listener();
		this.#stale = false;
	}
}

/** Key of a row of the layer above. */
export function keyAbove(key: Uint8Array): Uint8Array {
	return concatBytes(Uint8Array.of(tags.above), key);
}

function closedError(): StoreError {
	return new StoreError("store: expected an open store, found a closed one", { code: "closed" });
}

async function place(draft: Draft, { entries, mayLack = false }: WriteRequest): Promise<Appended> {
	const placements: Placement[] = [];
	const known: (KnownAddress | undefined)[] = [];
	for (const entry of entries) {
		known.push(draft.known(entry.hash));
		placements.push(await draft.place(entry, { mayLack }));
	}
	return { placements, known };
}

export function rowAbove(row: RowWrite): RowWrite {
	const key = keyAbove(row.key);
	// Engines in memory keep the array that they are given.
	return row.type === "put" ? { type: "put", key, value: row.value.slice() } : { type: "del", key };
}
