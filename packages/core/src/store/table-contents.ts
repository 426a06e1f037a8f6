/**
 * Payloads of chunks that may be lacking. A payload that is here counts, whatever its row of what is lacking says, so whoever writes one
 * need not look there. Everything that changes runs in the serial section: nothing is dropped between somebody's look and their claim.
 */
import { readUint } from "../bytes/big-endian.js";
import { toHex } from "../bytes/hex.js";
import type { StoredEntry } from "../entry/entry.js";
import { chunkPayloadLength } from "../entry/payload.js";
import type { Content, ContentPolicy, Contents, DropOptions, LackingContent, PutContentsOptions } from "./contents.js";
import { lackingRow } from "./drafting.js";
import type { Payloads } from "./payloads.js";
import { isReferenced } from "./purge.js";
import { type ReaderEnv, readRecords } from "./reading.js";
import { inlineBytes } from "./record.js";
import { lackingKey, metaKeys, prefixRange, recordKey, referenceKey, stagedKey, tags } from "./row-keys.js";
import type { RowWrite } from "./rows.js";
import type { Table } from "./table.js";
import { rowAbove, type Writer } from "./writer.js";

const none: ReadonlySet<number> = new Set();
const batchSize = 1000;
const unwantedBytes = 0xffffffff;
const shortestPayload = chunkPayloadLength(0);
const unwantedFlag = 1;
const droppedFlag = 2;

export class TableContents implements Contents {
	readonly #reader: ReaderEnv;
	readonly #table: Table;
	readonly #payloads: Payloads;
	readonly #writer: Writer;
	#policy: ContentPolicy | undefined;

	constructor(reader: ReaderEnv, writer: Writer) {
		this.#reader = reader;
		this.#table = reader.table;
		this.#payloads = reader.payloads;
		this.#writer = writer;
		writer.onReadAnew(async () => {
			this.#policy = undefined;
		});
	}

	has(contentHashes: readonly string[]): Promise<boolean[]> {
		return this.#payloads.has(contentHashes);
	}

	async get(contentHashes: readonly string[]): Promise<(Uint8Array | undefined)[]> {
		const found = await this.#payloads.read(contentHashes);
		return contentHashes.map((contentHash) => found.get(contentHash));
	}

	put(contents: readonly Content[], { rows = [] }: PutContentsOptions = {}): Promise<string[]> {
		return this.#writer.alone(async () => {
			const distinct = [...new Map(contents.map((content) => [content.contentHash, content])).values()];
			const present = await this.#payloads.has(distinct.map(({ contentHash }) => contentHash));
			const kept: string[] = [];
			const lacking: Content[] = [];
			const writes: RowWrite[] = rows.map(rowAbove);
			for (const [index, content] of distinct.entries()) {
				if (!(await this.#mayLieInRow(content))) continue;
				// Purged meanwhile: nobody would ever erase it.
				if (!(await isReferenced(this.#table, content.contentHash, none))) continue;
				kept.push(content.contentHash);
				if (!present[index]) lacking.push(content);
				writes.push({ type: "del", key: lackingKey(content.contentHash) });
			}
			await this.#writer.writeAlone([...writes, ...(await this.#payloads.put(lacking))]);
			return kept;
		});
	}

	drop(contentHashes: readonly string[], { unwanted = false }: DropOptions = {}): Promise<string[]> {
		return this.#writer.alone(async () => {
			const dropped: string[] = [];
			const writes: RowWrite[] = [];
			for (const contentHash of new Set(contentHashes)) {
				if (await this.#isStaged(contentHash)) continue;
				const [present] = await this.#payloads.has([contentHash]);
				if (!present) continue;
				dropped.push(contentHash);
				writes.push(lackingRow(contentHash, unwanted ? unwantedBytes : await this.#payloads.bytesOf([contentHash])));
			}
			if (dropped.length === 0) return dropped;
			const write = (more: readonly RowWrite[]) => this.#writer.writeAlone(more);
			await write([...writes, ...(await this.#payloads.drop(dropped, write))]);
			await this.#payloads.eraseSpare(write);
			return dropped;
		});
	}

	async *lacking(): AsyncGenerator<readonly LackingContent[]> {
		const range = { ...prefixRange(Uint8Array.of(tags.lacking)), mostlyEmpty: true };
		for await (const rows of this.#table.scan(range, batchSize)) {
			const all = rows.map(([key, value]) => ({
				contentHash: toHex(key.subarray(1)),
				bytes: readUint(value, 0, 4),
				ofDocument: isOfDocument(value),
			}));
			const present = await this.has(all.map(({ contentHash }) => contentHash));
			const lacking = all.filter(({ bytes }, index) => present[index] === false && bytes !== unwantedBytes);
			if (lacking.length > 0) yield lacking;
		}
	}

	async entriesOf(contentHash: string): Promise<StoredEntry[]> {
		const entries: StoredEntry[] = [];
		const references = prefixRange(referenceKey(contentHash, 0).subarray(0, 33));
		for await (const rows of this.#table.scan(references, batchSize)) {
			const arrivals = rows.map(([key]) => readUint(key, 33, 6));
			const values = await this.#table.getMany(arrivals.map(recordKey));
			const records = arrivals.map((arrival, index) => ({ arrival, value: values[index] }));
			const { arrivals: read } = await readRecords(this.#reader, records, { payload: false });
			for (const { entry } of read) entries.push(entry);
		}
		return entries;
	}

	collect(before: number): Promise<number> {
		return this.#payloads.objects.collect(before);
	}

	async policy(): Promise<ContentPolicy> {
		if (this.#policy !== undefined) return this.#policy;
		const flags = (await this.#table.get(metaKeys.contentPolicy))?.[0] ?? 0;
		this.#policy = { wanted: (flags & unwantedFlag) === 0, lasting: (flags & droppedFlag) === 0 };
		return this.#policy;
	}

	async setPolicy(policy: ContentPolicy): Promise<void> {
		const flags = (policy.wanted ? 0 : unwantedFlag) | (policy.lasting ? 0 : droppedFlag);
		const row: RowWrite = { type: "put", key: metaKeys.contentPolicy, value: Uint8Array.of(flags) };
		await this.#writer.alone(() => this.#writer.writeAlone([row]));
		this.#policy = policy;
	}

	/**
	 * Of a chunk those that its record would not hold. Whatever is shorter than every payload could be taken for the place of others in
	 * a pack.
	 */
	async #mayLieInRow({ contentHash, payload }: Content): Promise<boolean> {
		if (payload.length > inlineBytes) return true;
		const row = await this.#table.get(lackingKey(contentHash));
		return row !== undefined && isOfDocument(row) && payload.length >= shortestPayload;
	}

	async #isStaged(contentHash: string): Promise<boolean> {
		const claims = prefixRange(stagedKey(contentHash, "00".repeat(8)).subarray(0, 33));
		return (await this.#table.first(claims)) !== undefined;
	}
}

/** @param row of a payload that is lacking. */
function isOfDocument(row: Uint8Array): boolean {
	return row.length > 4;
}
