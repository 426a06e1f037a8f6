/**
 * The reconciliation index. Entries join it behind the writes: up to `flushEvery` wait in memory (their records are on disk
 * already), then the nodes that they change are written together with the number of the arrival that they cover.
 *
 * Where several processes write, the nodes that a batch changes are written in it, and what covers them names their state: arrival u48 ‖
 * running digest. Nodes in memory count as long as that is the state that is read.
 */
import { readUint, writeUint } from "../bytes/big-endian.js";
import { fromHex, toHex } from "../bytes/hex.js";
import { StoreError } from "../errors.js";
import type { Placed } from "./drafting.js";
import { LruMap } from "./lru-map.js";
import type { ReconciliationRange, ReconciliationRecord } from "./reconciliation.js";
import { headBytes } from "./record.js";
import { arrivalOfRecordKey, metaKeys, prefixRange, recordKey, recordKeys, tags, trieKey } from "./row-keys.js";
import type { Row, RowWrite } from "./rows.js";
import type { Table } from "./table.js";
import { keyBehind, keyOfRecord, keySpan, recordOf } from "./trie-key.js";
import {
	addKey,
	decodeNode,
	digitOf,
	emptySum,
	encodeNode,
	type InnerNode,
	leafRecords,
	lowerBound,
	makeKey,
	type Sum,
	subtractSum,
	type TrieNode,
} from "./trie-node.js";
import { firstKeys, keysAt, keysWithin, sumsBelow } from "./trie-walks.js";

export const flushEvery = 4096;
const cachedNodes = 2048;
const recordsPerBatch = 1024;

interface Target {
	readonly digits: readonly number[];
	readonly keys: readonly Uint8Array[];
}

export class Trie {
	readonly #table: Table;
	readonly #clean = new LruMap<string, TrieNode>(cachedNodes);
	readonly #dirty = new Map<string, { readonly digits: readonly number[]; readonly node: TrieNode }>();
	/** Keys of arrivals behind `#loadedTo` that no node holds yet. */
	#waiting: Uint8Array[] = [];
	/** Newest arrival that the nodes in memory hold; `undefined` until it was read. */
	#applied: number | undefined;
	/** Newest arrival that the rows on disk hold. */
	#written = 0;
	/** Arrivals up to this one were on disk when the store was opened. */
	#opened = 0;
	#arrival = 0;
	/** Of a shared table: what covered the nodes in memory, as hex, "" for nothing; `undefined` until it was read. */
	#state: string | undefined;
	#turn: Promise<unknown> = Promise.resolve();

	constructor(table: Table) {
		this.#table = table;
	}

	/** Forgets what is in memory; `arrival` is the newest one on disk. */
	reset(arrival: number): void {
		this.#clean.clear();
		this.#dirty.clear();
		this.#waiting = [];
		this.#applied = undefined;
		this.#opened = arrival;
		this.#arrival = arrival;
		this.#state = undefined;
	}

