/**
 * Keeps the state of the directory in step with the directory's store: reads what arrived, opens it, adds it. What was read once is kept
 * in encrypted rows, so that opening a tenant does not decrypt its whole directory.
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
import { encodeUtf8 } from "../bytes/text.js";
import type { Crypto, Random } from "../crypto/crypto.js";
import type { Entry } from "../entry/entry.js";
import { FormatError } from "../errors.js";
import type { Keyring } from "../keys/keyring.js";
import type { LocalStore, RowWrite } from "../store/store.js";
import type { DirectoryChanges } from "./directory-changes.js";
import { readDirectoryEntry, type SettingsPlace } from "./directory-reader.js";
import { type DirectoryRecord, decodeRecord, directoryId, encodeRecord, recordOf } from "./directory-record.js";
import { DirectoryState } from "./directory-state.js";

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
	readonly arrival: number;
	readonly records: readonly DirectoryRecord[];
}

/** Changes of the directory up to an arrival. */
export interface DirectoryStep {
	readonly arrival: number;
	readonly changes: DirectoryChanges;
}

export type DirectoryListener = (step: DirectoryStep) => Promise<void>;

export class DirectoryLog {
	readonly state: DirectoryState;
	readonly #context: DirectoryLogContext;
	readonly #steps: DirectoryStep[] = [];
	readonly #listeners = new Set<DirectoryListener>();
	readonly #locked = new Map<string, number>();
	readonly #followers = new Map<string, number>();
	readonly #settings = new Map<string, SettingsPlace>();
	#at = 0;
	#cacheable = true;
	#turn: Promise<void> = Promise.resolve();

	private constructor(context: DirectoryLogContext) {
		this.#context = context;
		const { administrationKey, recoveryKey, tenantRoot } = context;
		this.state = DirectoryState.create({ administrationKey, recoveryKey, tenantRoot });
	}

