/** Reading entries by arrival, address and page. */

import { fromHex, toHex } from "../bytes/hex.js";
import type { StoredEntry } from "../entry/entry.js";
import { MindooError, StoreError } from "../errors.js";
import { type KnownAddress, readAddress, runningDigest } from "./drafting.js";
import { fewRows } from "./level.js";
import { listArrivals } from "./listing.js";
import { readOutlines } from "./outline.js";
import { type ReaderEnv, type ReadOptions, type ReadRecords, type RecordRow, readRecords } from "./reading.js";
import { decodeRecord, decodeRecordHead, headBytes, isInlineRecord } from "./record.js";
import { addressKey, arrivalOfRecordKey, recordKey, tags } from "./row-keys.js";
import { digestOf, type StoreState } from "./state.js";
import type {
	Arrival,
	DamagedRecord,
	DocumentEntriesOptions,
	EntryOutline,
	FindOptions,
	FoundEntries,
	Page,
	PageOptions,
} from "./store.js";
import { makeKey } from "./trie-node.js";

const defaultLimit = 256;
const defaultBytes = 8 * 1024 * 1024;
/** Payload bytes that are read at once. */
const pieceBytes = 8 * 1024 * 1024;
const batchSize = 1000;
/** Records that are read at once for a page: bytes cut most pages after some hundreds. */
const pageBatch = 256;

export class ArrivalReader {
	readonly #env: ReaderEnv;
	readonly #state: StoreState;

	constructor(env: ReaderEnv, state: StoreState) {
		this.#env = env;
		this.#state = state;
	}

	/** What is known of addresses; unknown ones, and texts that are none, are left out. */
	async addresses(hashes: readonly string[]): Promise<Map<string, KnownAddress>> {
		const known = new Map<string, KnownAddress>();
		const wanted = [...new Set(hashes)].filter(isAddress);
		for (let start = 0; start < wanted.length; start += batchSize) {
			const slice = wanted.slice(start, start + batchSize);
			const values = await this.#env.table.getMany(slice.map(addressKey));
			for (const [index, value] of values.entries()) {
				if (value !== undefined) known.set(slice[index] as string, readAddress(value));
			}
		}
		return known;
	}

