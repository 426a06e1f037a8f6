/**
 * Payloads that wait for their chunk entries. They lie where an entry's payload lies, so that nothing is written twice, each with a
 * marker of the upload that needs it; everything here happens in the serial section, so a payload is never erased between somebody's
 * look and somebody's claim.
 */
import { readUint, writeUint } from "../bytes/big-endian.js";
import { toHex } from "../bytes/hex.js";
import type { Table } from "./level.js";
import { isReferenced } from "./purge.js";
import { contentKey, prefixRange, stagedKey, tags } from "./row-keys.js";
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
	readonly #writer: Writer;

	constructor(table: Table, writer: Writer) {
		this.#table = table;
		this.#writer = writer;
	}

	async put(upload: string, contents: readonly StagedContent[], now: number): Promise<void> {
		const time = new Uint8Array(6);
		writeUint(time, 0, now, 6);
		await this.#writer.alone(async () => {
			const present = await this.#table.hasMany(contents.map(({ contentHash }) => contentKey(contentHash)));
			const rows: RowWrite[] = [];
			for (const [index, { contentHash, payload }] of contents.entries()) {
				if (!present[index]) rows.push({ type: "put", key: contentKey(contentHash), value: payload });
				rows.push({ type: "put", key: stagedKey(contentHash, upload), value: time.slice() });
			}
			await this.#writer.writeAlone(rows);
		});
	}

	get(contentHash: string): Promise<Uint8Array | undefined> {
		return this.#table.get(contentKey(contentHash));
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
			const rows: RowWrite[] = claims.map((claim) => ({ type: "del", key: markerOf(claim) }));
			const ended = new Set(rows.map(({ key }) => toHex(key)));
			let bytes = 0;
			for (const contentHash of new Set(claims.map((claim) => claim.contentHash))) {
				if (await this.#isNeeded(contentHash, ended)) continue;
				bytes += (await this.#table.get(contentKey(contentHash)))?.length ?? 0;
				rows.push({ type: "del", key: contentKey(contentHash) });
			}
			if (!dryRun) await this.#writer.writeAlone(rows);
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