	static async open(context: DirectoryLogContext): Promise<DirectoryLog> {
		const log = new DirectoryLog(context);
		await log.#readFollowers();
		await log.#readCache();
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

	/** Opens what was locked, after keys came in. */
	openLocked(): Promise<void> {
		return this.#inTurn(async () => {
			if (this.#locked.size === 0) return;
			const arrivals = await this.#context.store.getArrivals([...this.#locked.values()]);
			const records: DirectoryRecord[] = [];
			for (const { arrival, entry } of arrivals)
				if (entry.kind === "entry") records.push(await this.#record(entry, arrival));
			await this.#step(
				records.filter(({ contents }) => contents.kind !== "locked"),
				this.#at,
			);
			if (this.#locked.size === 0) await this.#rewriteCache();
		});
	}

	/** Makes a settings document known by its id, so that what it says counts; reads what is there of it already. */
	know(settingsId: string, place: SettingsPlace): Promise<void> {
		return this.#inTurn(async () => {
			if (this.#settings.has(settingsId)) return;
			this.#settings.set(settingsId, place);
			const { store } = this.#context;
			const document = await store.documentNumber(settingsId);
			if (document === undefined) return;
			const records: DirectoryRecord[] = [];
			for await (const batch of store.entriesOfDocument(document)) {
				for (const { arrival, entry } of batch) {
					if (entry.kind === "entry" && arrival <= this.#at) records.push(await this.#record(entry, arrival));
				}
			}
			if (records.length > 0) await this.#step(records, this.#at);
		});
	}

	/** Whether a document of the directory has a fixed id. */
	isSettings(docId: string): boolean {
		return this.#settings.has(docId);
	}

	/** Steps that a database has not followed yet; `undefined` when it is not known how far it is. */
	stepsFor(dbId: string): readonly DirectoryStep[] | undefined {
		const followed = this.#followers.get(dbId);
		return followed === undefined ? undefined : this.#steps.filter(({ arrival }) => arrival > followed);
	}

	/** Remembers that a database has followed everything up to now. */
	async followed(dbId: string): Promise<void> {
		if (this.#followers.get(dbId) === this.#at) return;
		this.#followers.set(dbId, this.#at);
		const value = new Uint8Array(6);
		writeUint(value, 0, this.#at, 6);
		const row: RowWrite = { type: "put", key: concatBytes(Uint8Array.of(followerKind), encodeUtf8(dbId)), value };
		await this.#context.store.rows.write([row], { durable: false });
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
			const records: DirectoryRecord[] = [];
			for (const { arrival, entry } of page.arrivals) {
				if (entry.kind === "entry") records.push(await this.#record(entry, arrival));
			}
			await this.#cache(records, page.next);
			await this.#step(records, page.next);
		}
	}

	async #record(entry: Entry, arrival: number): Promise<DirectoryRecord> {
		const { env, keyring } = this.#context;
		const record = recordOf(
			entry,
			await readDirectoryEntry({ crypto: env.crypto, keyring, settings: this.#settings }, entry),
		);
		if (record.contents.kind === "locked") this.#locked.set(entry.hash, arrival);
		else this.#locked.delete(entry.hash);
		return record;
	}

	async #step(records: readonly DirectoryRecord[], arrival: number): Promise<void> {
		const changes = this.state.add(records);
		this.#at = arrival;
		const step = { arrival, changes };
		this.#steps.push(step);
		for (const listener of this.#listeners) await listener(step);
	}

	async #cache(records: readonly DirectoryRecord[], arrival: number): Promise<void> {
		if (this.#locked.size > 0) this.#cacheable = false;
		if (!this.#cacheable) return;
		const row = await this.#foldRow(records, arrival);
		if (row !== undefined) await this.#context.store.rows.write([row], { durable: false });
	}

	/** Makes the cached rows anew, from the entries. */
	async #rewriteCache(): Promise<void> {
		const { store } = this.#context;
		const rows: RowWrite[] = [];
		for (let at = 0; at < this.#at; ) {
			const page = await store.entriesAfter(at, { limit: 1024 });
			if (page.next === at) break;
			at = page.next;
			const records: DirectoryRecord[] = [];
			for (const { arrival, entry } of page.arrivals) {
				if (entry.kind === "entry") records.push(await this.#record(entry, arrival));
			}
			const row = await this.#foldRow(records, at);
			if (row === undefined) return;
			rows.push(row);
		}
		const { from, to } = foldRange;
		const old: RowWrite[] = [];
		for await (const batch of store.rows.scan({ from, to })) for (const [key] of batch) old.push({ type: "del", key });
		await store.rows.write([...old, ...rows], { durable: false });
		this.#cacheable = true;
	}

	/** Joins the latest rows, which hold few records each. */
	async #joinRows(read: readonly FoldRow[]): Promise<void> {
		const first = read.findLastIndex(({ records }) => records.length >= joinedRecords) + 1;
		const small = read.slice(first);
		const last = small.at(-1);
		if (last === undefined || small.length < mostFoldRows) return;
		const row = await this.#foldRow(small.flatMap(({ records }) => records), last.arrival);
		if (row === undefined) return;
		const gone = small.slice(0, -1).map(({ arrival }): RowWrite => ({ type: "del", key: foldKey(arrival) }));
		await this.#context.store.rows.write([...gone, row], { durable: false });
	}

	async #foldRow(
		records: readonly DirectoryRecord[],
		arrival: number,
	): Promise<Extract<RowWrite, { type: "put" }> | undefined> {
		const { env, keyring } = this.#context;
		const held = keyring.newest(directoryId);
		if (held === undefined) return undefined;
		const iv = env.random.randomBytes(12);
		const key = await held.subkeys.projectionKey(directoryId, "fold");
		const sealed = await env.crypto.seal(key, iv, encodeCbor(records.map(encodeRecord)), foldData(arrival));
		return { type: "put", key: foldKey(arrival), value: concatBytes(fromHex(held.keyCommitment, 32), iv, sealed) };
	}

	async #readCache(): Promise<void> {
		const checkpoints = new Set(this.#followers.values());
		const read: FoldRow[] = [];
		for await (const batch of this.#context.store.rows.scan(foldRange)) {
			for (const [key, value] of batch) {
				const arrival = readUint(key, 1, 6);
				const records = this.#cacheable ? await this.#openFoldRow(value, arrival) : undefined;
				if (records === undefined) this.#cacheable = false;
				else read.push({ arrival, records });
			}
		}
		let gathered: DirectoryRecord[] = [];
		for (const [index, { arrival, records }] of read.entries()) {
			gathered.push(...records);
			if (!checkpoints.has(arrival) && index < read.length - 1) continue;
			await this.#step(gathered, arrival);
			gathered = [];
		}
		if (this.#cacheable) await this.#joinRows(read);
		else await this.#rewriteCache();
	}

	async #openFoldRow(value: Uint8Array, arrival: number): Promise<DirectoryRecord[] | undefined> {
		const { env, keyring } = this.#context;
		const held = keyring.get(directoryId, toHex(value.subarray(0, 32)));
		if (held === undefined) return undefined;
		const key = await held.subkeys.projectionKey(directoryId, "fold");
		const plaintext = await env.crypto.open(key, value.slice(32, 44), value.subarray(44), foldData(arrival));
		if (plaintext === undefined) return undefined;
		try {
			return (decodeCbor(plaintext) as readonly CborValue[]).map((each) => decodeRecord(each as Uint8Array));
		} catch (error) {
			if (error instanceof FormatError) return undefined;
			throw error;
		}
	}

	async #readFollowers(): Promise<void> {
		const range = { from: Uint8Array.of(followerKind), to: Uint8Array.of(followerKind + 1) };
		for await (const batch of this.#context.store.rows.scan(range)) {
			for (const [key, value] of batch)
				this.#followers.set(new TextDecoder().decode(key.subarray(1)), readUint(value, 0, 6));
		}
	}
}

function foldKey(arrival: number): Uint8Array {
	const key = new Uint8Array(7);
	key[0] = foldKind;
	writeUint(key, 1, arrival, 6);
	return key;
}

const foldRange = { from: Uint8Array.of(foldKind), to: Uint8Array.of(foldKind + 1) };

function foldData(arrival: number): Uint8Array {
	return encodeCbor(["fold", arrival]);
}
