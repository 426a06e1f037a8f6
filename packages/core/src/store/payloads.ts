/**
 * Payloads by their hash, wherever they lie: each in a row, or, where a batch brings many bytes and the platform has a place for
 * them, together in a pack, or large ones in an object store.
 *
 * A row is either the payload itself, of more than 4 KiB, or its object (`objects.ts`), or its place: pack u48 ‖ offset u32 ‖ length u32.
 * A pack is on disk before the batch that names it, and erased after the batch that no longer does, so a crash leaves packs without rows and never rows without
 * packs. The row of the next pack's number moves in the batch that names the pack: what lies from that number on is left of a crash. Up
 * to 16 packs get their numbers with one sync of their folder, and a crash may keep any of these names: so there are never more
 * missing between two that are there. A pack that is to be erased is noted as spare in the batch that moves or drops what lies in it.
 */
import { readUint, writeUint } from "../bytes/big-endian.js";
import { toHex } from "../bytes/hex.js";
import type { StoredEntry } from "../entry/entry.js";
import { limits } from "../entry/limits.js";
import { StoreError } from "../errors.js";
import type { Blobs } from "./blobs.js";
import type { Content } from "./contents.js";
import { decodeObject, Objects, type StoredObject, type UploadedContent } from "./objects.js";
import type { PackRange, Packs, PreparedPack } from "./packs.js";
import { isInline } from "./record.js";
import { contentKey, metaKeys, packedKey, prefixRange, sparePackKey, tags } from "./row-keys.js";
import type { RowWrite } from "./rows.js";
import type { Table } from "./table.js";

/** Writes one durable batch in the serial section. */
export type WriteRows = (rows: readonly RowWrite[]) => Promise<void>;

/** Smaller payloads stay in rows: documents' are read one by one. */
const leastPacked = 32 * 1024;
/** Bytes for which a pack is made, and how many it takes; a longer payload has a pack of its own. */
const packBytes = { least: 256 * 1024, most: 8 * 1024 * 1024 } as const;
/** Packs that get their numbers together. */
export const packsTogether = 16;
const placeBytes = 14;
const firstPack = 1;

interface Place extends PackRange {
	readonly pack: number;
}

/** Where payloads lie that lie in no row. */
interface Elsewhere {
	readonly places: Map<string, Place>;
	readonly objects: Map<string, StoredObject>;
}

/** A pack that nobody sees yet. */
export interface PackedPayloads {
	readonly pack: PreparedPack;
	/** What lies in it, by contentHash. */
	readonly ranges: ReadonlyMap<string, PackRange>;
}

/** Payloads that are about to be stored. */
export interface PreparedPayloads {
	/** Those that get a row each. */
	readonly loose: readonly Content[];
	readonly packed: readonly PackedPayloads[];
	readonly uploaded: readonly UploadedContent[];
}

/** Where payloads may lie besides rows. */
export interface PayloadPlaces {
	readonly packs?: Packs | undefined;
	readonly blobs?: Blobs | undefined;
}

export class Payloads {
	readonly #table: Table;
	readonly #packs: Packs | undefined;
	readonly objects: Objects;

	constructor(table: Table, { packs, blobs }: PayloadPlaces) {
		this.#table = table;
		this.#packs = packs;
		this.objects = new Objects(table, blobs);
	}

	/** For each hash whether its payload is here. */
	has(contentHashes: readonly string[]): Promise<boolean[]> {
		return this.#table.hasMany(contentHashes.map(contentKey));
	}

