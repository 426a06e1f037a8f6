/** Pages that fit into a message. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Crypto } from "../../crypto/crypto.js";
import type { StoredEntry } from "../../entry/entry.js";
import type { ContentAddressedStore, Page, PageOptions } from "../../store/store.js";
import type { PageSchema } from "../wire/generated/sync_pb.js";
import { mostMessageBytes } from "../wire/messages.js";
import { type Announcement, wirePage } from "../wire/terms.js";
import type { GivenPayloads } from "./given-payloads.js";

/** What a message needs beside the run, and for each payload that it announces. */
const roomBytes = 8 * 1024;
const announcementBytes = 80;

/** Bytes to leave free beside the run of a message. */
export function roomFor(contents: readonly Announcement[]): number {
	return roomBytes + contents.length * announcementBytes;
}

export interface PackedPage {
	readonly page: Page;
	readonly packed: MessageInitShape<typeof PageSchema>;
	/** Bytes of the run, and of the payloads that are announced with it. */
	readonly size: number;
}

export interface WirePageOptions extends Required<Omit<PageOptions, "skip">>, Pick<PageOptions, "skip"> {
	readonly payloads: GivenPayloads;
	/** Arrival behind which the other side is told the page: before what is read, where the other side has what lies between. @default `after` */
	readonly told?: number;
}

/** Large payloads are announced. An entry that fits into no message even so counts as damaged: the other side notes it, and asks again. */
export async function packPage(
	store: ContentAddressedStore,
	crypto: Crypto,
	after: number,
	{ payloads, told = after, ...options }: WirePageOptions,
): Promise<PackedPage> {
	for (let { limit } = options; ; limit = Math.ceil(limit / 2)) {
		let page = await store.entriesAfter(after, { ...options, limit });
		const arrivals = page.arrivals.filter(({ entry }) => options.skip?.(entry.hash) !== true);
		const { entries, contents } = payloads.announceWith(arrivals.map(({ entry }) => entry));
		page = {
			...page,
			arrivals: arrivals.map(({ arrival }, index) => ({ arrival, entry: entries[index] as StoredEntry })),
		};
		const packed = await wirePage(crypto, page, { after: told, contents });
		const run = packed.run.length;
		if (run + roomFor(contents) <= mostMessageBytes) {
			return { page, packed, size: contents.reduce((sum, { size }) => sum + size, run) };
		}
		if (page.next - after > 1) {
			limit = Math.min(limit, page.next - after);
			continue;
		}
		const without = { ...page, arrivals: [], damaged: [page.next] };
		return { page: without, packed: await wirePage(crypto, without, { after: told }), size: 0 };
	}
}
