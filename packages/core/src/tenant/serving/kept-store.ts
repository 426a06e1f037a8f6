import { AttachmentHolding } from "../../database/holding/holding.js";
import { linkOf, type StoredEntry } from "../../entry/entry.js";
import type { Env } from "../../env.js";
import { LruMap } from "../../store/lru-map.js";
import type { ContentAddressedStore, LocalStore, PutReport, Refusal } from "../../store/store.js";
import { offerAgain } from "../../sync/levelling/offer-again.js";

/** Other stores of which it is remembered when they were asked; those beyond are asked once more. */
const mostAsked = 1024;

export interface KeptStoreParts {
	readonly env: Env;
	readonly store: LocalStore;
	readonly purpose: "documents" | "attachments";
	/** Whether entries of an author are stored at all. */
	readonly mayStore: (publicKey: string) => boolean;
	/** Grows whenever the directory says something new. */
	readonly directoryRevision: () => number;
	/** Told of what was stored, and is durable, before whoever offered it hears of it. @default nothing follows from it */
	readonly onStored?: (() => Promise<void>) | undefined;
	/** Whether one stored entry can make the author of another welcome: in the directory. @default false */
	readonly grants?: boolean;
}

/** A store of a tenant that is kept for others: it checks address, database, signature and membership, decrypts and judges nothing. */
export class KeptStore {
	readonly store: LocalStore;
	readonly purpose: "documents" | "attachments";
	readonly #parts: KeptStoreParts;
	readonly #holding: AttachmentHolding;
	readonly #listeners = new Set<() => void>();
	/** Revision of the directory at which another store was asked for what had been declined because of the directory. */
	readonly #askedAt = new LruMap<string, number>(mostAsked);

	private constructor(parts: KeptStoreParts, holding: AttachmentHolding) {
		this.#holding = holding;
		this.store = parts.store;
		this.purpose = parts.purpose;
		this.#parts = parts;
	}

	static async open(parts: KeptStoreParts): Promise<KeptStore> {
		return new KeptStore(parts, await AttachmentHolding.open({ ...parts, mode: "eager" }));
	}

	receive(entries: readonly StoredEntry[]): Promise<PutReport> {
		return this.#parts.grants === true
			? offerAgain(entries, (offered) => this.#receive(offered))
			: this.#receive(entries);
	}

	/**
	 * Pulls from another store; also what was declined because of the directory, if that has changed since the last pull that came to its
	 * end: one that breaks off has asked for nothing.
	 */
	async pullWith<T>(other: string, pull: (directoryChanged: boolean) => Promise<T>): Promise<T> {
		const revision = this.#parts.directoryRevision();
		const result = await pull(this.#askedAt.get(other) !== revision);
		this.#askedAt.set(other, revision);
		return result;
	}

	/** Takes over what this store lacks of the bytes of attachments, as far as the other one has them. */
	async fetchContents(remote: ContentAddressedStore, signal: AbortSignal | undefined): Promise<void> {
		await this.#holding.fetchAll({ signal }, remote);
	}

	lacksContents(): Promise<boolean> {
		return this.#holding.lacks();
	}

	/** Names a store that may have bytes which are lacking here. @returns a function that ends it. */
	addSource(remote: ContentAddressedStore): () => void {
		return this.#holding.addSource(remote);
	}

	async close(): Promise<void> {
		await this.#holding.close();
		await this.store.close();
	}

	/** Told when entries were appended, by whomever. @returns a function that ends it. */
	onAppended(listener: () => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Tells that the store has more than before: also for what another process put into it. */
	appended(): void {
		for (const listener of this.#listeners) listener();
	}

	async #receive(entries: readonly StoredEntry[]): Promise<PutReport> {
		const report = await this.store.receive(entries, { admit: async (offered) => offered.map(this.#admit) });
		if (report.stored.length > 0) {
			await this.#parts.onStored?.();
			this.appended();
		}
		return report;
	}

	readonly #admit = (entry: StoredEntry): Refusal | undefined =>
		this.#parts.mayStore(linkOf(entry).createdByPublicKey)
			? undefined
			: { hash: entry.hash, reason: "not-member", message: "its author was never granted access to this tenant" };
}
