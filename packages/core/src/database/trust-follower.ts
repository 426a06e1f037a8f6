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
		const documents = new Set<number>();
		const unlocked = new Set<number>();
		const { store, isSettingsRoot } = this.#context;
		if (effects.everything) {
			for (let document = 1; document <= store.documentCount(); document++) documents.add(document);
		} else {
			for (const hash of effects.known) await this.#collect(missingRange(hash), documents);
			// In the directory a key that opens an entry may change what others may write there.
			const keyed = isSettingsRoot === undefined ? unlocked : documents;
			for (const commitment of effects.keys) await this.#collect(lockedRange(commitment), keyed);
			for (const author of effects.authors) await this.#collectAuthor(author, documents);
			for (const { entry } of await this.#arrivals([...effects.pardoned, ...effects.judged])) {
				await this.#add(linkOf(entry).docId, documents);
			}
			for (const { entry } of await this.#arrivals(effects.pardonedRuns)) {
				await this.#collectAuthor(linkOf(entry).createdByPublicKey, documents);
			}
		}
		await this.#judge(documents, unlocked);
	}

	/** Carries out purge requests, each once; also those that a step before could not follow. */
	async #erase(): Promise<void> {
		const { store, trust } = this.#context;
		for (const docId of trust.erasedDocuments()) {
			if (!(await store.isErased(docId))) await this.#documents.purge(docId, true);
		}
	}

	/** @param unlocked documents of which only what is not accepted is judged again, and what waits for it. */
	async #judge(anew: ReadonlySet<number>, unlocked: ReadonlySet<number>): Promise<void> {
		const { behind } = this.#documents;
		if (anew.size + unlocked.size > 0) {
			await this.#context.store.append([], {
				rows: async () => [
					...[...anew].flatMap((document): RowWrite[] => behind.note(document, { anew: true })),
					...[...unlocked].flatMap((document): RowWrite[] => behind.note(document, { unapplied: true })),
				],
			});
		}
		await this.#documents.drain();
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
