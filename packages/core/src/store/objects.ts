/**
 * Large payloads in an object store. The row of such a payload is its object: length u32 ‖ name (8).
 *
 * An object is there before the row that names it and erased after that row is gone, so a crash leaves objects that no row names, never
 * the other way; `collect` finds them.
 */
import { readUint, writeUint } from "../bytes/big-endian.js";
import { equalBytes } from "../bytes/compare.js";
import { limits } from "../entry/limits.js";
import { StoreError } from "../errors.js";
import type { Blobs } from "./blobs.js";
import type { Content } from "./contents.js";
import { contentKey, metaKeys } from "./row-keys.js";
import type { RowWrite } from "./rows.js";
import type { Table } from "./table.js";

/** Length of the row of an object. */
export const objectRowBytes = 12;
/** Objects that are written, read or erased at the same time. */
const atOnce = 8;

export interface StoredObject {
	/** Of its payload. */
	readonly length: number;
	readonly name: Uint8Array;
}

/** A payload whose object is there, and whose row is not. */
export interface UploadedContent {
	readonly content: Content;
	readonly object: StoredObject;
}

export class Objects {
	readonly #table: Table;
	readonly #blobs: Blobs | undefined;
	/** Objects that are written for payloads whose entries wait for the serial section. */
	readonly #ahead = new Map<string, Promise<StoredObject | undefined>>();
	#givenUp: (readonly [contentHash: string, name: Uint8Array])[] = [];

	constructor(table: Table, blobs: Blobs | undefined) {
		this.#table = table;
		this.#blobs = blobs;
	}

	/** Whether a payload belongs into an object. */
	takes({ payload }: Content): boolean {
		return this.#blobs !== undefined && payload.length >= this.#blobs.leastBytes;
	}

	/** Writes objects before the serial section, where `upload` finds them. @returns the hashes of their payloads, for `endAhead`. */
	async uploadAhead(contents: readonly Content[]): Promise<string[]> {
		const distinct = [...new Map(contents.map((content) => [content.contentHash, content])).values()];
		const wanted = distinct.filter(({ contentHash }) => !this.#ahead.has(contentHash));
		const uploading = this.#put(wanted);
		for (const [index, { contentHash }] of wanted.entries()) {
			const one = uploading.then((uploaded) => uploaded[index]?.object);
			this.#ahead.set(
				contentHash,
				one.catch(() => undefined),
			);
		}
		const hashes = wanted.map(({ contentHash }) => contentHash);
		try {
			await uploading;
		} catch (error) {
			for (const hash of hashes) this.#ahead.delete(hash);
			throw error;
		}
		return hashes;
	}

	/** Erases those that nobody took. */
	async endAhead(contentHashes: readonly string[]): Promise<void> {
		for (const hash of contentHashes) {
			const object = await this.#take(hash);
			if (object !== undefined) await this.#erase([[hash, object.name]]);
		}
	}