	/**
	 * Rows that take entries into the index, for the batch that appends them to a shared table.
	 * @param covers their newest arrival and the running digest up to it.
	 */
	rowsWith(
		placed: readonly Placed[],
		covers: { readonly arrival: number; readonly digest: Uint8Array },
	): Promise<RowWrite[]> {
		return this.#exclusive(async () => {
			await this.#apply();
			await this.#insert(placed.map(({ createdAt, hash }) => makeKey(createdAt, fromHex(hash, 32))));
			const state = new Uint8Array(22);
			writeUint(state, 0, covers.arrival, 6);
			state.set(covers.digest, 6);
			const rows = this.#dirtyRows(state);
			this.#settle(covers.arrival);
			this.#applied = covers.arrival;
			this.#state = toHex(state);
			return rows;
		});
	}

	/** Notes an arrival whose record is on disk. Arrivals come without gaps. */
	add(arrival: number, createdAt: number, hash: string): void {
		this.#waiting.push(makeKey(createdAt, fromHex(hash, 32)));
		this.#arrival = arrival;
	}

	/** Whether so many arrivals are not in the rows yet that it is time to write. */
	get due(): boolean {
		return this.#waiting.length >= flushEvery || (this.#applied ?? 0) - this.#written >= flushEvery;
	}

	/** Writes the changed nodes. */
	flush(): Promise<void> {
		return this.#exclusive(async () => {
			await this.#apply();
			const covered = this.#applied as number;
			if (covered === this.#written) return;
			const value = new Uint8Array(6);
			writeUint(value, 0, covered, 6);
			// Rows of an index that can be built again: they need not be on disk before others.
			await this.#table.write(this.#dirtyRows(value), false);
			this.#settle(covered);
		});
	}

	async fingerprint(range: ReconciliationRange): Promise<Sum> {
		return (await this.fingerprints([range]))[0] as Sum;
	}

	fingerprints(ranges: readonly ReconciliationRange[]): Promise<Sum[]> {
		return this.#exclusive(async () => {
			await this.#apply();
			const spans = ranges.map(keySpan);
			// Most ranges begin where another one ends.
			const bounds = new Map(spans.flatMap(({ from, upper }) => [from, upper]).map((key) => [keyName(key), key]));
			const found = await sumsBelow(this.#load, [...bounds.values()]);
			const sums = new Map([...bounds.keys()].map((name, index) => [name, found[index] as Sum]));
			return spans.map(({ from, upper }) => {
				const within = subtractSum(sums.get(keyName(upper)) as Sum, sums.get(keyName(from)) as Sum);
				return within.count < 0 ? emptySum() : within;
			});
		});
	}

	recordsAt(range: ReconciliationRange, ranks: readonly number[]): Promise<ReconciliationRecord[]> {
		return this.#exclusive(async () => {
			await this.#apply();
			const { from, upper } = keySpan(range);
			const [first, end] = (await sumsBelow(this.#load, [from, upper])).map(({ count }) => count) as [number, number];
			const within = ranks.map((rank) => first + rank).filter((rank) => rank < end);
			return (await keysAt(this.#load, within)).map(recordOf);
		});
	}

	/** All records of ranges, as of one moment: for ranges that hold few. */
	recordsWithin(ranges: readonly ReconciliationRange[]): Promise<ReconciliationRecord[][]> {
		return this.#exclusive(async () => {
			await this.#apply();
			return (await keysWithin(this.#load, ranges.map(keySpan))).map((keys) => keys.map(recordOf));
		});
	}

	async *records(range: ReconciliationRange): AsyncGenerator<readonly ReconciliationRecord[]> {
		const { from: lower, upper } = keySpan(range);
		let from: Uint8Array | undefined = lower;
		while (from !== undefined) {
			const start: Uint8Array = from;
			const keys: Uint8Array[] = await this.#exclusive(async () => {
				await this.#apply();
				return firstKeys(this.#load, { from: start, upper }, recordsPerBatch);
			});
			if (keys.length > 0) yield keys.map(recordOf);
			from = keys.length < recordsPerBatch ? undefined : keyBehind(keys[keys.length - 1] as Uint8Array);
		}
	}

	#dirtyRows(covers: Uint8Array): RowWrite[] {
		const rows: RowWrite[] = [{ type: "put", key: metaKeys.trieCovers, value: covers }];
		for (const { digits, node } of this.#dirty.values())
			rows.push({ type: "put", key: trieKey(digits), value: encodeNode(node) });
		return rows;
	}

	#settle(covered: number): void {
		this.#written = covered;
		for (const [name, { node }] of this.#dirty) this.#clean.set(name, node);
		this.#dirty.clear();
	}

	/** Forgets nodes that are not of the state that is about to be read. */
	async #follow(): Promise<void> {
		const row = await this.#table.get(metaKeys.trieCovers);
		const state = row === undefined ? "" : toHex(row);
		if (state === this.#state) return;
		const newest = row === undefined ? await this.#table.first({ ...recordKeys, reverse: true }) : undefined;
		this.reset(newest === undefined ? 0 : arrivalOfRecordKey(newest[0]));
		this.#written = row === undefined ? 0 : readUint(row, 0, 6);
		this.#applied = this.#written;
		this.#state = state;
	}

	/** Brings the nodes in memory up to the newest arrival. */
	async #apply(): Promise<void> {
		if (this.#table.shared) await this.#follow();
		if (this.#applied === undefined) {
			const row = await this.#table.get(metaKeys.trieCovers);
			this.#written = row === undefined ? 0 : readUint(row, 0, 6);
			this.#applied = this.#written;
		}
		while (this.#applied < this.#opened) {
			const keys: Uint8Array[] = [];
			const range = { gte: recordKey(this.#applied + 1), lt: recordKey(this.#opened + 1), limit: flushEvery };
			let read = 0;
			for await (const rows of this.#table.scan(range, 1024)) {
				read += rows.length;
				for (const [, value] of rows) if (value.length >= headBytes) keys.push(keyOfRecord(value));
				this.#applied = arrivalOfRecordKey((rows[rows.length - 1] as Row)[0]);
			}
			if (read < flushEvery) this.#applied = this.#opened;
			await this.#insert(keys);
		}
		if (this.#waiting.length === 0) return;
		const keys = this.#waiting;
		this.#waiting = [];
		await this.#insert(keys);
		this.#applied += keys.length;
	}

	async #insert(keys: Uint8Array[]): Promise<void> {
		let targets: Target[] = keys.length === 0 ? [] : [{ digits: [], keys }];
		while (targets.length > 0) {
			const nodes = await this.#load(targets.map((target) => target.digits));
			const deeper: Target[] = [];
			for (const [index, target] of targets.entries())
				deeper.push(...this.#insertInto(nodes[index] as TrieNode, target));
			targets = deeper;
		}
	}

	/** Puts keys into one node. @returns what its children have to take. */
	#insertInto(node: TrieNode, { digits, keys }: Target): Target[] {
		if (node.kind === "leaf") {
			for (const key of keys) {
				const at = lowerBound(node.keys, key);
				node.keys.splice(at, 0, key);
			}
			if (node.keys.length <= leafRecords) {
				this.#touch(digits, node);
				return [];
			}
		}
		const inner: InnerNode = node.kind === "inner" ? node : { kind: "inner", slots: new Array(64).fill(undefined) };
		const children = new Map<number, Uint8Array[]>();
		for (const key of node.kind === "inner" ? keys : node.keys) {
			const digit = digitOf(key, digits.length);
			const slot = inner.slots[digit] ?? emptySum();
			inner.slots[digit] = slot;
			addKey(slot, key);
			const child = children.get(digit) ?? [];
			children.set(digit, child);
			child.push(key);
		}
		this.#touch(digits, inner);
		return [...children].map(([digit, held]) => ({ digits: [...digits, digit], keys: held }));
	}

	#touch(digits: readonly number[], node: TrieNode): void {
		const name = nameOf(digits);
		this.#clean.delete(name);
		this.#dirty.set(name, { digits, node });
	}

	/** Nodes by path; a missing one is an empty leaf. */
	readonly #load = async (paths: readonly (readonly number[])[]): Promise<TrieNode[]> => {
		const names = paths.map(nameOf);
		const nodes = names.map((name) => this.#dirty.get(name)?.node ?? this.#clean.get(name));
		const missing = new Map<string, readonly number[]>();
		for (const [index, digits] of paths.entries()) {
			if (nodes[index] === undefined) missing.set(names[index] as string, digits);
		}
		if (missing.size === 0) return nodes as TrieNode[];
		const values = await this.#table.getMany([...missing.values()].map(trieKey));
		const read = new Map<string, TrieNode>();
		for (const [index, name] of [...missing.keys()].entries()) {
			const value = values[index];
			const node: TrieNode = value === undefined ? { kind: "leaf", keys: [] } : decodeNode(value);
			read.set(name, node);
			this.#clean.set(name, node);
		}
		return nodes.map((node, index) => node ?? (read.get(names[index] as string) as TrieNode));
	};

	/** Throws the rows away and builds the index anew from the records. */
	rebuild(): Promise<void> {
		return this.#exclusive(() => this.#clear());
	}

	async #clear(): Promise<void> {
		await this.#table.write([{ type: "del", key: metaKeys.trieCovers }], false);
		for await (const rows of this.#table.scan(prefixRange(Uint8Array.of(tags.trie)), 1024)) {
			await this.#table.write(
				rows.map(([key]) => ({ type: "del", key }) as const),
				false,
			);
		}
		this.reset(this.#arrival);
	}

	/** Tasks run one behind the other. A damaged node is mended by building the index anew. */
	#exclusive<T>(task: () => Promise<T>): Promise<T> {
		const consistent = () => this.#table.consistently(task);
		const result = this.#turn.then(async () => {
			try {
				return await consistent();
			} catch (error) {
				// Half a change may be in memory; the rows on disk are whole.
				this.reset(this.#arrival);
				if (!(error instanceof StoreError) || error.code !== "store-damaged") throw error;
				await this.#clear();
				return await consistent();
			}
		});
		this.#turn = result.catch(() => undefined);
		return result;
	}
}

function keyName(key: Uint8Array | undefined): string {
	return key === undefined ? "" : toHex(key);
}

function nameOf(digits: readonly number[]): string {
	return String.fromCharCode(...digits);
}
