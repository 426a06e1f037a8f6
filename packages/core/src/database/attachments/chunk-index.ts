/** Leads from an offset of an attachment to its chunks. Built when an attachment is first read, from the headers of its chunks. */
import type { Entry, StoredEntry } from "../../entry/entry.js";
import type { HeaderFields } from "../../entry/header.js";
import { StoreError, VerifyError } from "../../errors.js";
import { LruMap } from "../../store/lru-map.js";
import type { RowWrite } from "../../store/rows.js";
import type { LocalStore } from "../../store/store.js";
import { chunkRunKey } from "../document-rows.js";
import type { AttachmentContent } from "./attachment-reference.js";
import {
	type Chunk,
	type ChunkRun,
	chunksPerRun,
	decodeRun,
	encodeRun,
	endOf,
	jumpBehind,
	nameOf,
} from "./chunk-run.js";

/** Runs in memory: at most some 5 MB. */
const remembered = 128;
/** Most headers that are read at once. */
const widestLook = 256;

/** Chunks that have no entry in the store yet, by hash. */
export type PendingChunks = ReadonlyMap<string, Entry>;

/** A chunk with the offset of its first byte. */
export interface PlacedChunk extends Chunk {
	readonly start: number;
}

/** Chunks that were walked over, from the last one back. */
interface Walk {
	/** Last one first. */
	readonly chunks: readonly Chunk[];
	/** The run that ends where the walk did. */
	readonly before: ChunkRun | undefined;
	/** The chunk that the walk needed and did not find. */
	readonly missing: string | undefined;
}

export class ChunkIndex {
	readonly #store: LocalStore;
	readonly #runs = new LruMap<string, ChunkRun>(remembered);

	constructor(store: LocalStore) {
		this.#store = store;
	}

	/**
	 * The chunks that hold the bytes from `start` to `end`, at most as far as one run reaches; go on behind the last of them.
	 * @throws {StoreError} `chunk-missing` names the chunk. @throws {VerifyError} when the chunks are not what the reference says.
	 */
	async chunksFrom(
		docId: string,
		content: AttachmentContent,
		start: number,
		end: number,
		pending?: PendingChunks | undefined,
	): Promise<readonly PlacedChunk[]> {
		let run = await this.#runOf(docId, content, pending);
		while (run.start > start) {
			const { jump, previous, missing } = run;
			if (missing !== undefined) throw missingChunk(missing);
			const next = jump !== undefined && jump.end > start ? jump.run : (previous as string);
			run =
				(await this.#read(docId, next)) ?? (await this.#runOf(docId, { size: run.start, lastChunk: next }, pending));
		}
		const found: PlacedChunk[] = [];
		let at = run.start;
		for (const chunk of run.chunks) {
			if (at >= end) break;
			if (at + chunk.size > start) found.push({ ...chunk, start: at });
			at += chunk.size;
		}
		return found;
	}

	/** Whether the chunks that are here fit the reference. Throws as `chunksFrom`. */
	async check(docId: string, content: AttachmentContent, pending?: PendingChunks | undefined): Promise<void> {
		await this.#runOf(docId, content, pending);
	}

	/** The run that ends in the last chunk. */
	async #runOf(
		docId: string,
		{ size, lastChunk }: AttachmentContent,
		pending: PendingChunks | undefined,
	): Promise<ChunkRun> {
		const last = lastChunk as string;
		const run = (await this.#read(docId, last)) ?? (await this.#build(docId, last, size, pending));
		if (endOf(run) !== size) throw wrongSize(last, size, endOf(run));
		return run;
	}

	async #read(docId: string, last: string): Promise<ChunkRun | undefined> {
		return (await this.#readMany(docId, [last])).get(last);
	}

	/** The runs that are there, by their last chunks. */
	async #readMany(docId: string, lasts: readonly string[]): Promise<Map<string, ChunkRun>> {
		const found = new Map<string, ChunkRun>();
		for (const last of lasts) {
			const run = this.#runs.get(last);
			if (run !== undefined) found.set(last, run);
		}
		const others = lasts.filter((last) => !found.has(last));
		const document = others.length === 0 ? undefined : await this.#store.documentNumber(docId);
		if (document === undefined) return found;
		const rows = await this.#store.rows.getMany(others.map((last) => chunkRunKey(document, last)));
		for (const [index, row] of rows.entries()) {
			if (row === undefined) continue;
			const [last, run] = [others[index] as string, decodeRun(row)];
			this.#runs.set(last, run);
			found.set(last, run);
		}
		return found;
	}

