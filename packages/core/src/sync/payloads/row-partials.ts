/**
 * Partial payloads in the rows of a store. Numbers are big-endian.
 *
 * | key                            | value                                                        |
 * |--------------------------------|--------------------------------------------------------------|
 * | 90 ‖ contentHash(32) ‖ index(2) | the part                                                    |
 * | 91 ‖ contentHash(32)           | time of the last part(6), then the indexes of all parts(2 each) |
 */
import { readUint, writeUint } from "../../bytes/big-endian.js";
import { concatBytes } from "../../bytes/concat.js";
import { fromHex, toHex } from "../../bytes/hex.js";
import { prefixRange } from "../../store/row-keys.js";
import type { Rows, RowWrite } from "../../store/rows.js";
import type { ContentPart, PartialContent, PartialContents } from "./partial-contents.js";

export const partialRowKinds = { part: 0x90, parts: 0x91 } as const;

interface Kept {
	readonly since: number;
	/** Ascending. */
	readonly indexes: readonly number[];
}

export class RowPartials implements PartialContents {
	readonly #rows: Rows;
	readonly #mostParts: number;
	#kept: Promise<Map<string, Kept>> | undefined;

	/** @param options `mostParts` of all payloads together, of 128 KiB each. @default 2,048: 256 MiB */
	constructor(rows: Rows, { mostParts = 2048 }: { readonly mostParts?: number } = {}) {
		this.#rows = rows;
		this.#mostParts = mostParts;
	}

	async put(contentHash: string, parts: readonly ContentPart[], now: number): Promise<void> {
		const kept = await this.#load();
		const known = kept.get(contentHash)?.indexes ?? [];
		const indexes = [...new Set([...known, ...parts.map(({ index }) => index)])].sort((a, b) => a - b);
		// At the end of the map: what was put longest ago comes first.
		kept.delete(contentHash);
		kept.set(contentHash, { since: now, indexes });
		const writes = [...this.#makeRoom(kept, contentHash), partsRow(contentHash, { since: now, indexes })];
		for (const { index, data } of parts) writes.push({ type: "put", key: partKey(contentHash, index), value: data });
		await this.#rows.write(writes, { durable: false });
	}

	async get(contentHash: string): Promise<readonly ContentPart[]> {
		const indexes = (await this.#load()).get(contentHash)?.indexes ?? [];
		const values = await this.#rows.getMany(indexes.map((index) => partKey(contentHash, index)));
		return indexes.flatMap((index, place) => {
			const data = values[place];
			return data === undefined ? [] : [{ index, data }];
		});
	}

	async list(): Promise<readonly PartialContent[]> {
		return [...(await this.#load())].map(([contentHash, { since, indexes }]) => ({ contentHash, since, indexes }));
	}

	async drop(contentHash: string): Promise<void> {
		const kept = await this.#load();
		await this.#rows.write(letGo(kept, contentHash), { durable: false });
	}

	async collect(before: number): Promise<number> {
		const kept = await this.#load();
		const old = [...kept].filter(([, { since }]) => since < before);
		await this.#rows.write(
			old.flatMap(([contentHash]) => letGo(kept, contentHash)),
			{ durable: false },
		);
		return old.length;
	}

	/** @returns deletions of what was put longest ago. */
	#makeRoom(kept: Map<string, Kept>, except: string): RowWrite[] {
		let count = 0;
		for (const { indexes } of kept.values()) count += indexes.length;
		const writes: RowWrite[] = [];
		for (const [contentHash, { indexes }] of kept) {
			if (count <= this.#mostParts) break;
			if (contentHash === except) continue;
			count -= indexes.length;
			writes.push(...letGo(kept, contentHash));
		}
		return writes;
	}

	#load(): Promise<Map<string, Kept>> {
		this.#kept ??= this.#read().catch((error: unknown) => {
			this.#kept = undefined;
			throw error;
		});
		return this.#kept;
	}

	async #read(): Promise<Map<string, Kept>> {
		const found: (readonly [string, Kept])[] = [];
		for await (const rows of this.#rows.scan(prefixRange(Uint8Array.of(partialRowKinds.parts)))) {
			for (const [key, value] of rows) found.push([toHex(key.subarray(1)), decodeParts(value)]);
		}
		return new Map(found.sort(([, a], [, b]) => a.since - b.since));
	}
}

function letGo(kept: Map<string, Kept>, contentHash: string): RowWrite[] {
	const parts = kept.get(contentHash);
	if (parts === undefined) return [];
	kept.delete(contentHash);
	return [
		{ type: "del", key: partsKey(contentHash) },
		...parts.indexes.map((index): RowWrite => ({ type: "del", key: partKey(contentHash, index) })),
	];
}

function partsRow(contentHash: string, { since, indexes }: Kept): RowWrite {
	const value = new Uint8Array(6 + 2 * indexes.length);
	writeUint(value, 0, since, 6);
	for (const [place, index] of indexes.entries()) writeUint(value, 6 + 2 * place, index, 2);
	return { type: "put", key: partsKey(contentHash), value };
}

function decodeParts(value: Uint8Array): Kept {
	const count = Math.floor((value.length - 6) / 2);
	return {
		since: readUint(value, 0, 6),
		indexes: Array.from({ length: count }, (_, place) => readUint(value, 6 + 2 * place, 2)),
	};
}

function partsKey(contentHash: string): Uint8Array {
	return concatBytes(Uint8Array.of(partialRowKinds.parts), fromHex(contentHash, 32));
}

function partKey(contentHash: string, index: number): Uint8Array {
	const key = new Uint8Array(35);
	key[0] = partialRowKinds.part;
	key.set(fromHex(contentHash, 32), 1);
	writeUint(key, 33, index, 2);
	return key;
}
