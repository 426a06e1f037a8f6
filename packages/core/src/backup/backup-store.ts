import { writeUint } from "../bytes/big-endian.js";
import { concatBytes } from "../bytes/concat.js";
import { fromHex, toHex } from "../bytes/hex.js";
import { asciiBytes } from "../bytes/text.js";
import type { Crypto } from "../crypto/crypto.js";
import { linkOf, type StoredEntry } from "../entry/entry.js";
import { UsageError } from "../errors.js";
import { resolveDependencies } from "../store/dependencies.js";
import type {
	Arrival,
	ContentAddressedStore,
	DependencyOptions,
	Page,
	PageOptions,
	PutReport,
	StoreIdentity,
	StorePosition,
} from "../store/store.js";
import { type BackupSegment, recordsOf } from "./manifest.js";
import type { OpenedBackup } from "./opened-backup.js";

const storeLabel = asciiBytes("mindoodb/1/backup-store\0");
const arrivalLabel = asciiBytes("mindoodb/1/backup-arrival\0");

/**
 * What one archive has of a store, as a store that can be read: whoever pulls from it takes the archive up by all rules of sync. Its
 * arrivals are numbered from 1 by their places in the archive, and its id follows from its segments: so a position in it means the same
 * wherever the archive came from, and says nothing about the store that was backed up.
 *
 * Reading on from an arrival costs what is read; finding entries by their addresses reads the whole archive.
 */
export class BackupStore implements ContentAddressedStore {
	readonly #crypto: Crypto;
	readonly #backup: OpenedBackup;
	readonly #store: number;
	readonly #segments: readonly BackupSegment[];
	readonly #total: number;
	/** Records before each segment. */
	readonly #before: readonly number[];
	#id: Promise<Uint8Array> | undefined;
	/** The segment that was read last: the next page often begins in it. */
	#latest: { readonly index: number; readonly entries: readonly (StoredEntry | undefined)[] } | undefined;

