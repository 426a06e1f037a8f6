/**
 * Payloads that wait for their chunk entries. They lie where an entry's payload lies, so that nothing is written twice, each with a
 * marker of the upload that needs it. Claims are made and ended in the serial section, so a payload is never erased between somebody's
 * look and somebody's claim; large writes are done before it, and wait there for the look.
 */
import { readUint, writeUint } from "../bytes/big-endian.js";
import { toHex } from "../bytes/hex.js";
import type { Table } from "./level.js";
import type { Payloads } from "./payloads.js";
import { isReferenced } from "./purge.js";
import { prefixRange, stagedKey, tags } from "./row-keys.js";
import type { RowWrite } from "./rows.js";
import type { CollectedStaging, StagedContent, Staging } from "./store.js";
import type { Writer } from "./writer.js";

const none: ReadonlySet<number> = new Set();
/** Markers that are looked at in one turn of the serial section. */
const turn = 256;

interface Claim {
	readonly contentHash: string;
	readonly upload: string;
}

export class LevelStaging implements Staging {
	readonly #table: Table;
	readonly #payloads: Payloads;
	readonly #writer: Writer;

	constructor(table: Table, payloads: Payloads, writer: Writer) {
		this.#table = table;
		this.#payloads = payloads;
		this.#writer = writer;
	}

	async put(upload: string, contents: readonly StagedContent[], now: number): Promise<void> {
		const time = new Uint8Array(6);
		writeUint(time, 0, now, 6);
		const distinct = [...new Map(contents.map((content) => [content.contentHash, content])).values()];
		const prepared = await this.#payloads.prepare(await this.#lacking(distinct));
		const fresh = new Set([...prepared.loose, ...prepared.packed.flatMap((pack) => pack.contents)]);
		let kept = false;
		try {
			await this.#writer.alone(async () => {
				const lacking = await this.#lacking(distinct);
				// Somebody else's upload or purge may have come first.
				const same = lacking.length === fresh.size && lacking.every((content) => fresh.has(content));
				const rows = same ? await this.#payloads.keep(prepared) : await this.#payloads.put(lacking);
				kept = same;
				for (const { contentHash } of distinct) {
					rows.push({ type: "put", key: stagedKey(contentHash, upload), value: time.slice() });
				}
				await this.#writer.writeAlone(rows);
			});
		} finally {
			if (!kept) await this.#payloads.discard(prepared);
		}
	}

	/** Those of the payloads that are not here. */
	async #lacking(contents: readonly StagedContent[]): Promise<StagedContent[]> {
		const present = await this.#payloads.has(contents.map(({ contentHash }) => contentHash));
		return contents.filter((_, index) => !present[index]);
	}

	async get(contentHash: string): Promise<Uint8Array | undefined> {
		return (await this.#payloads.read([contentHash])).get(contentHash);
	}

	async release(upload: string, contentHashes: readonly string[]): Promise<void> {
		const claims = contentHashes.map((contentHash) => ({ contentHash, upload }));
		for (let start = 0; start < claims.length; start += turn) await this.#end(claims.slice(start, start + turn), false);
	}

	async collect(before: number, { dryRun = false }: { readonly dryRun?: boolean } = {}): Promise<CollectedStaging> {
		const claims: Claim[] = [];
		for await (const rows of this.#table.scan(prefixRange(Uint8Array.of(tags.staged)), turn)) {
			for (const [key, value] of rows) if (readUint(value, 0, 6) < before) claims.push(claimOf(key));
		}
		let bytes = 0;
		for (let start = 0; start < claims.length; start += turn) {
			bytes += await this.#end(claims.slice(start, start + turn), dryRun);
		}
		return { contents: new Set(claims.map(({ contentHash }) => contentHash)).size, bytes };
	}

	/** @returns bytes of payloads that nobody needs any more. */
	#end(claims: readonly Claim[], dryRun: boolean): Promise<number> {
		return this.#writer.alone(async () => {
			const markers: RowWrite[] = claims.map((claim) => ({ type: "del", key: markerOf(claim) }));
			const ended = new Set(markers.map(({ key }) => toHex(key)));
			const contentHashes = [...new Set(claims.map(({ contentHash }) => contentHash))];
			const needed = await Promise.all(contentHashes.map((contentHash) => this.#isNeeded(contentHash, ended)));
			const unneeded = contentHashes.filter((_, index) => !needed[index]);
			const bytes = await this.#payloads.bytesOf(unneeded);
			if (dryRun) return bytes;
			if (unneeded.length === 0) {
				// A marker that a crash brings back is collected in a day.
				await this.#writer.writeAlone(markers, false);
				return 0;
			}
			const write = (rows: readonly RowWrite[]) => this.#writer.writeAlone(rows);
			await write([...markers, ...(await this.#payloads.drop(unneeded, write))]);
			await this.#payloads.eraseSpare(write);
			return bytes;
		});
	}

	async #isNeeded(contentHash: string, ended: ReadonlySet<string>): Promise<boolean> {
		if (await isReferenced(this.#table, contentHash, none)) return true;
		const markers = prefixRange(stagedKey(contentHash, "00".repeat(8)).subarray(0, 33));
		for await (const rows of this.#table.scan(markers, turn)) {
			if (rows.some(([key]) => !ended.has(toHex(key)))) return true;
		}
		return false;
	}
}

function markerOf({ contentHash, upload }: Claim): Uint8Array {
	return stagedKey(contentHash, upload);
}

function claimOf(key: Uint8Array): Claim {
	return { contentHash: toHex(key.subarray(1, 33)), upload: toHex(key.subarray(33)) };
}
