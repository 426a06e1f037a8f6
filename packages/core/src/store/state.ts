/** What a store keeps in memory between two batches: counters, and numbers used lately. All of it can be read again. */
import { readUint } from "../bytes/big-endian.js";
import { toHex } from "../bytes/hex.js";
import { MindooError } from "../errors.js";
import { Contexts } from "./contexts.js";
import { LruMap } from "./lru-map.js";
import { decodeRecordHead } from "./record.js";
import {
	arrivalOfRecordKey,
	authorKey,
	chainKey,
	documentNumberKey,
	metaKeys,
	prefixRange,
	purgeKey,
	purgeMarks,
	tags,
} from "./row-keys.js";
import type { StorePosition } from "./store.js";
import type { Table } from "./table.js";

const rememberedDocuments = 8192;
const rememberedAuthors = 1024;
const greatestArrival = 2 ** 48 - 1;

/** An author that has entries in the store. */
export interface AuthorState {
	readonly number: number;
	/** Whether an entry of the author may be named as predecessor and be missing; `undefined` until looked up. */
	mayHaveGaps: boolean | undefined;
	/** An entry that is a head of the author's chain for certain. */
	lastHead: string | undefined;
}

export class StoreState {
	readonly #table: Table;
	readonly contexts: Contexts;
	readonly documents = new LruMap<string, number>(rememberedDocuments);
	readonly authors = new LruMap<string, AuthorState>(rememberedAuthors);
	readonly #erased = new Set<string>();
	arrival = 0;
	digest: Uint8Array = new Uint8Array(16);
	documentCount = 0;
	authorCount = 0;

	constructor(table: Table) {
		this.#table = table;
		this.contexts = new Contexts(table);
	}

	/** Reads the counters from the newest rows. Costs the same for any number of entries. */
	async load(): Promise<void> {
		this.documents.clear();
		this.authors.clear();
		const [{ arrival, digest }, document, author] = await Promise.all([
			this.#readNewest(),
			this.#last(tags.documentId),
			this.#table.get(metaKeys.authorCount),
			this.contexts.load(),
		]);
		this.arrival = arrival;
		this.digest = digest;
		this.documentCount = document === undefined ? 0 : readUint(document[0], 1, 4);
		this.authorCount = author === undefined ? 0 : readUint(author, 0, 4);
	}

	/** Numbers of documents that the store knows. */
	async documentNumbers(docIds: Iterable<string>): Promise<Map<string, number>> {
		return lookUp(this.#table, docIds, this.documents, documentNumberKey, (value) => readUint(value, 0, 4));
	}

	async authorStates(publicKeys: Iterable<string>): Promise<Map<string, AuthorState>> {
		return lookUp(this.#table, publicKeys, this.authors, authorKey, (value) => ({
			number: readUint(value, 0, 4),
			mayHaveGaps: undefined,
			lastHead: undefined,
		}));
	}

	/** Whether any entry of the author is named as predecessor and missing. Remembers a "no" until a gap is written. */
	async mayHaveGaps(author: AuthorState): Promise<boolean> {
		author.mayHaveGaps ??=
			(await this.#table.first(prefixRange(chainKey(tags.gap, author.number, "00".repeat(32)).subarray(0, 5)))) !==
			undefined;
		return author.mayHaveGaps;
	}

	/** Where the arrivals stand for whoever reads: of a shared table it is read each time. */
	async position(): Promise<StorePosition> {
		const { arrival, digest } = this.#table.shared ? await this.#readNewest() : this;
		return { arrival, digest: toHex(digest) };
	}

	/** Rows of later arrivals are none that count: what a failed write has left. A shared table has no such rows. */
	get readable(): number {
		return this.#table.shared ? greatestArrival : this.arrival;
	}

	/** Notes that a document was erased for everybody. */
	erase(docId: string): void {
		if (!this.#table.shared) this.#erased.add(docId);
	}

	/** Those of the documents that were erased for everybody: their entries are kept as stubs. */
	async erasedAmong(docIds: Iterable<string>): Promise<ReadonlySet<string>> {
		const asked = [...new Set(docIds)];
		if (!this.#table.shared) return new Set(asked.filter((docId) => this.#erased.has(docId)));
		const markers = await this.#table.getMany(asked.map(purgeKey));
		return new Set(asked.filter((_, index) => ((markers[index]?.[0] ?? 0) & purgeMarks.forEverybody) !== 0));
	}

	async #readNewest(): Promise<{ readonly arrival: number; readonly digest: Uint8Array }> {
		const record = await this.#last(tags.record);
		if (record === undefined) return { arrival: 0, digest: new Uint8Array(16) };
		return { arrival: arrivalOfRecordKey(record[0]), digest: digestOf(record[1]) };
	}

	#last(tag: number) {
		return this.#table.first({ ...prefixRange(Uint8Array.of(tag)), reverse: true });
	}
}

/** Running digest of a record; zeros where it cannot be read, which makes peers reconcile in full. */
export function digestOf(record: Uint8Array): Uint8Array {
	try {
		return decodeRecordHead(record).digest;
	} catch (error) {
		if (error instanceof MindooError) return new Uint8Array(16);
		throw error;
	}
}

async function lookUp<V>(
	table: Table,
	names: Iterable<string>,
	remembered: LruMap<string, V>,
	keyOf: (name: string) => Uint8Array,
	read: (value: Uint8Array) => V,
): Promise<Map<string, V>> {
	const found = new Map<string, V>();
	const missing: string[] = [];
	for (const name of new Set(names)) {
		const value = remembered.get(name);
		if (value === undefined) missing.push(name);
		else found.set(name, value);
	}
	const values = await table.getMany(missing.map(keyOf));
	for (const [index, name] of missing.entries()) {
		const value = values[index];
		if (value === undefined) continue;
		const known = read(value);
		found.set(name, known);
		remembered.set(name, known);
	}
	return found;
}