	/** @param store place in the archive's manifest. */
	constructor(crypto: Crypto, backup: OpenedBackup, store: number) {
		const part = backup.manifest.stores[store];
		if (part === undefined) throw new UsageError("backup: expected a store of the archive", { field: "store" });
		this.#crypto = crypto;
		this.#backup = backup;
		this.#store = store;
		this.#segments = part.segments;
		this.#total = recordsOf(part);
		let records = 0;
		this.#before = part.segments.map((segment) => {
			records += segment.records;
			return records - segment.records;
		});
	}

	async identity(): Promise<StoreIdentity> {
		const { tenantRoot, manifest } = this.#backup;
		const dbId = manifest.stores[this.#store]?.dbId ?? "";
		return { storeId: toHex(await this.#contentId()), tenantRoot, dbId };
	}

	async position(): Promise<StorePosition> {
		return { arrival: this.#total, digest: await this.#digest(this.#total) };
	}

	async entriesAfter(arrival: number, options: PageOptions = {}): Promise<Page> {
		const { limit = 256, maxBytes = 8 * 1024 * 1024, payload = true } = options;
		const arrivals: Arrival[] = [];
		const damaged: number[] = [];
		let bytes = 0;
		let next = Math.min(arrival, this.#total);
		for (const stop = Math.min(next + limit, this.#total); next < stop; next++) {
			const entry = await this.#recordAt(next + 1);
			if (entry === undefined) {
				damaged.push(next + 1);
				continue;
			}
			const size = payload && entry.kind === "entry" ? (entry.payload?.length ?? 0) : 0;
			if (arrivals.length > 0 && bytes + size > maxBytes) break;
			bytes += size;
			arrivals.push({ arrival: next + 1, entry: payload ? entry : withoutPayload(entry) });
		}
		return { arrivals, next, damaged, digest: await this.#digest(next) };
	}

	async getEntries(hashes: readonly string[]): Promise<StoredEntry[]> {
		const wanted = new Set(hashes);
		const found = new Map<string, StoredEntry>();
		for await (const entry of this.#entries()) if (wanted.has(entry.hash)) found.set(entry.hash, entry);
		return hashes.flatMap((hash) => found.get(hash) ?? []);
	}

	async hasEntries(hashes: readonly string[]): Promise<string[]> {
		const all = new Set(await this.getAllHashes());
		return hashes.filter((hash) => all.has(hash));
	}

	async findNewEntries(knownHashes: readonly string[]): Promise<StoredEntry[]> {
		return this.#listed(knownHashes, () => true);
	}

	async findNewEntriesForDoc(knownHashes: readonly string[], docId: string): Promise<StoredEntry[]> {
		return this.#listed(knownHashes, (entry) => linkOf(entry).docId === docId);
	}

	async getAllHashes(): Promise<string[]> {
		const hashes: string[] = [];
		for await (const { hash } of this.#entries()) hashes.push(hash);
		return hashes;
	}

	resolveDependencies(startHash: string, options?: DependencyOptions): Promise<string[]> {
		const read = async (hashes: readonly string[]) =>
			new Map((await this.getEntries(hashes)).map((entry) => [entry.hash, withoutPayload(entry)]));
		return resolveDependencies({ read, cover: undefined }, startHash, options);
	}

	/** @throws {UsageError} always: an archive is read only. */
	async putEntries(): Promise<PutReport> {
		throw readOnly();
	}

	/** @throws {UsageError} always: an archive is read only. */
	async purgeDocHistory(): Promise<string[]> {
		throw readOnly();
	}

	/** Does nothing: whoever opened the archive closes it. */
	async close(): Promise<void> {}

	async *#entries(): AsyncGenerator<StoredEntry> {
		for (let arrival = 1; arrival <= this.#total; arrival++) {
			const entry = await this.#recordAt(arrival);
			if (entry !== undefined) yield entry;
		}
	}

	async #listed(knownHashes: readonly string[], wanted: (entry: StoredEntry) => boolean): Promise<StoredEntry[]> {
		const known = new Set(knownHashes);
		const found: StoredEntry[] = [];
		for await (const entry of this.#entries()) {
			if (!known.has(entry.hash) && wanted(entry)) found.push(withoutPayload(entry));
		}
		return found;
	}

	/** @returns `undefined` for a record that is none, or that lies in a damaged part of the archive. */
	async #recordAt(arrival: number): Promise<StoredEntry | undefined> {
		const index = this.#segmentOf(arrival);
		if (this.#latest?.index !== index) this.#latest = { index, entries: await this.#read(index) };
		return this.#latest.entries[arrival - 1 - (this.#before[index] as number)];
	}

	async #read(index: number): Promise<readonly (StoredEntry | undefined)[]> {
		const read = await this.#backup.segmentIfWhole(this.#store, index);
		return read instanceof Error ? [] : read;
	}

	/** The last segment that begins before the arrival. */
	#segmentOf(arrival: number): number {
		let [low, high] = [0, this.#before.length];
		while (high - low > 1) {
			const middle = (low + high) >> 1;
			if ((this.#before[middle] as number) < arrival) low = middle;
			else high = middle;
		}
		return low;
	}

	async #digest(arrival: number): Promise<string> {
		if (arrival === 0) return "00".repeat(16);
		const number = new Uint8Array(6);
		writeUint(number, 0, arrival, 6);
		const digest = await this.#crypto.sha256(concatBytes(arrivalLabel, await this.#contentId(), number));
		return toHex(digest.subarray(0, 16));
	}

	#contentId(): Promise<Uint8Array> {
		this.#id ??= this.#crypto
			.sha256(concatBytes(storeLabel, ...this.#segments.map(({ sha256 }) => fromHex(sha256, 32))))
			.then((id) => id.slice(0, 16));
		return this.#id;
	}
}

function withoutPayload(entry: StoredEntry): StoredEntry {
	return entry.kind === "stub" ? entry : { ...entry, payload: undefined };
}

function readOnly(): UsageError {
	return new UsageError("backup: an archive is read only");
}
