import { linkOf } from "../entry/entry.js";
import type { RowRange, RowWrite } from "../store/rows.js";
import type { DatabaseContext } from "./context.js";
import { documentOfKey, lockedRange, missingRange } from "./document-rows.js";
import type { Documents } from "./documents/documents.js";
import type { TrustEffects } from "./trust-port.js";

/** Finds, through the indexes, the documents that a change of the directory or of the held keys touches, and has them judged anew. */
export class TrustFollower {
	readonly #context: DatabaseContext;
	readonly #documents: Documents;

	constructor(context: DatabaseContext, documents: Documents) {
		this.#context = context;
		this.#documents = documents;
	}

	async follow(effects: TrustEffects): Promise<void> {
		await this.#erase();
		const { behind } = this.#documents;
		// In the serial section: what was judged under the state before may still be on its way to the indexes until then.
		await this.#context.store.append([], {
			rows: async () => {
				const { anew, unlocked } = await this.#touched(effects);
				return [
					...[...anew].flatMap((document): RowWrite[] => behind.note(document, { anew: true })),
					...[...unlocked].flatMap((document): RowWrite[] => behind.note(document, { unapplied: true })),
				];
			},
		});
		await this.#documents.drain();
	}

	/** Carries out purge requests, each once; also those that a step before could not follow. */
	async #erase(): Promise<void> {
		const { store, trust } = this.#context;
		for (const docId of trust.erasedDocuments()) {
			if (!(await store.isErased(docId))) await this.#documents.purge(docId, true);
		}
	}

	/** Documents to judge anew; of those `unlocked` only what is not accepted is judged again, and what waits for it. */
	async #touched(effects: TrustEffects): Promise<{ readonly anew: Set<number>; readonly unlocked: Set<number> }> {
		const anew = new Set<number>();
		const unlocked = new Set<number>();
		const { store, isSettingsRoot } = this.#context;
		if (effects.everything) {
			for (let document = 1; document <= store.documentCount(); document++) anew.add(document);
			return { anew, unlocked };
		}
		for (const hash of effects.known) await this.#collect(missingRange(hash), anew);
		// In the directory a key that opens an entry may change what others may write there.
		const keyed = isSettingsRoot === undefined ? unlocked : anew;
		for (const commitment of effects.keys) await this.#collect(lockedRange(commitment), keyed);
		for (const author of effects.authors) await this.#collectAuthor(author, anew);
		for (const { entry } of await this.#arrivals([...effects.pardoned, ...effects.judged])) {
			await this.#add(linkOf(entry).docId, anew);
		}
		for (const { entry } of await this.#arrivals(effects.pardonedRuns)) {
			await this.#collectAuthor(linkOf(entry).createdByPublicKey, anew);
		}
		return { anew, unlocked };
	}

	async #collect(range: RowRange, documents: Set<number>): Promise<void> {
		for await (const batch of this.#context.store.rows.scan(range)) {
			for (const [key] of batch) documents.add(documentOfKey(key));
		}
	}

	async #collectAuthor(author: string, documents: Set<number>): Promise<void> {
		const ids = new Set<string>();
		for await (const batch of this.#context.store.entriesOfAuthor(author)) {
			for (const { entry } of batch) ids.add(linkOf(entry).docId);
		}
		for (const docId of ids) await this.#add(docId, documents);
	}

	async #arrivals(hashes: readonly string[]) {
		const arrivals = (await this.#context.store.arrivalsOf(hashes)).filter((arrival) => arrival !== undefined);
		return this.#context.store.getArrivals(arrivals, { payload: false, purged: true });
	}

	async #add(docId: string, documents: Set<number>): Promise<void> {
		const document = await this.#context.store.documentNumber(docId);
		if (document !== undefined) documents.add(document);
	}
}
