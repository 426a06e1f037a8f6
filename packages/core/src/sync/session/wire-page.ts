/** Pages that fit into a message. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Crypto } from "../../crypto/crypto.js";
import type { Arrival, ContentAddressedStore, Page, PageOptions } from "../../store/store.js";
import type { PageSchema } from "../wire/generated/sync_pb.js";
import { mostMessageBytes } from "../wire/messages.js";
import { wirePage } from "../wire/terms.js";

/** What a message needs beside the run. */
const roomBytes = 8 * 1024;

export interface PackedPage {
	readonly page: Page;
	readonly packed: MessageInitShape<typeof PageSchema>;
	/** Bytes of the run. */
	readonly size: number;
}

export interface WirePageOptions extends Required<PageOptions> {
	/** Entries that the other side needs not be given. */
	readonly skip?: (arrival: Arrival) => boolean;
}

/** An entry that fits into no message counts as damaged: the other side notes it, and asks again. */
export async function packPage(
	store: ContentAddressedStore,
	crypto: Crypto,
	after: number,
	{ skip, ...options }: WirePageOptions,
): Promise<PackedPage> {
	for (let { limit } = options; ; limit = Math.ceil(limit / 2)) {
		let page = await store.entriesAfter(after, { ...options, limit });
		const arrivals = skip === undefined ? page.arrivals : page.arrivals.filter((each) => !skip(each));
		page = { ...page, arrivals };
		const packed = await wirePage(crypto, page, { after });
		const size = packed.run?.length ?? 0;
		if (size + roomBytes <= mostMessageBytes) return { page, packed, size };
		if (page.next - after > 1) {
			limit = Math.min(limit, page.next - after);
			continue;
		}
		const without = { ...page, arrivals: [], damaged: [page.next] };
		return { page: without, packed: await wirePage(crypto, without, { after }), size: 0 };
	}
}
