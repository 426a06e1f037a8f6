/**
 * Levels two replicas through the contract of a store: what is new at the other side since the last time, each way. Foreign entries are
 * checked before they are stored; one that cannot be stored is noted and asked for again, and never stops the rest.
 */
import { readUint } from "../../bytes/big-endian.js";
import { isChunk, linkOf, type StoredEntry } from "../../entry/entry.js";
import { VerifyError } from "../../errors.js";
import type { RowWrite } from "../../store/rows.js";
import type {
	Admission,
	ContentAddressedStore,
	LocalStore,
	PutReport,
	ReceiveOptions,
	Refusal,
} from "../../store/store.js";
import type { RememberedStore } from "../../sync/host.js";
import { offerAgain } from "../../sync/levelling/offer-again.js";
import { pageEntries } from "../../sync/levelling/pages.js";
import { holds, PeerMemory, rememberedOf } from "../../sync/levelling/peer-memory.js";
import { Pull, type PullResult } from "../../sync/levelling/pull.js";
import type { PullOptions } from "../../sync/levelling/pull-options.js";
import { Push, type PushResult, type TransferOptions } from "../../sync/levelling/push.js";
import { directoryId } from "../../trust/directory-record.js";
import type { DatabaseContext } from "../context.js";
import { factKey, uint48 } from "../document-rows.js";
import type { Documents } from "../documents/documents.js";
import type { AwaitingPayloads, FetchedHistory, FetchHistoryOptions } from "../holding/history-holding.js";

const processedKey = factKey("processed");
/** Entries after which a pull that judges behind judges what has come so far; then after twice as many, so each a few times at most. */
const judgedAfter = 4096;

interface Storing extends Pick<ReceiveOptions, "headersAlone"> {
	readonly judge: boolean;
}

export class Replication {
	readonly #context: DatabaseContext;
	readonly #documents: Documents;
	readonly #onStored: () => void;
	/** Generation of the directory at which a peer was asked for what had been declined because of the directory. */
	readonly #askedAt = new WeakMap<ContentAddressedStore, number>();

	/** @param onStored called when entries came from elsewhere: they may continue a chain of this replica's own. */
	constructor(context: DatabaseContext, documents: Documents, onStored: () => void) {
		this.#context = context;
		this.#documents = documents;
		this.#onStored = onStored;
	}

	/** Checks and stores entries that somebody offers, and judges them. */
	async receive(entries: readonly StoredEntry[]): Promise<PutReport> {
		return this.#store(entries, { judge: true });
	}

	/** Judges what was taken over and not judged yet. */
	judge(): Promise<void> {
		return this.#documents.drain();
	}

	/** Where a store of this database stands in one of a peer: the named one, or the one that it levelled with last. */
	remembered(local: LocalStore, peer: string, storeId?: string): Promise<RememberedStore | undefined> {
		return rememberedOf(local, peer, storeId);
	}

	/** With the bytes of attachments that are to be here. */
	async pullAll(remote: ContentAddressedStore, options: PullOptions): Promise<PullResult> {
		const result = await this.pull(remote, options);
		await this.fetchContents(remote, options);
		return result;
	}

	/** Fetches the bytes of attachments, and of the past, that are to be here, after a pull. */
	async fetchContents(remote: ContentAddressedStore, options: PullOptions): Promise<void> {
		await this.#context.holding.levelled(remote, options, "pull");
		await this.fetchPast(options, remote);
	}

	/** Fetches payloads of the past: those that are to be here, all, or those of one document. */
	async fetchPast(
		options: FetchHistoryOptions & { readonly all?: boolean },
		also?: ContentAddressedStore,
	): Promise<FetchedHistory> {
		return this.#context.past.fetch(options, this.#awaiting, also);
	}

