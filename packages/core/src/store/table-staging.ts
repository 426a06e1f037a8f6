/**
 * Payloads that wait for their chunk entries. What comes in large pieces lies in packs that have neither number nor rows until the upload
 * settles: so it waits for the disk once, and what a crash leaves is gone when the store is opened. From then on they lie where an
 * entry's payload lies, so that nothing is written twice, each with a row that claims it for the upload. Claims are made and ended in
 * the serial section, so a payload is never erased between somebody's look and somebody's claim.
 */
import { readUint, writeUint } from "../bytes/big-endian.js";
import { toHex } from "../bytes/hex.js";
import { type PackedPayloads, type Payloads, packsTogether } from "./payloads.js";
import { isReferenced } from "./purge.js";
import { prefixRange, stagedKey, tags } from "./row-keys.js";
import type { RowWrite } from "./rows.js";
import type { CollectedStaging, StagedContent, Staging } from "./staging.js";
import type { Table } from "./table.js";
import type { Writer } from "./writer.js";

const none: ReadonlySet<number> = new Set();
/** Markers that are looked at in one turn of the serial section. */
const turn = 256;

interface Claim {
	readonly contentHash: string;
	readonly upload: string;
}

/** An upload under way. */
interface Waiting {
	/** contentHashes that it has given. */
	readonly claimed: Set<string>;
	/** What it wrote since it settled last. */
	readonly packs: Set<PackedPayloads>;
}

export class TableStaging implements Staging {
	readonly #table: Table;
	readonly #payloads: Payloads;
	readonly #writer: Writer;
	readonly #uploads = new Map<string, Waiting>();

	constructor(table: Table, payloads: Payloads, writer: Writer) {
		this.#table = table;
		this.#payloads = payloads;
		this.#writer = writer;
	}

	async put(upload: string, contents: readonly StagedContent[], now: number): Promise<void> {
		const { claimed, packs } = this.#waiting(upload);
		const fresh: StagedContent[] = [];
		for (const content of contents) {
			// Without a pause: other batches of the upload may bring the same bytes meanwhile.
			if (claimed.has(content.contentHash)) continue;
			claimed.add(content.contentHash);
			fresh.push(content);
		}
		const hashes = fresh.map(({ contentHash }) => contentHash);
		const missing = new Set(await this.#lacking(hashes));
		const lacking = fresh.filter(({ contentHash }) => missing.has(contentHash));
		const { objects } = this.#payloads;
		const { packed } = await this.#payloads.prepare(
			lacking.filter((content) => !objects.takes(content)),
			// Chunks of a file are read one behind the other, its short last one too.
			0,
		);
		for (const each of packed) packs.add(each);
		const others = fresh.filter(({ contentHash }) => !packed.some(({ ranges }) => ranges.has(contentHash)));
		if (others.length === 0) return;
		const ahead = await objects.uploadAhead(lacking.filter((content) => objects.takes(content)));
		const written = this.#writer.alone(async () => {
			const hashes = others.map(({ contentHash }) => contentHash);
			const gone = new Set(await this.#lacking(hashes));
			const rows = await this.#payloads.put(others.filter(({ contentHash }) => gone.has(contentHash)));
			// A crash that takes a mere claim takes the upload too.
			await this.#writer.writeAlone([...rows, ...claims(upload, hashes, now)], rows.length > 0);
		});
		await written.finally(() => objects.endAhead(ahead));
	}

	async settle(upload: string, now: number): Promise<void> {
		const { claimed, packs } = this.#waiting(upload);
		const waiting = [...packs];
		for (let start = 0; start < waiting.length; start += packsTogether) {
			const together = waiting.slice(start, start + packsTogether);
			await this.#payloads.durable(together);
			const kept = await this.#writer.alone(async () => {
				const whole: PackedPayloads[] = [];
				for (const packed of together) {
					const all = [...packed.ranges.keys()];
					const own = all.filter((contentHash) => claimed.has(contentHash));
					const lacking = await this.#lacking(own);
					if (lacking.length === all.length) whole.push(packed);
					else {
						// Somebody else brought the same bytes meanwhile: there must be no second copy that no row leads to.
						const rows = await this.#payloads.put(await this.#payloads.readPrepared(packed, lacking));
						await this.#writer.writeAlone([...rows, ...claims(upload, own, now)]);
					}
				}
				const rows = await this.#payloads.keep({ loose: [], packed: whole, uploaded: [] });
				const hashes = whole.flatMap(({ ranges }) => [...ranges.keys()]);
				await this.#writer.writeAlone([...rows, ...claims(upload, hashes, now)]);
				return new Set(whole);
			});
			for (const each of together) packs.delete(each);
			await this.#payloads.discard(together.filter((each) => !kept.has(each)));
		}
	}

	async get(contentHash: string): Promise<Uint8Array | undefined> {
		for (const { packs } of this.#uploads.values()) {
			for (const packed of packs) {
				if (!packed.ranges.has(contentHash)) continue;
				return (await this.#payloads.readPrepared(packed, [contentHash]))[0]?.payload;
			}
		}
		return (await this.#payloads.read([contentHash])).get(contentHash);
	}

	async release(upload: string, contentHashes: readonly string[]): Promise<void> {
		const { claimed, packs } = this.#waiting(upload);
		for (const contentHash of contentHashes) claimed.delete(contentHash);
		const over = [...packs].filter(({ ranges }) => ![...ranges.keys()].some((hash) => claimed.has(hash)));
		for (const each of over) packs.delete(each);
		if (claimed.size === 0) this.#uploads.delete(upload);
		await this.#payloads.discard(over);
		const ended = contentHashes.map((contentHash) => ({ contentHash, upload }));
		for (let start = 0; start < ended.length; start += turn) await this.#end(ended.slice(start, start + turn), false);
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

	#waiting(upload: string): Waiting {
		const waiting = this.#uploads.get(upload) ?? { claimed: new Set(), packs: new Set() };
		this.#uploads.set(upload, waiting);
		return waiting;
	}

	/** Those of the payloads that are not here. */
	async #lacking(contentHashes: readonly string[]): Promise<string[]> {
		const present = await this.#payloads.has(contentHashes);
		return contentHashes.filter((_, index) => !present[index]);
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

/** Rows that say so. @param now milliseconds. */
function claims(upload: string, contentHashes: readonly string[], now: number): RowWrite[] {
	return contentHashes.map((contentHash) => {
		const value = new Uint8Array(6);
		writeUint(value, 0, now, 6);
		return { type: "put", key: stagedKey(contentHash, upload), value };
	});
}

function markerOf({ contentHash, upload }: Claim): Uint8Array {
	return stagedKey(contentHash, upload);
}

function claimOf(key: Uint8Array): Claim {
	return { contentHash: toHex(key.subarray(1, 33)), upload: toHex(key.subarray(33)) };
}
