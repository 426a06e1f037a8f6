import { concatBytes } from "../../bytes/concat.js";
import { decodeUtf8, encodeUtf8 } from "../../bytes/text.js";
import type { LocalStore } from "../../store/store.js";
import { noValue, rowKinds, rowRange } from "../document-rows.js";

/** Documents whose attachments this replica holds whatever its bound. */
export class Pins {
	readonly #store: LocalStore;
	#docIds: Promise<Set<string>> | undefined;

	/** @param store holds the chunks. */
	constructor(store: LocalStore) {
		this.#store = store;
	}

	async all(): Promise<ReadonlySet<string>> {
		return this.#read();
	}

	async add(docId: string): Promise<void> {
		const docIds = await this.#read();
		await this.#store.rows.write([{ type: "put", key: pinKey(docId), value: noValue }]);
		docIds.add(docId);
	}

	async remove(docId: string): Promise<void> {
		const docIds = await this.#read();
		await this.#store.rows.write([{ type: "del", key: pinKey(docId) }]);
		docIds.delete(docId);
	}

	#read(): Promise<Set<string>> {
		this.#docIds ??= this.#scan().catch((error) => {
			this.#docIds = undefined;
			throw error;
		});
		return this.#docIds;
	}

	async #scan(): Promise<Set<string>> {
		const docIds = new Set<string>();
		for await (const batch of this.#store.rows.scan(rowRange(rowKinds.pin))) {
			for (const [key] of batch) docIds.add(decodeUtf8(key.subarray(1)));
		}
		return docIds;
	}
}

function pinKey(docId: string): Uint8Array {
	return concatBytes(Uint8Array.of(rowKinds.pin), encodeUtf8(docId));
}