	async #build(docId: string, last: string, size: number, pending: PendingChunks | undefined): Promise<ChunkRun> {
		const { chunks, before, missing } = await this.#walk(docId, last, size, pending);
		if (missing !== undefined) return this.#detached(chunks, missing, size);
		const runs: ChunkRun[] = [];
		let previous = before;
		const left = [...chunks].reverse();
		for (let at = 0; at < left.length; at += chunksPerRun) {
			previous = await this.#behind(docId, previous, left.slice(at, at + chunksPerRun));
			this.#runs.set(nameOf(previous), previous);
			runs.push(previous);
		}
		if (pending === undefined) await this.#keep(docId, runs);
		return previous as ChunkRun;
	}

	async #behind(docId: string, before: ChunkRun | undefined, chunks: readonly Chunk[]): Promise<ChunkRun> {
		if (before === undefined) return { start: 0, depth: 0, previous: undefined, jump: undefined, chunks };
		const farther = before.jump && (await this.#read(docId, before.jump.run));
		return {
			start: endOf(before),
			depth: before.depth + 1,
			previous: nameOf(before),
			jump: jumpBehind(before, farther),
			chunks,
		};
	}

	/** What comes behind a missing chunk, told by the distance from the end; not kept, because the chunk may come. */
	#detached(chunks: readonly Chunk[], missing: string, size: number): ChunkRun {
		const bytes = chunks.reduce((sum, chunk) => sum + chunk.size, 0);
		if (chunks.length === 0 || bytes >= size) throw missingChunk(missing);
		return {
			start: size - bytes,
			depth: 0,
			previous: undefined,
			jump: undefined,
			missing,
			chunks: [...chunks].reverse(),
		};
	}

	async #keep(docId: string, runs: readonly ChunkRun[]): Promise<void> {
		const document = await this.#store.documentNumber(docId);
		if (document === undefined) return;
		const rows = runs.map(
			(run): RowWrite => ({ type: "put", key: chunkRunKey(document, nameOf(run)), value: encodeRun(run) }),
		);
		// It can be made again.
		await this.#store.rows.write(rows, { durable: false });
	}

	/** Goes back from a chunk to the beginning of the file, to a run that is known, or to a gap. */
	async #walk(docId: string, last: string, size: number, pending: PendingChunks | undefined): Promise<Walk> {
		const chunks: Chunk[] = [];
		let bytes = 0;
		let width = 1;
		for (let hash: string | undefined = last; hash !== undefined; ) {
			const near: ReadonlyMap<string, StoredEntry> = pending?.has(hash) ? pending : await this.#near(hash, width);
			if (near.size === 0) return { chunks, before: undefined, missing: hash };
			width = Math.min(widestLook, 4 * width);
			const runs = await this.#readMany(docId, near === pending ? [] : [...near.keys()]);
			for (let entry = near.get(hash); entry !== undefined; entry = hash === undefined ? undefined : near.get(hash)) {
				const before: ChunkRun | undefined = chunks.length === 0 ? undefined : runs.get(entry.hash);
				if (before !== undefined) return { chunks, before, missing: undefined };
				const fields = checkedChunk(entry, docId);
				chunks.push({ hash: entry.hash, size: fields.originalSize });
				bytes += fields.originalSize;
				if (bytes > size) throw wrongSize(last, size, bytes);
				hash = fields.dependencyHashes[0];
				if (hash === undefined) break;
			}
		}
		return { chunks, before: undefined, missing: undefined };
	}

	/** A chunk with what arrived before it, which mostly is what it follows; nothing when it is not here. */
	async #near(hash: string, width: number): Promise<ReadonlyMap<string, StoredEntry>> {
		const [arrival] = await this.#store.arrivalsOf([hash]);
		if (arrival === undefined) return new Map();
		const first = Math.max(1, arrival - width + 1);
		const arrivals = Array.from({ length: arrival - first + 1 }, (_, index) => first + index);
		const near = new Map<string, StoredEntry>();
		for (const { entry } of await this.#store.getArrivals(arrivals, { payload: false })) near.set(entry.hash, entry);
		return near.has(hash) ? near : new Map();
	}
}

/** Its header. @throws {VerifyError} unless it is a chunk of this document. @throws {StoreError} `chunk-missing` when it was erased. */
export function checkedChunk(entry: StoredEntry, docId: string): HeaderFields {
	if (entry.kind === "stub") throw missingChunk(entry.hash);
	const { fields } = entry;
	if (fields?.entryType === "attachment_chunk" && fields.docId === docId) return fields;
	throw new VerifyError("attachment: expected a chunk of this document", { hash: entry.hash });
}

export function missingChunk(hash: string): StoreError {
	return new StoreError("attachment: a chunk is not here", { code: "chunk-missing", hash });
}

function wrongSize(hash: string, expected: number, found: number): VerifyError {
	return new VerifyError(`attachment: the reference says ${expected} bytes, its chunks hold ${found}`, {
		hash,
		expected,
		found,
	});
}