	async upload(contents: readonly Content[]): Promise<UploadedContent[]> {
		const ready: UploadedContent[] = [];
		const missing: Content[] = [];
		for (const content of contents) {
			const object = await this.#take(content.contentHash);
			if (object === undefined) missing.push(content);
			else ready.push({ content, object });
		}
		try {
			return [...ready, ...(await this.#put(missing))];
		} catch (error) {
			await this.discard(ready);
			throw error;
		}
	}

	/** In the order given. */
	async #put(contents: readonly Content[]): Promise<UploadedContent[]> {
		const uploaded: UploadedContent[] = [];
		try {
			await eachOf([...contents.entries()], async ([index, content]) => {
				const { contentHash, payload } = content;
				const name = await guarded(() => this.#reachable.put(contentHash, payload));
				uploaded[index] = { content, object: { length: payload.length, name } };
			});
		} catch (error) {
			await this.discard(uploaded.filter((each) => each !== undefined));
			throw error;
		}
		return uploaded;
	}

	async #take(contentHash: string): Promise<StoredObject | undefined> {
		const uploading = this.#ahead.get(contentHash);
		this.#ahead.delete(contentHash);
		return uploading;
	}

	/** Rows that name objects. The first of them tells that the store needs its object store from then on. */
	rows(uploaded: readonly UploadedContent[]): RowWrite[] {
		if (uploaded.length === 0) return [];
		const rows = uploaded.map(
			({ content, object }): RowWrite => ({ type: "put", key: contentKey(content.contentHash), value: encode(object) }),
		);
		return [{ type: "put", key: metaKeys.objects, value: new Uint8Array(0) }, ...rows];
	}

	/** Lets go of what will get no row. */
	async discard(uploaded: readonly UploadedContent[]): Promise<void> {
		await this.#erase(uploaded.map(({ content, object }) => [content.contentHash, object.name] as const));
	}

	/** @param found receives the payloads that are there, unchecked. */
	async read(objects: ReadonlyMap<string, StoredObject>, found: Map<string, Uint8Array>): Promise<void> {
		await eachOf([...objects], async ([contentHash, { length, name }]) => {
			if (length > limits.payloadBytes) return;
			const payload = await guarded(() => this.#reachable.get(contentHash, name));
			if (payload !== undefined) found.set(contentHash, payload);
		});
	}

	/** Notes an object whose row is about to go. */
	giveUp(contentHash: string, { name }: StoredObject): void {
		this.#givenUp.push([contentHash, name]);
	}

	/** Erases what was given up, once it is certain that the rows are gone; or forgets it, when they may be there. */
	async settle(areGone: boolean): Promise<void> {
		const objects = this.#givenUp;
		this.#givenUp = [];
		if (areGone) await this.#erase(objects);
	}

	/** @throws {StoreError} where objects belong to the store and are out of reach. */
	async checkReach(): Promise<void> {
		if (this.#blobs === undefined && (await this.#table.get(metaKeys.objects)) !== undefined) throw outOfReach();
	}

	/** Erases objects written before a time (milliseconds) that no row names. @returns how many. */
	async collect(before: number): Promise<number> {
		let count = 0;
		for await (const listed of this.#blobs === undefined ? [] : this.#blobs.list()) {
			const old = listed.filter(({ writtenAt }) => writtenAt < before);
			const values = await this.#table.getMany(old.map(({ contentHash }) => contentKey(contentHash)));
			const orphans = old.filter(({ name }, index) => {
				const object = values[index] && decodeObject(values[index]);
				return object === undefined || !equalBytes(object.name, name);
			});
			await eachOf(orphans, ({ contentHash, name }) => guarded(() => this.#reachable.remove(contentHash, name)));
			count += orphans.length;
		}
		return count;
	}

	get #reachable(): Blobs {
		if (this.#blobs === undefined) throw outOfReach();
		return this.#blobs;
	}

	/** What cannot be erased now is found by `collect`. */
	async #erase(objects: readonly (readonly [contentHash: string, name: Uint8Array])[]): Promise<void> {
		await eachOf(objects, async ([contentHash, name]) => {
			await this.#blobs?.remove(contentHash, name).catch(() => undefined);
		});
	}
}

/** The object that a row of content names; `undefined` for a row of another kind. */
export function decodeObject(value: Uint8Array): StoredObject | undefined {
	return value.length === objectRowBytes ? { length: readUint(value, 0, 4), name: value.slice(4) } : undefined;
}

function encode({ length, name }: StoredObject): Uint8Array {
	const value = new Uint8Array(objectRowBytes);
	writeUint(value, 0, length, 4);
	value.set(name, 4);
	return value;
}

function outOfReach(): StoreError {
	return new StoreError("store: expected the object store in which its payloads lie, found none", { code: "store-io" });
}

async function eachOf<T>(items: readonly T[], action: (item: T) => Promise<void>): Promise<void> {
	const left = [...items];
	const work = async () => {
		for (let item = left.shift(); item !== undefined; item = left.shift()) await action(item);
	};
	// All have stopped when this rejects, so what they did is known.
	const ended = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, work));
	for (const each of ended) if (each.status === "rejected") throw each.reason;
}

async function guarded<T>(action: () => Promise<T>): Promise<T> {
	try {
		return await action();
	} catch (cause) {
		if (cause instanceof StoreError) throw cause;
		throw new StoreError("store: the object store could not be read or written", { code: "store-io", cause });
	}
}
