import type { MessageInitShape } from "@bufbuild/protobuf";
import { toHex } from "../../bytes/hex.js";
import type { Entry, StoredEntry } from "../../entry/entry.js";
import { FormatError } from "../../errors.js";
import { LruMap } from "../../store/lru-map.js";
import type { ContentAddressedStore } from "../../store/store.js";
import { indexesOf } from "../payloads/chunk-ranges.js";
import { mostWholeBytes, type OutgoingPayloads } from "../payloads/outgoing.js";
import type { AnnouncedContentsSchema, Contents } from "../wire/generated/sync_pb.js";
import { type Announcement, hashesOf, wireAnnouncement } from "../wire/terms.js";

type Answer = MessageInitShape<typeof AnnouncedContentsSchema>;

/** Payload bytes that are read for one answer. */
const readBytes = 4 * 1024 * 1024;
/** Payloads whose names are remembered between their announcement and their chunks. */
const keptData = 1024;

export interface GivenPayloadsParts {
	readonly outgoing: OutgoingPayloads;
	/** Bytes of the small payloads of one answer. */
	readonly wholeBytes: number;
	/** There are chunks to send. */
	readonly onOutgoing: () => void;
}

/** Entries without their large payloads, and these as they come. */
export interface AnnouncedEntries {
	readonly entries: readonly StoredEntry[];
	readonly contents: readonly Announcement[];
}

/**
 * Answers who asks for payloads: small ones come with the answer. Large ones are announced, and their chunks are sent to who asks again and
 * says which of them it has.
 */
export class GivenPayloads {
	readonly #parts: GivenPayloadsParts;
	readonly #data = new LruMap<string, Uint8Array>(keptData);

	constructor(parts: GivenPayloadsParts) {
		this.#parts = parts;
	}

	/** @throws {FormatError} when the question is wrong. */
	async answer(store: ContentAddressedStore, { hashes, held }: Contents): Promise<Answer> {
		const contentHashes = hashesOf(hashes);
		const [first] = held;
		if (first === undefined) return this.#announce(store, contentHashes);
		const [contentHash] = contentHashes;
		if (contentHash === undefined || toHex(first.contentHash) !== contentHash) {
			throw new FormatError("contents: expected what is held of the first payload");
		}
		return this.#send(store, contentHash, first.ranges);
	}

	/** Entries as they stand in a run: without large payloads, each of which is announced once. */
	announceWith(entries: readonly StoredEntry[]): AnnouncedEntries {
		const contents = new Map<string, Announcement>();
		const bare = entries.map((entry) => {
			if (!isLarge(entry)) return entry;
			const { payload, common } = entry;
			const { contentHash } = common;
			const announcement = { contentHash, size: payload.length, datum: this.#datumOf(contentHash, payload) };
			contents.set(contentHash, announcement);
			return { ...entry, payload: undefined };
		});
		return { entries: bare, contents: [...contents.values()] };
	}

	async #announce(store: ContentAddressedStore, contentHashes: readonly string[]): Promise<Answer> {
		const whole: Uint8Array[] = [];
		const announced: Announcement[] = [];
		let wholeBytes = 0;
		let bytes = 0;
		let covered = 0;
		for (const contentHash of contentHashes) {
			const [payload] = (await store.getContents?.([contentHash])) ?? [];
			const size = payload?.length ?? 0;
			bytes += size;
			if (covered > 0 && bytes > readBytes) break;
			if (payload !== undefined && size > mostWholeBytes) {
				announced.push({ contentHash, size, datum: this.#datumOf(contentHash, payload) });
			} else if (payload !== undefined) {
				wholeBytes += size;
				if (wholeBytes > this.#parts.wholeBytes) break;
				whole.push(payload);
			}
			covered++;
		}
		return { announced: announced.map(wireAnnouncement), whole, covered };
	}

	async #send(store: ContentAddressedStore, contentHash: string, ranges: readonly number[]): Promise<Answer> {
		const [payload] = (await store.getContents?.([contentHash])) ?? [];
		if (payload === undefined) return { covered: 1 };
		const held = indexesOf(ranges, payload.length);
		const { outgoing, onOutgoing } = this.#parts;
		const announcement = outgoing.add(contentHash, payload, held, this.#datumOf(contentHash, payload));
		onOutgoing();
		return { announced: [wireAnnouncement(announcement)], covered: 1 };
	}

	#datumOf(contentHash: string, payload: Uint8Array): Uint8Array {
		const datum = this.#data.get(contentHash) ?? this.#parts.outgoing.datumOf(payload);
		this.#data.set(contentHash, datum);
		return datum;
	}
}

function isLarge(entry: StoredEntry): entry is Entry & { readonly payload: Uint8Array } {
	return entry.kind === "entry" && (entry.payload?.length ?? 0) > mostWholeBytes;
}