	async read(arrivals: readonly number[], options: ReadOptions = {}): Promise<ReadRecords> {
		return readRecords(this.#env, await this.#rowsOf(arrivals), options);
	}

	/** Entries without their payloads; unknown and damaged ones are left out. */
	async headersByHash(hashes: readonly string[]): Promise<Map<string, StoredEntry>> {
		const addresses = await this.addresses(hashes);
		const arrivals = [...addresses.values()].map(({ arrival }) => arrival);
		const read = await this.read(arrivals, { payload: false });
		return new Map(read.arrivals.map(({ entry }) => [entry.hash, entry]));
	}

	/** In the order given; unknown ones are left out. @throws {StoreError} `store-damaged` names a damaged record. */
	async entries(hashes: readonly string[]): Promise<StoredEntry[]> {
		const addresses = await this.addresses(hashes);
		const wanted = hashes.filter((hash) => addresses.get(hash)?.purged === false);
		const entries: StoredEntry[] = [];
		for (let start = 0; start < wanted.length; start += batchSize) {
			const slice = wanted.slice(start, start + batchSize);
			const arrivals = slice.map((hash) => addresses.get(hash)?.arrival as number);
			const { arrivals: read, damaged } = await this.read(arrivals);
			const [first] = damaged;
			if (first !== undefined) {
				const hash = slice[arrivals.indexOf(first.arrival)] as string;
				throw new StoreError(`store: ${first.message}`, { code: "store-damaged", hash });
			}
			const byArrival = new Map(read.map(({ arrival, entry }) => [arrival, entry]));
			for (const [index, hash] of slice.entries()) {
				const entry = byArrival.get(arrivals[index] as number);
				if (entry === undefined) continue;
				if (entry.hash !== hash) {
					throw new StoreError("store: another entry lies under this address", { code: "store-damaged", hash });
				}
				entries.push(entry);
			}
		}
		return entries;
	}

	/** As `entries`, as many as fit; what is damaged is listed. */
	async find(hashes: readonly string[], options: FindOptions): Promise<FoundEntries> {
		const { maxBytes = defaultBytes, contents = true } = options;
		const asked = hashes.slice(0, defaultLimit);
		const addresses = await this.addresses(asked);
		const held = new Set(
			asked.flatMap((hash) => (addresses.get(hash)?.purged === false ? [addresses.get(hash)?.arrival as number] : [])),
		);
		const rows = await this.#rowsOf([...held]);
		const taken = rows.slice(0, countWithin(rows, maxBytes, contents));
		const { arrivals, damaged } = await readRecords(this.#env, taken, { contents });
		const misplaced = arrivals.filter(({ arrival, entry }) => addresses.get(entry.hash)?.arrival !== arrival);
		const first = rows[taken.length]?.arrival;
		return {
			arrivals: arrivals.filter((each) => !misplaced.includes(each)),
			damaged: [...damaged, ...misplaced].map(({ arrival }) => arrival).sort((a, b) => a - b),
			covered: first === undefined ? asked.length : asked.findIndex((hash) => addresses.get(hash)?.arrival === first),
		};
	}

	/** Entries of a document in order of arrival, in pieces whose payloads fit into memory. */
	async *ofDocument(document: number, options: DocumentEntriesOptions = {}): AsyncGenerator<readonly Arrival[]> {
		const { after = 0, payload = true, except, chunks = false } = options;
		const tag = chunks ? tags.chunkListing : tags.documentListing;
		for await (const arrivals of listArrivals(this.#env.table, tag, document, after)) {
			const wanted = except === undefined ? arrivals : arrivals.filter((arrival) => !except.has(arrival));
			let rows = await this.#rowsOf(wanted);
			while (rows.length > 0) {
				const count = payload ? countWithin(rows, pieceBytes) : rows.length;
				const { arrivals: read } = await readRecords(this.#env, rows.slice(0, count), { payload });
				if (read.length > 0) yield read;
				rows = rows.slice(count);
			}
		}
	}

	async *outlinesOfDocument(document: number): AsyncGenerator<readonly EntryOutline[]> {
		for await (const arrivals of listArrivals(this.#env.table, tags.documentListing, document, 0)) {
			yield await readOutlines(this.#env, await this.#rowsOf(arrivals));
		}
	}

	async page(after: number, options: PageOptions): Promise<Page> {
		const { limit = defaultLimit, maxBytes = defaultBytes, payload = true, contents = true, skip } = options;
		const { arrival: end } = await this.#state.position();
		const wanted: RecordRow[] = [];
		let last: RecordRow | undefined;
		let bytes = 0;
		reading: for await (const rows of this.#batchesBetween(after + 1, Math.min(end, after + limit), pageBatch)) {
			for (const row of rows) {
				const given = skip !== undefined && row.value !== undefined && skip(tryHead(row.value)?.hash ?? "");
				if (!given) {
					bytes += payload && row.value !== undefined ? payloadBytes(row.value, contents) : 0;
					if (wanted.length > 0 && bytes > maxBytes) break reading;
					wanted.push(row);
				}
				last = row;
			}
		}
		const { arrivals, damaged } = await readRecords(this.#env, wanted, { payload, contents });
		return {
			arrivals,
			next: last?.arrival ?? after,
			digest: toHex(last === undefined ? await this.#digestAt(after) : digestOf(last.value ?? new Uint8Array(0))),
			damaged: damaged.map(({ arrival }) => arrival),
		};
	}

	async allHashes(): Promise<string[]> {
		const hashes: string[] = [];
		const { arrival: end } = await this.#state.position();
		const range = { gte: recordKey(1), lt: recordKey(end + 1) };
		for await (const rows of this.#env.table.scan(range, batchSize)) {
			for (const [, value] of rows) {
				const head = tryHead(value);
				if (head?.purged === false) hashes.push(head.hash);
			}
		}
		return hashes;
	}

	/**
	 * Reads everything up to an arrival: records, payloads, addresses, running digests.
	 * @param onKey gets createdAt ‖ hash of each record.
	 */
	async *verify(
		total: number,
		onKey: (key: Uint8Array) => void,
		onProgress?: (done: number, total: number) => void,
	): AsyncGenerator<DamagedRecord> {
		let digest: Uint8Array = new Uint8Array(16);
		for (let done = 0; done < total; ) {
			const rows = await this.#rowsBetween(done + 1, Math.min(total, done + defaultLimit));
			const taken = rows.slice(0, countWithin(rows, pieceBytes));
			const { damaged } = await readRecords(this.#env, taken, { purged: true });
			const byArrival = new Map(damaged.map((each) => [each.arrival, each]));
			for (const [index, message] of (await this.#checkAddresses(taken)).entries()) {
				const row = taken[index] as RecordRow;
				const head = row.value && tryHead(row.value);
				if (head !== undefined) onKey(makeKey(head.createdAt, fromHex(head.hash, 32)));
				const expected = head && (await runningDigest(this.#env.crypto, digest, head.hash));
				const wrong = expected !== undefined && toHex(expected) !== toHex(head?.digest ?? expected);
				// The chain of digests goes on from what is stored, so that one damaged record is reported once.
				digest = head?.digest ?? digest;
				const problem = message ?? (wrong ? "the running digest does not continue" : undefined);
				if (problem === undefined || byArrival.has(row.arrival)) continue;
				byArrival.set(row.arrival, { arrival: row.arrival, hash: head?.hash, message: problem });
			}
			yield* [...byArrival.values()].sort((a, b) => a.arrival - b.arrival);
			done += taken.length;
			onProgress?.(done, total);
		}
	}

	async #checkAddresses(rows: readonly RecordRow[]): Promise<(string | undefined)[]> {
		const heads = rows.map(({ value }) => value && tryHead(value));
		const addresses = await this.addresses(heads.flatMap((head) => (head === undefined ? [] : [head.hash])));
		return heads.map((head, index) => {
			if (head === undefined) return undefined;
			const address = addresses.get(head.hash);
			if (address?.arrival !== rows[index]?.arrival) return "its address is missing or leads elsewhere";
			return address?.purged === head.purged ? undefined : "address and record differ on a purge";
		});
	}

	async #digestAt(arrival: number): Promise<Uint8Array> {
		const value = arrival === 0 ? undefined : await this.#env.table.get(recordKey(arrival));
		return value === undefined ? new Uint8Array(16) : digestOf(value);
	}

	async #rowsOf(arrivals: readonly number[]): Promise<RecordRow[]> {
		const known = arrivals.filter(
			(arrival) => Number.isSafeInteger(arrival) && arrival > 0 && arrival <= this.#state.readable,
		);
		const values = await this.#env.table.getMany(known.map(recordKey));
		return known.map((arrival, index) => ({ arrival, value: values[index] }));
	}

	async #rowsBetween(first: number, last: number): Promise<RecordRow[]> {
		const rows: RecordRow[] = [];
		for await (const batch of this.#batchesBetween(first, last, batchSize)) rows.push(...batch);
		return rows;
	}

	/** One row for each arrival, with no value where the record is missing. */
	async *#batchesBetween(first: number, last: number, size: number): AsyncGenerator<readonly RecordRow[]> {
		let next = first;
		if (last < first) return;
		try {
			if (last - first < fewRows) {
				yield await this.#rowsOf(Array.from({ length: last - first + 1 }, (_, i) => first + i));
				return;
			}
			for await (const batch of this.#env.table.scan({ gte: recordKey(first), lt: recordKey(last + 1) }, size)) {
				const rows: RecordRow[] = [];
				for (const [key, value] of batch) {
					const arrival = arrivalOfRecordKey(key);
					while (next < arrival) rows.push({ arrival: next++, value: undefined });
					rows.push({ arrival: next++, value });
				}
				yield rows;
			}
		} catch (error) {
			if (!(error instanceof StoreError) || error.code !== "store-io") throw error;
			// A damaged block stops the scan; one by one, the others can still be read.
			yield Promise.all(Array.from({ length: last + 1 - next }, (_, index) => this.#readOne(next + index)));
			return;
		}
		if (next <= last)
			yield Array.from({ length: last + 1 - next }, (_, index) => ({ arrival: next + index, value: undefined }));
	}

	async #readOne(arrival: number): Promise<RecordRow> {
		try {
			return { arrival, value: await this.#env.table.get(recordKey(arrival)) };
		} catch (error) {
			if (error instanceof StoreError && error.code === "store-io") return { arrival, value: undefined };
			throw error;
		}
	}
}

/** How many rows have payloads of together at most `maxBytes`; at least one. */
function countWithin(rows: readonly RecordRow[], maxBytes: number, contents = true): number {
	let bytes = 0;
	for (const [index, { value }] of rows.entries()) {
		bytes += value === undefined ? 0 : payloadBytes(value, contents);
		if (index > 0 && bytes > maxBytes) return index;
	}
	return rows.length;
}

function payloadBytes(value: Uint8Array, contents: boolean): number {
	try {
		// Quick and a little too much where the payload lies in the record.
		if (isInlineRecord(value)) return Math.max(0, value.length - headBytes);
		const record = decodeRecord(value);
		if (record.kind === "stub" || record.kind === "tombstone" || record.payload.inline !== undefined) return 0;
		return contents || record.kind !== "entry" || record.entryType !== "attachment_chunk" ? record.payload.length : 0;
	} catch (error) {
		if (error instanceof MindooError) return 0;
		throw error;
	}
}

function tryHead(value: Uint8Array) {
	try {
		return decodeRecordHead(value);
	} catch (error) {
		if (error instanceof MindooError) return undefined;
		throw error;
	}
}

/** Whether a text can be an address. */
function isAddress(hash: string): boolean {
	return /^[0-9a-f]{64}$/.test(hash);
}
