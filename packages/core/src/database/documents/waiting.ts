import type { RowWrite } from "../../store/rows.js";
import type { LocalStore } from "../../store/store.js";
import { documentOfKey, missingRange, rowKinds, rowRange } from "../document-rows.js";
import type { BehindDocuments } from "./behind.js";

/** The documents that wait for an entry by name and are judged anew when it arrives, in whatever document. */
export class WaitingDocuments {
	readonly #store: LocalStore;
	readonly #behind: BehindDocuments;

	constructor(store: LocalStore, behind: BehindDocuments) {
		this.#store = store;
		this.#behind = behind;
	}

	/**
	 * Rows that have what waits for these entries judged anew, and end the waiting. Belongs into the batch that brings up the
	 * documents of the entries: so a crash in between forgets nobody.
	 * @param fresh entries by their document, which has judged by itself what they settle in it.
	 */
	async open(fresh: ReadonlyMap<number, readonly string[]>): Promise<RowWrite[]> {
		const documents = new Set<number>();
		const rows: RowWrite[] = [];
		if (fresh.size === 0 || !(await this.#any())) return rows;
		for (const [own, hashes] of fresh) {
			for (const hash of hashes) {
				for await (const batch of this.#store.rows.scan(missingRange(hash))) {
					for (const [key] of batch) {
						const document = documentOfKey(key);
						if (document === own) continue;
						documents.add(document);
						rows.push({ type: "del", key });
					}
				}
			}
		}
		for (const document of documents) rows.push(...this.#behind.note(document, { anew: true }));
		return rows;
	}

	/** Whether one of these entries arrived after `arrival`. */
	async cameAfter(arrival: number, hashes: ReadonlySet<string>): Promise<boolean> {
		if (hashes.size === 0) return false;
		const arrivals = await this.#store.arrivalsOf([...hashes]);
		return arrivals.some((each) => each !== undefined && each > arrival);
	}

	async #any(): Promise<boolean> {
		for await (const batch of this.#store.rows.scan({ ...rowRange(rowKinds.missing), limit: 1, mostlyEmpty: true }))
			return batch.length > 0;
		return false;
	}
}
