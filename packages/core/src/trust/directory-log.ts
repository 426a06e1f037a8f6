/**
 * Keeps the state of the directory in step with the directory's store: reads what arrived, opens it, adds it. What was read once is kept
 * in encrypted rows, so that opening a tenant does not decrypt its whole directory. Not where several processes write the store: one
 * that lags would put what it just read over the row in which another has joined everything before.
 *
 * | key of the directory's rows | value                                                                                     |
 * |-----------------------------|-------------------------------------------------------------------------------------------|
 * | 0a ‖ last arrival(6)        | key commitment(32) ‖ iv(12) ‖ AES-256-GCM(CBOR array of records) under the projection key of the document "fold", associated data CBOR["fold", last arrival] |
 * | 0b ‖ database id            | last arrival(6) of the directory that the database has followed                            |
 */
import { readUint, writeUint } from "../bytes/big-endian.js";
import { type CborValue, decodeCbor, encodeCbor } from "../bytes/cbor.js";
import { concatBytes } from "../bytes/concat.js";
import { fromHex, toHex } from "../bytes/hex.js";
import { decodeUtf8, encodeUtf8 } from "../bytes/text.js";
import type { Crypto, Random } from "../crypto/crypto.js";
import type { Entry } from "../entry/entry.js";
import { FormatError } from "../errors.js";
import type { Keyring } from "../keys/keyring.js";
import { prefixRange } from "../store/row-keys.js";
import type { RowWrite } from "../store/rows.js";
import type { Arrival, LocalStore } from "../store/store.js";
import type { DirectoryChanges } from "./directory-changes.js";
import { readDirectoryEntry } from "./directory-reader.js";
import { type DirectoryRecord, decodeRecord, directoryId, encodeRecord, recordOf } from "./directory-record.js";
import { DirectoryState } from "./directory-state.js";
import type { SettingsPlace } from "./settings-root.js";

const foldKind = 0x0a;
const followerKind = 0x0b;
/** Rows with few records are joined when there are this many of them. */
const mostFoldRows = 32;
/** From this many on a row is left as it is. */
const joinedRecords = 512;
const pageEntries = 256;

export interface DirectoryLogContext {
	readonly env: { readonly crypto: Crypto; readonly random: Random };
	readonly store: LocalStore;
	readonly keyring: Keyring;
	/** Hex. */
	readonly tenantRoot: string;
	/** 32 raw bytes. */
	readonly administrationKey: Uint8Array;
	readonly recoveryKey: Uint8Array | undefined;
}

interface FoldRow {
	readonly key: Uint8Array;
	/** It holds what arrived behind this, up to `arrival`. */
	readonly after: number;
	readonly arrival: number;
	readonly records: readonly DirectoryRecord[];
}

/** Changes of the directory up to an arrival. */
export interface DirectoryStep {
	readonly arrival: number;
	/** Number of the step in this process. */
	readonly sequence: number;
	/** Whether it is about entries that had arrived before: their key came. */
	readonly late: boolean;
	readonly changes: DirectoryChanges;
}

export type DirectoryListener = (step: DirectoryStep) => Promise<void>;

export class DirectoryLog {
	readonly state: DirectoryState;
	readonly #context: DirectoryLogContext;
	readonly #steps: DirectoryStep[] = [];
	readonly #listeners = new Set<DirectoryListener>();
	/** Arrivals of entries whose key is not held, by its commitment and their hash. */
	readonly #locked = new Map<string, Map<string, number>>();
	/** How far databases have followed. */
	readonly #followers = new Map<string, Pick<DirectoryStep, "arrival" | "sequence">>();
	/** Arrivals that the rows of followers hold. */
	readonly #remembered = new Map<string, number>();
	readonly #settings = new Map<string, SettingsPlace>();
	#at = 0;
	#cacheable: boolean;
	#turn: Promise<void> = Promise.resolve();

