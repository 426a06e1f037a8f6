/** What a store keeps in memory between two batches: counters, and numbers used lately. All of it can be read again. */
import { readUint } from "../bytes/big-endian.js";
import { toHex } from "../bytes/hex.js";
import { MindooError } from "../errors.js";
import { Contexts } from "./contexts.js";
import type { Table } from "./level.js";
import { LruMap } from "./lru-map.js";
import { decodeRecordHead } from "./record.js";
import { arrivalOfRecordKey, authorKey, chainKey, documentNumberKey, metaKeys, prefixRange, tags } from "./row-keys.js";

const rememberedDocuments = 8192;
const rememberedAuthors = 1024;

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
	/** Documents that were erased for everybody: their entries are kept as stubs. */
	readonly erased = new Set<string>();
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
		const [record, document, author] = await Promise.all([
			this.#last(tags.record),
			this.#last(tags.documentId),
			this.#table.get(metaKeys.authorCount),
			this.contexts.load(),
		]);
		this.arrival = record === undefined ? 0 : arrivalOfRecordKey(record[0]);
		this.digest = record === undefined ? new Uint8Array(16) : digestOf(record[1]);
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

	position(): { readonly arrival: number; readonly digest: string } {
		return { arrival: this.arrival, digest: toHex(this.digest) };
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
