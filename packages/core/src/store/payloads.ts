/**
 * Payloads by their hash, wherever they lie: each in a row, or, where a batch brings many bytes and the platform has a place for
 * them, together in a pack.
 *
 * A row is either the payload itself, of more than 4 KiB, or its place: pack u48 ‖ offset u32 ‖ length u32. A pack is on disk before the
 * batch that names it, and erased after the batch that no longer does, so a crash leaves packs without rows and never rows without
 * packs. The row of the next pack's number moves in the batch that names the pack: what lies under that number is left of a crash. A
 * pack that is to be erased is noted as spare in the batch that moves or drops what lies in it.
 */
import { readUint, writeUint } from "../bytes/big-endian.js";
import { toHex } from "../bytes/hex.js";
import { limits } from "../entry/limits.js";
import { StoreError } from "../errors.js";
import type { Content } from "./contents.js";
import type { Table } from "./level.js";
import type { PackRange, Packs, PreparedPack } from "./packs.js";
import { contentKey, metaKeys, packedKey, prefixRange, sparePackKey, tags } from "./row-keys.js";
import type { RowWrite } from "./rows.js";

/** Writes one durable batch in the serial section. */
export type WriteRows = (rows: readonly RowWrite[]) => Promise<void>;

/** Smaller payloads stay in rows: documents' are read one by one. */
const leastPacked = 32 * 1024;
/** Bytes for which a pack is made, and how many it takes; a longer payload has a pack of its own. */
const packBytes = { least: 256 * 1024, most: 8 * 1024 * 1024 } as const;
const placeBytes = 14;
const firstPack = 1;

interface Place extends PackRange {
	readonly pack: number;
}

interface PackedPayloads {
	readonly pack: PreparedPack;
	/** As they lie in it. */
	readonly contents: readonly Content[];
}

/** Payloads that are about to be stored. */
export interface PreparedPayloads {
	/** Those that get a row each. */
	readonly loose: readonly Content[];
	readonly packed: readonly PackedPayloads[];
}

export class Payloads {
	readonly #table: Table;
	readonly #packs: Packs | undefined;

	constructor(table: Table, packs: Packs | undefined) {
		this.#table = table;
		this.#packs = packs;
	}

	/** For each hash whether its payload is here. */
	has(contentHashes: readonly string[]): Promise<boolean[]> {
		return this.#table.hasMany(contentHashes.map(contentKey));
	}

	/** The payloads that are here, unchecked, each an array that belongs to the caller. */
	async read(contentHashes: readonly string[]): Promise<Map<string, Uint8Array>> {
		const found = new Map<string, Uint8Array>();
		let left = [...new Set(contentHashes)];
		let tried = new Map<string, Place>();
		while (left.length > 0) {
			const places = await this.#look(left, found);
			// What shares a pack with something that is being erased moves to another one meanwhile.
			for (const [hash, { pack }] of places) if (tried.get(hash)?.pack === pack) places.delete(hash);
			await this.#readPlaces(places, found);
			left = [...places.keys()].filter((hash) => !found.has(hash));
			tried = places;
		}
		return found;
	}

	/** Bytes of the payloads that are here, as a sum. */
	async bytesOf(contentHashes: readonly string[]): Promise<number> {
		const found = new Map<string, Uint8Array>();
		let bytes = 0;
		for (const { length } of (await this.#look(contentHashes, found)).values()) bytes += length;
		for (const { length } of found.values()) bytes += length;
		return bytes;
	}

	/** Writes the packs for payloads, which nobody sees before `keep`. Large writes need not hold up the serial section. */
	async prepare(contents: readonly Content[]): Promise<PreparedPayloads> {
		const packs = this.#packs;
		const large = contents.filter(({ payload }) => payload.length >= leastPacked);
		const bytes = large.reduce((sum, { payload }) => sum + payload.length, 0);
		if (packs === undefined || bytes < packBytes.least) return { loose: contents, packed: [] };
		const packed: PackedPayloads[] = [];
		const prepared = { loose: contents.filter(({ payload }) => payload.length < leastPacked), packed };
		try {
			for (const together of cutIntoPacks(large)) {
				const pack = await guarded(() => packs.prepare(together.map(({ payload }) => payload)));
				packed.push({ pack, contents: together });
			}
		} catch (error) {
			await this.discard(prepared);
			throw error;
		}
		return prepared;
	}

	/** Rows for payloads that are not here yet. Must run in the serial section. */
	async keep({ loose, packed }: PreparedPayloads): Promise<RowWrite[]> {
		const rows = loose.map(contentRow);
		if (packed.length === 0) return rows;
		let number = await this.#nextPack();
		for (const { pack, contents } of packed) {
			let offset = 0;
			for (const { contentHash, payload } of contents) {
				const place = writePlace({ pack: number, offset, length: payload.length });
				rows.push({ type: "put", key: contentKey(contentHash), value: place });
				rows.push({ type: "put", key: packedKey(number, offset), value: contentKey(contentHash).slice(1) });
				offset += payload.length;
			}
			await guarded(() => pack.keep(number));
			number++;
		}
		return [...rows, { type: "put", key: metaKeys.nextPack, value: u48(number) }];
	}

	/** Lets go of what will not be kept. */
	async discard({ packed }: PreparedPayloads): Promise<void> {
		for (const { pack } of packed) await guarded(() => pack.discard());
	}

	/** As `prepare` and `keep`. */
	async put(contents: readonly Content[]): Promise<RowWrite[]> {
		return this.keep(await this.prepare(contents));
	}

	/**
	 * Rows that take payloads away; when they are written, `eraseSpare` erases the bytes. Must run in the serial section.
	 * @param write receives the moves of what shares a pack with them, a pack at a time, before.
	 */
	async drop(contentHashes: readonly string[], write: WriteRows): Promise<RowWrite[]> {
		const places = await this.#look(contentHashes, new Map());
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

	/** Erases what a crash has left. Costs the same for any number of packs. @throws {StoreError} where packs belong to the store and are out of reach. */
	async eraseLeftOver(write: WriteRows): Promise<void> {
		const packs = this.#packs;
		if (packs === undefined) {
			if ((await this.#nextPack()) === firstPack) return;
			throw new StoreError("store: expected a place for packs, in which its payloads lie", { code: "store-io" });
		}
		// Somebody waits for the store: one that never had packs is asked for nothing more.
		const [next] = await Promise.all([this.#nextPack(), guarded(() => packs.removePrepared())]);
		for (let pack = next; await guarded(() => packs.remove(pack)); pack++);
		if (next > firstPack) await this.eraseSpare(write);
	}

	/** @param found receives the payloads that lie in rows. @returns where the others lie. */
	async #look(contentHashes: readonly string[], found: Map<string, Uint8Array>): Promise<Map<string, Place>> {
		const places = new Map<string, Place>();
		for (const [index, value] of (await this.#table.getMany(contentHashes.map(contentKey))).entries()) {
			const hash = contentHashes[index] as string;
			if (value?.length === placeBytes) places.set(hash, readPlace(value));
			else if (value !== undefined) found.set(hash, value);
		}
		return places;
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
