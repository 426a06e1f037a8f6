import type { RowWrite } from "../../store/rows.js";
import type { PurgeOptions } from "../../store/store.js";
import { chunkRunDeletions, eraseChunks } from "../attachments/purging.js";
import type { DatabaseContext } from "../context.js";
import { projectionKey } from "../document-rows.js";
import { forgetSnapshots } from "../snapshots/snapshot-rows.js";
import { signOwn } from "../writing/own-chain.js";

export interface Erasing {
	readonly context: DatabaseContext;
	/** Runs an action while nobody brings the document up: a projection that was made before would be written after. */
	readonly inTurn: <T>(document: number, action: () => Promise<T>) => Promise<T>;
	/** Notes that the document has to be judged anew. */
	readonly note: (document: number) => Promise<readonly RowWrite[]>;
}

/** Erases a document and all that was made of it: chunks, their index, projection and snapshots. */
export async function eraseDocument(
	{ context, inTurn, note }: Erasing,
	docId: string,
	forEverybody: boolean,
): Promise<{ readonly document: number | undefined; readonly erased: string[] }> {
	const { store, attachmentStore } = context;
	const erase = (options?: PurgeOptions) =>
		forEverybody ? store.eraseDocument(docId, options) : store.purgeDocHistory(docId, options);
	const erased = attachmentStore === undefined ? [] : await eraseChunks(attachmentStore, docId, forEverybody);
	await context.holding.purged(docId);
	let document = await store.documentNumber(docId);
	if (document === undefined) {
		erased.push(...(await erase()));
		// Its first entries may have been on their way here: erased now, but whoever read them before may yet write what they showed.
		document = await store.documentNumber(docId);
	}
	if (document === undefined) return { document, erased };
	const number = document;
	const others = await inTurn(number, () =>
		erase({
			sign: (entries) => signOwn(context, entries),
			rows: async () => [
				{ type: "del", key: projectionKey(number) },
				...(await chunkRunDeletions(store, number)),
				...(await forgetSnapshots(store.rows, number)),
				...(await note(number)),
			],
		}),
	);
	return { document, erased: [...erased, ...others] };
}
