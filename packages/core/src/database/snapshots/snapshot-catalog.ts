import { linkOf } from "../../entry/entry.js";
import type { LocalStore } from "../../store/store.js";
import type { BehindDocuments } from "../documents/behind.js";
import { readVerdicts } from "../judging/verdict-rows.js";
import { bestSet, countedSnapshots } from "./resting.js";
import type { CountedSnapshot } from "./snapshot-rows.js";

/** Tells which snapshots stand for which entries of a database. */
export class SnapshotCatalog {
	readonly #store: LocalStore;
	readonly #behind: BehindDocuments;

	constructor(store: LocalStore, behind: BehindDocuments) {
		this.#store = store;
		this.#behind = behind;
	}

	/** Address of a snapshot that covers an entry; `undefined` when none does. */
	readonly coverOf = async (hash: string): Promise<string | undefined> => {
		const [arrival] = await this.#store.arrivalsOf([hash]);
		if (arrival === undefined) return undefined;
		const [found] = await this.#store.getArrivals([arrival], { payload: false });
		if (found?.entry.kind !== "entry" || found.entry.fields?.contentTag === undefined) return undefined;
		const document = await this.#store.documentNumber(linkOf(found.entry).docId);
		if (document === undefined) return undefined;
		const covering = (await this.#counted(document)).filter((each) => covers(each, arrival));
		return this.#hashOf(covering.at(-1)?.arrival);
	};

	/** Hashes of the best set of a document's snapshots, and of the entries that none of them covers, in order of arrival. */
	async hashesFromSnapshot(document: number): Promise<string[]> {
		const best = bestSet(await this.#counted(document));
		const set = new Set(best?.set.map(({ arrival }) => arrival));
		const uncovered = new Set(best?.uncovered);
		const upTo = best?.upTo ?? 0;
		const early = [...set, ...uncovered].filter((arrival) => arrival <= upTo).sort((a, b) => a - b);
		const arrivals = await this.#store.getArrivals(early, { payload: false });
		const hashes = arrivals.map(({ entry }) => entry.hash);
		for await (const batch of this.#store.entriesOfDocument(document, { after: upTo, payload: false })) {
			for (const { arrival, entry } of batch) {
				if (set.has(arrival) || !best?.set.some((each) => covers(each, arrival))) hashes.push(entry.hash);
			}
		}
		return hashes;
	}

	/** What counts now: none while the document waits to be judged. */
	async #counted(document: number): Promise<CountedSnapshot[]> {
		if (this.#behind.get(document)?.anew) return [];
		return countedSnapshots(this.#store, document, await readVerdicts(this.#store.rows, document));
	}

	async #hashOf(arrival: number | undefined): Promise<string | undefined> {
		if (arrival === undefined) return undefined;
		const [found] = await this.#store.getArrivals([arrival], { payload: false });
		return found?.entry.hash;
	}
}

function covers({ upTo, uncovered }: CountedSnapshot, arrival: number): boolean {
	return arrival <= upTo && !uncovered.includes(arrival);
}