	private constructor(context: DirectoryLogContext) {
		this.#context = context;
		this.#cacheable = !context.store.shared;
		const { administrationKey, recoveryKey, tenantRoot } = context;
		this.state = DirectoryState.create({ administrationKey, recoveryKey, tenantRoot });
	}

	static async open(context: DirectoryLogContext): Promise<DirectoryLog> {
		const log = new DirectoryLog(context);
		await log.#readFollowers();
		if (!context.store.shared) await log.#readCache();
		await log.update();
		return log;
	}

	/** Last arrival of the directory's store that the state covers. */
	get arrival(): number {
		return this.#at;
	}

	/** Told of each step, before `update` resolves. @returns a function that ends it. */
	onStep(listener: DirectoryListener): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Takes in what arrived. */
	update(): Promise<void> {
		return this.#inTurn(() => this.#update());
	}

	/** Opens what was locked. O(entries that were locked for want of these keys). @param commitments of keys that came in. */
	openLocked(commitments: readonly string[]): Promise<void> {
		return this.#inTurn(async () => {
			const locked = commitments.flatMap((each) => [...(this.#locked.get(each)?.values() ?? [])]);
			if (locked.length === 0) return;
			const arrivals = await this.#context.store.getArrivals(locked.sort((a, b) => a - b));
			const records = await this.#records(arrivals, this.#at);
			const opened = records.filter(({ contents }) => contents.kind !== "locked");
			await this.#step(opened, this.#at, true);
			if (this.#locked.size === 0) await this.#rewriteCache();
		});
	}

	/** Steps that a database has not followed yet; `undefined` when it is not known how far it is. */
	stepsFor(dbId: string): readonly DirectoryStep[] | undefined {
		const followed = this.#followers.get(dbId);
		if (followed === undefined) return undefined;
		return this.#steps.filter(
			({ arrival, late, sequence }) => arrival > followed.arrival || (late && sequence > followed.sequence),
		);
	}

	/** The latest step, or the beginning. */
	get latest(): Pick<DirectoryStep, "arrival" | "sequence"> {
		return this.#steps.at(-1) ?? { arrival: this.#at, sequence: 0 };
	}

	/** Takes note that a database is about to follow everything up to a step. */
	follows(dbId: string, { arrival, sequence }: Pick<DirectoryStep, "arrival" | "sequence">): void {
		this.#followers.set(dbId, { arrival, sequence });
	}

	/** Remembers for the next start that a database has followed everything up to a step that could be read. */
	async followed(dbId: string, step: Pick<DirectoryStep, "arrival" | "sequence">): Promise<void> {
		this.follows(dbId, step);
		const arrival = Math.min(step.arrival, this.#readableTo());
		// Opening a database that has missed nothing writes nothing.
		if (this.#remembered.get(dbId) === arrival) return;
		const value = new Uint8Array(6);
		writeUint(value, 0, arrival, 6);
		const row: RowWrite = { type: "put", key: concatBytes(Uint8Array.of(followerKind), encodeUtf8(dbId)), value };
		await this.#context.store.rows.write([row], { durable: false });
		this.#remembered.set(dbId, arrival);
	}

	/**
	 * Arrival before the first entry that is locked. Its key may come while a database is closed, or all of them are; what it says has
	 * to be followed then, though it arrived long before.
	 */
	#readableTo(): number {
		let first = Number.POSITIVE_INFINITY;
		for (const arrivals of this.#locked.values()) {
			for (const arrival of arrivals.values()) first = Math.min(first, arrival);
		}
		return first - 1;
	}

	#inTurn(task: () => Promise<void>): Promise<void> {
		const turn = this.#turn.then(task);
		this.#turn = turn.catch(() => undefined);
		return turn;
	}

	async #update(): Promise<void> {
		const { store } = this.#context;
		for (;;) {
			const page = await store.entriesAfter(this.#at, { limit: pageEntries });
			if (page.next === this.#at) return;
			const records = await this.#records(page.arrivals, page.next);
			await this.#cache(records, page.next);
			await this.#step(records, page.next);
		}
	}

	/**
	 * Opens entries. Where the first root of a settings document is among them, what came before it of that document up to `last` is
	 * opened again: it counts only now.
	 */
	async #records(arrivals: readonly Arrival[], last: number): Promise<DirectoryRecord[]> {
		const { store } = this.#context;
		const known = new Set(this.#settings.keys());
		const records: DirectoryRecord[] = [];
		for (const { arrival, entry } of arrivals) {
			if (entry.kind === "entry") records.push(await this.#record(entry, arrival));
		}
		for (const docId of this.#settings.keys()) {
			const document = known.has(docId) ? undefined : await store.documentNumber(docId);
			if (document === undefined) continue;
			for await (const batch of store.entriesOfDocument(document)) {
				for (const { arrival, entry } of batch) {
					if (entry.kind === "entry" && arrival <= last) records.push(await this.#record(entry, arrival));
				}
			}
		}
		return records;
	}

	async #record(entry: Entry, arrival: number): Promise<DirectoryRecord> {
		const { env, keyring, tenantRoot } = this.#context;
		const reader = { crypto: env.crypto, keyring, tenantRoot, settings: this.#settings };
		const record = recordOf(entry, await readDirectoryEntry(reader, entry));
		this.#noteLocked(record, arrival);
		return record;
	}

	#noteLocked({ contents, hash, keyCommitment = "" }: DirectoryRecord, arrival: number): void {
		const locked = this.#locked.get(keyCommitment);
		if (contents.kind !== "locked") {
			if (locked?.delete(hash) && locked.size === 0) this.#locked.delete(keyCommitment);
		} else if (locked === undefined) this.#locked.set(keyCommitment, new Map([[hash, arrival]]));
		else locked.set(hash, arrival);
	}

	async #step(records: readonly DirectoryRecord[], arrival: number, late = false): Promise<void> {
		const changes = this.state.add(records);
		this.#at = arrival;
		const step: DirectoryStep = { arrival, sequence: this.#steps.length + 1, late, changes };
		this.#steps.push(step);
		for (const listener of this.#listeners) await listener(step);
	}

	async #cache(records: readonly DirectoryRecord[], arrival: number): Promise<void> {
		if (this.#locked.size > 0) this.#cacheable = false;
		if (!this.#cacheable) return;
		const row = await this.#foldRow(records, { after: this.#at, arrival });
		if (row !== undefined) await this.#context.store.rows.write([row], { durable: false });
	}

	/** Makes the cached rows anew, from the entries. */
	async #rewriteCache(): Promise<void> {
		const { store } = this.#context;
		if (store.shared) return;
		const rows: RowWrite[] = [];
		for (let at = 0; at < this.#at; ) {
			// No further than the state: the row of what comes behind it has a place of its own.
			const page = await store.entriesAfter(at, { limit: Math.min(1024, this.#at - at) });
			if (page.next === at) break;
			const row = await this.#foldRow(await this.#records(page.arrivals, page.next), { after: at, arrival: page.next });
			if (row === undefined) return;
			rows.push(row);
			at = page.next;
		}
		const old: RowWrite[] = [];
		for await (const batch of store.rows.scan(foldRange)) for (const [key] of batch) old.push({ type: "del", key });
		await store.rows.write([...old, ...rows], { durable: false });
		this.#cacheable = true;
	}

	/** Joins the latest rows, which hold few records each. */
	async #joinRows(read: readonly FoldRow[]): Promise<void> {
		const first = read.findLastIndex(({ records }) => records.length >= joinedRecords) + 1;
		const small = read.slice(first);
		const last = small.at(-1);
		if (last === undefined || small.length < mostFoldRows) return;
		const row = await this.#foldRow(
			small.flatMap(({ records }) => records),
			{ after: small[0]?.after ?? 0, arrival: last.arrival },
		);
		if (row === undefined) return;
		const gone = small.map(({ key }): RowWrite => ({ type: "del", key }));
		await this.#context.store.rows.write([...gone, row], { durable: false });
	}

	/** @param span arrivals behind `after`, up to `arrival`. */
	async #foldRow(
		records: readonly DirectoryRecord[],
		{ after, arrival }: Pick<FoldRow, "after" | "arrival">,
	): Promise<Extract<RowWrite, { type: "put" }> | undefined> {
		const { env, keyring } = this.#context;
		const held = keyring.newest(directoryId);
		if (held === undefined) return undefined;
		const iv = env.random.randomBytes(12);
		const key = await held.subkeys.projectionKey(directoryId, "fold");
		const sealed = await env.crypto.seal(key, iv, encodeCbor([after, ...records.map(encodeRecord)]), foldData(arrival));
		return { type: "put", key: foldKey(arrival), value: concatBytes(fromHex(held.keyCommitment, 32), iv, sealed) };
	}

	async #readCache(): Promise<void> {
		const checkpoints = new Set([...this.#followers.values()].map(({ arrival }) => arrival));
		const read: FoldRow[] = [];
		for await (const batch of this.#context.store.rows.scan(foldRange)) {
			if (!this.#cacheable) break;
			for (const [key, value] of batch) {
				const arrival = readUint(key, 1, 6);
				const row = await this.#openFoldRow(value, arrival);
				// A state with a hole in it would let stand what was revoked: what comes behind one is read from the entries.
				if (row === undefined || row.after !== (read.at(-1)?.arrival ?? 0)) {
					this.#cacheable = false;
					break;
				}
				read.push({ ...row, key, arrival });
				for (const { docId, contents } of row.records) {
					if (contents.kind === "settings") this.#settings.set(docId, contents.settings);
				}
			}
		}
		let gathered: DirectoryRecord[] = [];
		for (const [index, { arrival, records }] of read.entries()) {
			for (const record of records) gathered.push(record);
			if (!checkpoints.has(arrival) && index < read.length - 1) continue;
			await this.#step(gathered, arrival);
			gathered = [];
		}
		if (this.#cacheable) await this.#joinRows(read);
		else await this.#rewriteCache();
	}

	async #openFoldRow(value: Uint8Array, arrival: number): Promise<Pick<FoldRow, "after" | "records"> | undefined> {
		const { env, keyring } = this.#context;
		const held = keyring.get(directoryId, toHex(value.subarray(0, 32)));
		if (held === undefined) return undefined;
		const key = await held.subkeys.projectionKey(directoryId, "fold");
		const plaintext = await env.crypto.open(key, value.slice(32, 44), value.subarray(44), foldData(arrival));
		if (plaintext === undefined) return undefined;
		try {
			const [after, ...records] = decodeCbor(plaintext) as readonly CborValue[];
			if (typeof after !== "number") return undefined;
			return { after, records: records.map((each) => decodeRecord(each as Uint8Array)) };
		} catch (error) {
			if (error instanceof FormatError) return undefined;
			throw error;
		}
	}

	async #readFollowers(): Promise<void> {
		const range = prefixRange(Uint8Array.of(followerKind));
		for await (const batch of this.#context.store.rows.scan(range)) {
			for (const [key, value] of batch) {
				const dbId = decodeUtf8(key.subarray(1));
				const arrival = readUint(value, 0, 6);
				this.#followers.set(dbId, { arrival, sequence: 0 });
				this.#remembered.set(dbId, arrival);
			}
		}
	}
}

function foldKey(arrival: number): Uint8Array {
	const key = new Uint8Array(7);
	key[0] = foldKind;
	writeUint(key, 1, arrival, 6);
	return key;
}

const foldRange = prefixRange(Uint8Array.of(foldKind));

function foldData(arrival: number): Uint8Array {
	return encodeCbor(["fold", arrival]);
}
