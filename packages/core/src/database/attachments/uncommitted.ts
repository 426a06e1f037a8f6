/**
 * Chunks that were written before the change that refers to them, into a store of their own: when the change does not follow, because the
 * process ended or its write failed, nothing needs their bytes. A note in the batch of the chunks names them; it goes once the change is
 * durable. Their headers stay, since others may have them by then.
 *
 * A note: 53 ‖ hash of an entry written with the change → milliseconds u48 ‖ hashes of the chunks.
 */
import { readUint } from "../../bytes/big-endian.js";
import { concatBytes } from "../../bytes/concat.js";
import { fromHex, toHex } from "../../bytes/hex.js";
import type { Entry } from "../../entry/entry.js";
import { chunkPayloadLength } from "../../entry/payload.js";
import { isLargeChunk } from "../../store/record.js";
import type { RowWrite } from "../../store/rows.js";
import type { CollectedStaging } from "../../store/staging.js";
import type { LocalStore } from "../../store/store.js";
import { rowKinds, rowRange, uint48 } from "../document-rows.js";

interface Note {
	/** Hex. */
	readonly change: string;
	readonly since: number;
	readonly chunks: readonly string[];
}

/**
 * Writes chunks, with a note unless all of them were here before: the same bytes at the same time are the same chunk.
 * @param change hash of an entry that is written with the change. @param now milliseconds. @param rows others for the same batch.
 */
export async function appendUncommitted(
	chunkStore: LocalStore,
	chunks: readonly Entry[],
	{ change, now, rows }: { readonly change: string; readonly now: number; readonly rows: readonly RowWrite[] },
): Promise<void> {
	await chunkStore.append(chunks, {
		rows: async (placements) => {
			const { arrival: last } = await chunkStore.position();
			const news = placements.filter(({ arrival }) => arrival > last).map(({ hash }) => fromHex(hash, 32));
			const value = concatBytes(uint48(now), ...news);
			return news.length === 0 ? rows : [...rows, { type: "put", key: noteKey(change), value }];
		},
	});
}

/** Strikes out the notes about chunks, now that a change that refers to them is durable. */
export async function noteCommitted(chunkStore: LocalStore, chunks: readonly Entry[]): Promise<void> {
	const committed = new Set(chunks.map(({ hash }) => hash));
	for await (const batch of chunkStore.rows.scan(rowRange(rowKinds.uncommitted))) {
		const over = batch.filter(([key, value]) => readNote(key, value).chunks.some((hash) => committed.has(hash)));
		await chunkStore.rows.write(
			over.map(([key]) => ({ type: "del", key })),
			{ durable: false },
		);
	}
}

export interface UncommittedOptions {
	/** Milliseconds; later notes are left alone. */
	readonly before: number;
	readonly dryRun: boolean;
}

/** Erases the bytes of chunks whose change never came. Claims of uploads that old must have ended. */
export async function collectUncommitted(
	{ store, chunkStore }: { readonly store: LocalStore; readonly chunkStore: LocalStore },
	{ before, dryRun }: UncommittedOptions,
): Promise<CollectedStaging> {
	const [over, lost] = [[] as Note[], [] as Note[]];
	for await (const batch of chunkStore.rows.scan(rowRange(rowKinds.uncommitted))) {
		const notes = batch.map(([key, value]) => readNote(key, value));
		const there = new Set(await store.hasEntries(notes.map(({ change }) => change)));
		for (const note of notes) {
			if (there.has(note.change)) over.push(note);
			else if (note.since < before) lost.push(note);
		}
	}
	const chunks = new Set(lost.flatMap(({ chunks }) => chunks));
	const free = await heldByNoOther(chunkStore, chunks);
	if (!dryRun) {
		const dropped = new Set(await chunkStore.contents.drop([...free.keys()], { unwanted: true }));
		for (const contentHash of free.keys()) if (!dropped.has(contentHash)) free.delete(contentHash);
		await chunkStore.rows.write([...over, ...lost].map(({ change }) => ({ type: "del", key: noteKey(change) })));
	}
	return { contents: free.size, bytes: [...free.values()].reduce((sum, bytes) => sum + bytes, 0) };
}

/** Sizes of the payloads that are here and that only these chunks need, by contentHash. */
async function heldByNoOther(chunkStore: LocalStore, chunks: ReadonlySet<string>): Promise<Map<string, number>> {
	const arrivals = (await chunkStore.arrivalsOf([...chunks])).filter((arrival) => arrival !== undefined);
	const free = new Map<string, number>();
	for (const { entry } of await chunkStore.getArrivals(arrivals, { payload: false })) {
		if (!isLargeChunk(entry) || free.has(entry.common.contentHash)) continue;
		const { contentHash } = entry.common;
		const [isHere] = await chunkStore.contents.has([contentHash]);
		const holders = await chunkStore.contents.entriesOf(contentHash);
		if (!isHere || holders.some(({ hash }) => !chunks.has(hash))) continue;
		free.set(contentHash, chunkPayloadLength(entry.fields?.originalSize ?? 0));
	}
	return free;
}

function noteKey(change: string): Uint8Array {
	return concatBytes(Uint8Array.of(rowKinds.uncommitted), fromHex(change, 32));
}

function readNote(key: Uint8Array, value: Uint8Array): Note {
	const chunks: string[] = [];
	for (let at = 6; at < value.length; at += 32) chunks.push(toHex(value.subarray(at, at + 32)));
	return { change: toHex(key.subarray(1)), since: readUint(value, 0, 6), chunks };
}