	/** The payloads that are here, unchecked, each an array that belongs to the caller. */
	async read(contentHashes: readonly string[]): Promise<Map<string, Uint8Array>> {
		const found = new Map<string, Uint8Array>();
		let left = [...new Set(contentHashes)];
		let tried = new Set<string>();
		while (left.length > 0) {
			const { places, objects } = await this.#look(left, found);
			// What shares a pack with something that is being erased moves to another one meanwhile; an object can take another's place.
			for (const [hash, { pack }] of places) if (tried.has(`${hash} ${pack}`)) places.delete(hash);
			for (const [hash, { name }] of objects) if (tried.has(`${hash} ${toHex(name)}`)) objects.delete(hash);
			await Promise.all([this.#readPlaces(places, found), this.objects.read(objects, found)]);
			left = [...places.keys(), ...objects.keys()].filter((hash) => !found.has(hash));
			tried = new Set([
				...[...places].map(([hash, { pack }]) => `${hash} ${pack}`),
				...[...objects].map(([hash, { name }]) => `${hash} ${toHex(name)}`),
			]);
		}
		return found;
	}

	/** Bytes of the payloads that are here, as a sum. */
	async bytesOf(contentHashes: readonly string[]): Promise<number> {
		const found = new Map<string, Uint8Array>();
		let bytes = 0;
		const { places, objects } = await this.#look(contentHashes, found);
		for (const { length } of [...places.values(), ...objects.values()]) bytes += length;
		for (const { length } of found.values()) bytes += length;
		return bytes;
	}

	/**
	 * Writes the packs and objects for payloads, each of them once, which nobody sees before `keep`. Large writes need not hold up the serial
	 * section.
	 * @param least bytes of what may lie in a pack.
	 */
	async prepare(all: readonly Content[], least = leastPacked): Promise<PreparedPayloads> {
		const packs = this.#packs;
		const uploaded = await this.objects.upload(all.filter((content) => this.objects.takes(content)));
		const contents = all.filter((content) => !this.objects.takes(content));
		const large = contents.filter(({ payload }) => payload.length >= least);
		const bytes = large.reduce((sum, { payload }) => sum + payload.length, 0);
		if (packs === undefined || bytes < packBytes.least) return { loose: contents, packed: [], uploaded };
		const packed: PackedPayloads[] = [];
		const prepared = { loose: contents.filter(({ payload }) => payload.length < least), packed, uploaded };
		try {
			for (const together of cutIntoPacks(large)) {
				const pack = await guarded(() => packs.prepare(together.map(({ payload }) => payload)));
				packed.push({ pack, ranges: rangesOf(together) });
			}
		} catch (error) {
			await this.objects.discard(uploaded);
			await this.discard(packed);
			throw error;
		}
		return prepared;
	}

	/** Rows for payloads that are not here yet. Must run in the serial section. */
	async keep({ loose, packed, uploaded }: PreparedPayloads): Promise<RowWrite[]> {
		const rows = [...loose.map(contentRow), ...this.objects.rows(uploaded)];
		if (packed.length === 0) return rows;
		const first = await this.#nextPack();
		for (const [index, { pack, ranges }] of packed.entries()) {
			const number = first + index;
			for (const [contentHash, range] of ranges) {
				rows.push({ type: "put", key: contentKey(contentHash), value: writePlace({ pack: number, ...range }) });
				rows.push({ type: "put", key: packedKey(number, range.offset), value: contentKey(contentHash).slice(1) });
			}
			await guarded(() => pack.keep(number));
			if ((index + 1) % packsTogether === 0 || index === packed.length - 1) await this.#settle();
		}
		return [...rows, { type: "put", key: metaKeys.nextPack, value: u48(first + packed.length) }];
	}

	/** Payloads out of a pack that has no rows yet, unchecked. @throws {StoreError} when one cannot be read. */
	async readPrepared({ pack, ranges }: PackedPayloads, contentHashes: readonly string[]): Promise<Content[]> {
		const payloads = await guarded(() => pack.read(contentHashes.map((hash) => ranges.get(hash) as PackRange)));
		return payloads.map((payload, index) => {
			if (payload === undefined)
				throw new StoreError("store: what an upload wrote is gone or cut off", { code: "store-io" });
			return { contentHash: contentHashes[index] as string, payload };
		});
	}

	/** Resolves when the bytes of these packs are on disk. */
	async durable(packed: readonly PackedPayloads[]): Promise<void> {
		await guarded(() => Promise.all(packed.map(({ pack }) => pack.durable())));
	}

	/**
	 * Writes the objects for payloads that come with entries before anybody waits for the serial section.
	 * @returns for `objects.endAhead`, when the entries are stored or not.
	 */
	async uploadAhead(entries: readonly StoredEntry[]): Promise<string[]> {
		const contents = entries.flatMap((entry) => {
			if (entry.kind !== "entry" || entry.payload === undefined || isInline(entry)) return [];
			return [{ contentHash: entry.common.contentHash, payload: entry.payload }];
		});
		const large = contents.filter((content) => this.objects.takes(content));
		const present = await this.has(large.map(({ contentHash }) => contentHash));
		return this.objects.uploadAhead(large.filter((_, index) => !present[index]));
	}

	/** Lets go of packs that will not be kept. */
	async discard(packed: readonly PackedPayloads[]): Promise<void> {
		for (const { pack } of packed) await guarded(() => pack.discard());
	}

	/** As `prepare` and `keep`. */
	async put(contents: readonly Content[]): Promise<RowWrite[]> {
		return this.keep(await this.prepare(contents));
	}

	/**
	 * Rows that take payloads away; when they are written, `eraseSpare` erases the bytes in packs, and those in objects go when the section
	 * is over. Must run in the serial section.
	 * @param write receives the moves of what shares a pack with them, a pack at a time, before.
	 */
	async drop(contentHashes: readonly string[], write: WriteRows): Promise<RowWrite[]> {
		const { places, objects } = await this.#look(contentHashes, new Map());
		for (const [hash, object] of objects) this.objects.giveUp(hash, object);
		const leaving = new Map<number, string[]>();
		for (const [hash, { pack }] of places) leaving.set(pack, [...(leaving.get(pack) ?? []), hash]);
		const rows: RowWrite[] = contentHashes.map((hash) => ({ type: "del", key: contentKey(hash) }));
		for (const [pack, hashes] of leaving) {
			await this.#moveOthers(pack, new Set(hashes), write);
			for (const hash of hashes) rows.push({ type: "del", key: packedKey(pack, (places.get(hash) as Place).offset) });
			rows.push({ type: "put", key: sparePackKey(pack), value: new Uint8Array(0) });
		}
		return rows;
	}

	/** Erases packs that were given up. What still lies in one, because a batch failed, moves first. */
	async eraseSpare(write: WriteRows): Promise<void> {
		const packs = this.#packs;
		if (packs === undefined) return;
		for await (const spare of this.#table.scan(prefixRange(Uint8Array.of(tags.sparePack)), 1000)) {
			for (const [key] of spare) {
				const pack = readUint(key, 1, 6);
				await this.#moveOthers(pack, new Set(), write);
				await guarded(() => packs.remove(pack));
			}
			await write(spare.map(([key]) => ({ type: "del", key })));
		}
	}

	/** Erases what a crash has left. Costs the same for any number of packs. @throws {StoreError} where packs or objects belong to the store and are out of reach. */
	async eraseLeftOver(write: WriteRows): Promise<void> {
		await this.objects.checkReach();
		const packs = this.#packs;
		if (packs === undefined) {
			if ((await this.#nextPack()) === firstPack) return;
			throw new StoreError("store: expected a place for packs, in which its payloads lie", { code: "store-io" });
		}
		// Somebody waits for the store: one that never had packs is asked for nothing more.
		const [next] = await Promise.all([this.#nextPack(), guarded(() => packs.removePrepared())]);
		for (let pack = next, last = next + packsTogether; pack < last; pack++) {
			if (await guarded(() => packs.remove(pack))) last = pack + 1 + packsTogether;
		}
		if (next > firstPack) await this.eraseSpare(write);
	}

	/** @param found receives the payloads that lie in rows. @returns where the others lie. */
	async #look(contentHashes: readonly string[], found: Map<string, Uint8Array>): Promise<Elsewhere> {
		const places = new Map<string, Place>();
		const objects = new Map<string, StoredObject>();
		for (const [index, value] of (await this.#table.getMany(contentHashes.map(contentKey))).entries()) {
			const hash = contentHashes[index] as string;
			if (value === undefined) continue;
			const object = decodeObject(value);
			if (object !== undefined) objects.set(hash, object);
			else if (value.length === placeBytes) places.set(hash, readPlace(value));
			else found.set(hash, value);
		}
		return { places, objects };
	}

	async #readPlaces(places: ReadonlyMap<string, Place>, found: Map<string, Uint8Array>): Promise<void> {
		const packs = this.#packs;
		if (packs === undefined) return;
		const byPack = new Map<number, string[]>();
		for (const [hash, { pack, length }] of places) {
			if (length > limits.payloadBytes) continue;
			const hashes = byPack.get(pack);
			if (hashes === undefined) byPack.set(pack, [hash]);
			else hashes.push(hash);
		}
		for (const [pack, hashes] of byPack) {
			const ranges = hashes.map((hash) => places.get(hash) as Place);
			const read = await guarded(() => packs.read(pack, ranges));
			for (const [index, payload] of read.entries()) {
				if (payload !== undefined) found.set(hashes[index] as string, payload);
			}
		}
	}

	/** Writes what lies in a pack, besides what leaves it, somewhere else. What cannot be read is lost with the pack. */
	async #moveOthers(pack: number, leaving: ReadonlySet<string>, write: WriteRows): Promise<void> {
		const staying = new Map<string, Uint8Array>();
		for await (const rows of this.#table.scan(prefixRange(packedKey(pack, 0).subarray(0, 7)), 1000)) {
			for (const [key, value] of rows) if (!leaving.has(toHex(value))) staying.set(toHex(value), key);
		}
		if (staying.size === 0) return;
		const read = await this.read([...staying.keys()]);
		const lost = [...staying.keys()].filter((hash) => !read.has(hash));
		await write([
			...[...staying.values()].map((key): RowWrite => ({ type: "del", key })),
			...lost.map((hash): RowWrite => ({ type: "del", key: contentKey(hash) })),
			...(await this.put([...read].map(([contentHash, payload]) => ({ contentHash, payload })))),
			{ type: "put", key: sparePackKey(pack), value: new Uint8Array(0) },
		]);
	}

	async #settle(): Promise<void> {
		await guarded(async () => this.#packs?.settle());
	}

	async #nextPack(): Promise<number> {
		const value = await this.#table.get(metaKeys.nextPack);
		return value === undefined ? firstPack : readUint(value, 0, 6);
	}
}

function* cutIntoPacks(contents: readonly Content[]): Generator<Content[]> {
	let pack: Content[] = [];
	let bytes = 0;
	for (const content of contents) {
		if (pack.length > 0 && bytes + content.payload.length > packBytes.most) {
			yield pack;
			pack = [];
			bytes = 0;
		}
		pack.push(content);
		bytes += content.payload.length;
	}
	yield pack;
}

function rangesOf(contents: readonly Content[]): Map<string, PackRange> {
	const ranges = new Map<string, PackRange>();
	let offset = 0;
	for (const { contentHash, payload } of contents) {
		ranges.set(contentHash, { offset, length: payload.length });
		offset += payload.length;
	}
	return ranges;
}

/** Failures of the place for packs are failures of the store. */
async function guarded<T>(action: () => Promise<T>): Promise<T> {
	try {
		return await action();
	} catch (cause) {
		throw new StoreError("store: a pack of payloads could not be read, written or erased", { code: "store-io", cause });
	}
}

/** Engines in memory keep the array that they are given, and whoever gave it may use it again. */
function contentRow({ contentHash, payload }: Content): RowWrite {
	return { type: "put", key: contentKey(contentHash), value: payload.slice() };
}

function readPlace(value: Uint8Array): Place {
	return { pack: readUint(value, 0, 6), offset: readUint(value, 6, 4), length: readUint(value, 10, 4) };
}

function writePlace({ pack, offset, length }: Place): Uint8Array {
	const value = new Uint8Array(placeBytes);
	writeUint(value, 0, pack, 6);
	writeUint(value, 6, offset, 4);
	writeUint(value, 10, length, 4);
	return value;
}

function u48(value: number): Uint8Array {
	const bytes = new Uint8Array(6);
	writeUint(bytes, 0, value, 6);
	return bytes;
}