	/** Documents whose missing payloads have come are judged like ones whose rights have changed. */
	readonly #awaiting: AwaitingPayloads = {
		note: (document) => this.#documents.behind.note(document, { anew: true }),
		judge: () => this.#documents.drain(),
	};

	/**
	 * @param local which of the database's stores remembers it.
	 * @param judge whether what came is judged page for page; else most of it is left to `judge`, or to who reads it.
	 */
	async pull(
		remote: ContentAddressedStore,
		options: PullOptions,
		{ local = this.#context.store, judge = true }: { readonly local?: LocalStore; readonly judge?: boolean } = {},
	): Promise<PullResult> {
		const { store, trust } = this.#context;
		const { clock } = this.#context.env;
		const storeId = await this.#storeIdOf(remote);
		// A copy of this store has its id too, and levels once their histories part.
		if (storeId === (await store.identity()).storeId && (await holds(store, await remote.position()))) {
			return { stored: 0, refused: [], damaged: [], complete: true };
		}
		const { generation } = trust;
		const directoryChanged = this.#askedAt.get(remote) !== generation;
		let [taken, due] = [0, judge ? 0 : judgedAfter];
		const pull = new Pull({
			ownArrivals: () => this.#arrivals(),
			remote,
			memory: new PeerMemory({ store: local, clock, storeId, peer: remote.peer, direction: "pull" }),
			take: (entries) => {
				taken += entries.length;
				if (taken < due) return this.#store(entries, { judge: false });
				due *= 2;
				return this.#store(entries, { judge: true });
			},
			own: {
				crypto: this.#context.env.crypto,
				index: () => this.#correspondingTo(remote),
				missing: (hashes) => this.#missing(hashes),
			},
			// A directory is taken in the order in which it was made: it is of use as a whole.
			...(local === store &&
				this.#context.dbId !== directoryId && { takeLatest: (entries) => this.#storeLatest(entries) }),
			// In order everything would come whole.
			...(this.#context.past.isDense && { limits: { inOrder: 0 } }),
			options,
		});
		const result = await pull.run(directoryChanged ? ["directory", "again"] : ["again"]);
		this.#askedAt.set(remote, generation);
		return result;
	}

	async push(remote: ContentAddressedStore, options: TransferOptions): Promise<PushResult> {
		const { store, attachmentStore } = this.#context;
		// Documents first, then the chunks they refer to.
		const documents = await this.#pushFrom(store, remote, options);
		const chunks =
			attachmentStore === undefined ? { sent: 0, refused: [] } : await this.#pushFrom(attachmentStore, remote, options);
		await this.#context.holding.levelled(remote, options, "push");
		return { sent: documents.sent + chunks.sent, refused: [...documents.refused, ...chunks.refused] };
	}

	async #pushFrom(store: LocalStore, remote: ContentAddressedStore, options: TransferOptions): Promise<PushResult> {
		const storeId = await this.#storeIdOf(remote);
		if (storeId === (await store.identity()).storeId && (await holds(remote, await store.position()))) {
			return { sent: 0, refused: [] };
		}
		const { clock } = this.#context.env;
		const memory = new PeerMemory({ store, clock, storeId, peer: remote.peer, direction: "push" });
		return new Push({ store, remote, memory, options }).run();
	}

	/** Judges what somebody put into the store without telling this database. @returns documents that were touched. */
	async adopt(): Promise<number> {
		const { store } = this.#context;
		await this.#documents.flush();
		const row = await store.rows.get(processedKey);
		let touched = 0;
		for (let at = row === undefined ? 0 : readUint(row, 0, 6); ; ) {
			const page = await store.entriesAfter(at, { limit: pageEntries, payload: false });
			if (page.next === at) break;
			at = page.next;
			const documents = new Set<number>();
			for (const { arrival, entry } of page.arrivals) {
				if (isChunk(entry)) continue;
				const document = await store.documentNumber(linkOf(entry).docId);
				if (document === undefined || (await this.#documents.covers(document, arrival))) continue;
				documents.add(document);
			}
			touched += documents.size;
			const processed = at;
			const { behind } = this.#documents;
			await store.append([], {
				rows: async () => [
					...[...documents].flatMap((document) => behind.note(document, { unapplied: true })),
					processedRow(processed),
				],
			});
		}
		await this.#documents.drain();
		return touched;
	}

	#store(entries: readonly StoredEntry[], storing: Storing): Promise<PutReport> {
		return this.#context.dbId === directoryId
			? offerAgain(entries, (offered) => this.#storeOnce(offered, storing))
			: this.#storeOnce(entries, storing);
	}

	/** Entries that a snapshot covers come without their payloads: those are fetched later, or not at all. */
	#storeLatest(entries: readonly StoredEntry[]): Promise<PutReport> {
		this.#context.past.expectLacking();
		return this.#storeOnce(entries, { headersAlone: true, judge: true });
	}

	async #storeOnce(entries: readonly StoredEntry[], storing: Storing): Promise<PutReport> {
		if (entries.length === 0) return { stored: [], known: [], refused: [] };
		const { store, attachmentStore } = this.#context;
		if (attachmentStore !== undefined && entries.some(isChunk)) {
			const chunks = await attachmentStore.receive(entries.filter(isChunk), { admit: this.#admit });
			const others = await this.#storeOnce(
				entries.filter((entry) => !isChunk(entry)),
				storing,
			);
			return {
				stored: [...chunks.stored, ...others.stored],
				known: [...chunks.known, ...others.known],
				refused: [...chunks.refused, ...others.refused],
			};
		}
		// A chunk changes nothing that a document shows.
		const chunks = new Set(entries.filter(isChunk).map(({ hash }) => hash));
		const report = await store.receive(entries, {
			headersAlone: storing.headersAlone ?? false,
			admit: this.#admit,
			rows: async (placements) => {
				for (const { fork, hash } of placements) {
					if (fork) this.#context.env.log("warn", "an author's chain forks", { entry: hash });
				}
				return placements
					.filter(({ hash }) => !chunks.has(hash))
					.flatMap(({ document, arrival }) => this.#documents.behind.note(document, { unapplied: true, arrival }));
			},
		});
		await this.#context.past.takeKnown(entries, report.known, this.#awaiting);
		if (report.stored.every(({ hash }) => chunks.has(hash))) return report;
		this.#onStored();
		await this.#context.onAppended?.();
		if (storing.judge) await this.#documents.drain();
		return report;
	}

	readonly #admit: Admission = async (offered) =>
		offered.map((entry) =>
			this.#context.trust.mayStore(linkOf(entry).createdByPublicKey) ? undefined : notMember(entry.hash),
		);

	/** @throws {VerifyError} `wrong-database` when the other store holds something else. */
	async #storeIdOf(remote: ContentAddressedStore): Promise<string> {
		const { tenantRoot, dbId } = this.#context;
		const identity = await remote.identity();
		if (identity.tenantRoot !== tenantRoot || identity.dbId !== dbId) {
			throw new VerifyError("the other store holds another tenant or database", { code: "wrong-database" });
		}
		return identity.storeId;
	}

	/** The store with the same kind of entries as another one: chunks begin one that holds nothing else. */
	async #correspondingTo(remote: ContentAddressedStore): Promise<LocalStore> {
		const { store, attachmentStore } = this.#context;
		if (attachmentStore === undefined) return store;
		const [first] = (await remote.entriesAfter(0, { limit: 1, payload: false })).arrivals;
		return first !== undefined && isChunk(first.entry) ? attachmentStore : store;
	}

	/** Those of the hashes of which neither an entry nor what a purge left of it is here, in whichever store. */
	async #missing(hashes: readonly string[]): Promise<readonly string[]> {
		const { store, attachmentStore } = this.#context;
		const [here, beside] = await Promise.all([store.arrivalsOf(hashes), attachmentStore?.arrivalsOf(hashes)]);
		return hashes.filter((_, index) => here[index] === undefined && beside?.[index] === undefined);
	}

	/** Entries that are here, in whichever store. */
	async #arrivals(): Promise<number> {
		const { store, attachmentStore } = this.#context;
		return (await store.position()).arrival + ((await attachmentStore?.position())?.arrival ?? 0);
	}
}

function processedRow(arrival: number): RowWrite {
	return { type: "put", key: processedKey, value: uint48(arrival) };
}

function notMember(hash: string): Refusal {
	return { hash, reason: "not-member", message: "its author was never granted access to this tenant" };
}
