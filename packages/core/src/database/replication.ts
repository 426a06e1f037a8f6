/**
 * Levels two replicas through the contract of a store: what is new at the other side since the last time, each way. Foreign entries are
 * checked before they are stored; one that cannot be stored is noted and asked for again, and never stops the rest.
 */
import { readUint, writeUint } from "../bytes/big-endian.js";
import { toHex } from "../bytes/hex.js";
import { linkOf, type StoredEntry } from "../entry/entry.js";
import { FormatError, VerifyError } from "../errors.js";
import type { ContentAddressedStore, PutReport, Refusal, RowWrite } from "../store/store.js";
import type { DatabaseContext } from "./context.js";
import { declinedKey, factKey, rowKinds, rowRange, uint48 } from "./document-rows.js";
import type { Documents } from "./documents.js";
import { type Position, positionRow, readPosition, startPosition } from "./positions.js";
import type { TrustFollower } from "./trust-follower.js";

const pageEntries = 256;
/** Entries kept while their signed successor has not come. */
const mostCarried = 16_384;
/** Declined entries that are asked for again in one call. */
const retryBatch = 256;

const processedKey = factKey("processed");

export interface TransferOptions {
	readonly signal?: AbortSignal;
	readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

export interface PullResult {
	/** Entries that are new here. */
	readonly stored: number;
	/** Entries that this side did not store, and why. They are asked for again. */
	readonly refused: readonly Refusal[];
}

export interface PushResult {
	/** Entries that the other side did not have. */
	readonly sent: number;
	/** Entries that the other side did not store. They are offered again. */
	readonly refused: readonly Refusal[];
}

export class Replication {
	readonly #context: DatabaseContext;
	readonly #documents: Documents;
	readonly #follower: TrustFollower;
	readonly #onStored: () => void;
	/** Generation of the directory at which a peer was asked for what was declined. */
	readonly #declinedAskedAt = new WeakMap<ContentAddressedStore, number>();

	/** @param onStored called when entries came from elsewhere: they may continue a chain of this replica's own. */
	constructor(context: DatabaseContext, documents: Documents, follower: TrustFollower, onStored: () => void) {
		this.#context = context;
		this.#documents = documents;
		this.#follower = follower;
		this.#onStored = onStored;
	}

	/** Checks and stores entries that somebody offers, and judges them. */
	async receive(entries: readonly StoredEntry[]): Promise<PutReport> {
		return this.#store(entries);
	}

	/** Erases a document from this replica, and what was kept of it to be shown. @returns the addresses erased. */
	async purge(docId: string): Promise<string[]> {
		const { store } = this.#context;
		const erased = await store.purgeDocHistory(docId);
		const document = await store.documentNumber(docId);
		if (document === undefined) return erased;
		await store.append([], { rows: async () => this.#documents.behind.note(document, { anew: true }) });
		await this.#documents.bringUp([document]);
		return erased;
	}

	async pull(remote: ContentAddressedStore, options: TransferOptions): Promise<PullResult> {
		const { store } = this.#context;
		const storeId = await this.#peer(remote);
		if (storeId === undefined) return { stored: 0, refused: [] };
		const total = (await remote.position()).arrival;
		let position = await this.#checked(remote, storeId, total);
		let stored = await this.#retryDeclined(remote);
		const refused: Refusal[] = [];
		let carried: { readonly arrival: number; readonly entry: StoredEntry }[] = [];
		for (let at = position.pulled; ; ) {
			options.signal?.throwIfAborted();
			const page = await remote.entriesAfter(at, { limit: pageEntries });
			if (!Number.isSafeInteger(page.next) || page.next < at) {
				throw new FormatError("page: expected arrivals that ascend", { expected: at, found: page.next });
			}
			const offered = [...carried, ...page.arrivals];
			const report = await this.#store(offered.map(({ entry }) => entry));
			stored += report.stored.length;
			const unsigned = new Set(report.refused.filter(({ reason }) => reason === "unsigned").map(({ hash }) => hash));
			const last = page.next === at || (page.arrivals.length === 0 && page.next >= total);
			carried = last ? [] : offered.filter(({ entry }) => unsigned.has(entry.hash)).slice(-mostCarried);
			const waiting = new Set(carried.map(({ entry }) => entry.hash));
			const declined = report.refused.filter(({ hash }) => !waiting.has(hash));
			for (const each of declined) refused.push(each);
			if (carried.length === 0) position = { ...position, pulled: page.next, digest: page.digest };
			await store.rows.write([...declinedRows(declined, offered), positionRow(storeId, position)]);
			options.onProgress?.({ done: page.next, total });
			if (last) break;
			at = page.next;
		}
		return { stored, refused };
	}

	async push(remote: ContentAddressedStore, options: TransferOptions): Promise<PushResult> {
		const { store } = this.#context;
		const storeId = await this.#peer(remote);
		if (storeId === undefined) return { sent: 0, refused: [] };
		const total = (await store.position()).arrival;
		let position = await this.#checked(remote, storeId, (await remote.position()).arrival);
		const refused: Refusal[] = [];
		let sent = 0;
		const offer = async (
			arrivals: readonly { readonly arrival: number; readonly entry: StoredEntry }[],
		): Promise<number[]> => {
			if (arrivals.length === 0) return [];
			const known = new Set(await remote.hasEntries(arrivals.map(({ entry }) => entry.hash)));
			const missing = arrivals.filter(({ entry }) => !known.has(entry.hash));
			if (missing.length === 0) return [];
			const report = await remote.putEntries(missing.map(({ entry }) => entry));
			sent += report.stored.length;
			for (const each of report.refused) refused.push(each);
			const hashes = new Set(report.refused.map(({ hash }) => hash));
			return missing.filter(({ entry }) => hashes.has(entry.hash)).map(({ arrival }) => arrival);
		};
		for (let at = position.pushed; ; ) {
			options.signal?.throwIfAborted();
			const page = await signedPage(store, at);
			const refusedNow = await offer(page.arrivals);
			position = { ...position, pushed: page.next, refused: [...position.refused, ...refusedNow] };
			await store.rows.write([positionRow(storeId, position)]);
			options.onProgress?.({ done: page.next, total });
			if (page.next === at) break;
			at = page.next;
		}
		const again = position.refused;
		for (let start = 0; start < again.length; start += pageEntries) {
			const batch = again.slice(start, start + pageEntries);
			const still = new Set(await offer(await store.getArrivals(batch)));
			const settled = new Set(batch.filter((arrival) => !still.has(arrival)));
			position = { ...position, refused: position.refused.filter((arrival) => !settled.has(arrival)) };
			await store.rows.write([positionRow(storeId, position)]);
		}
		const left = new Set((await store.getArrivals(position.refused)).map(({ entry }) => entry.hash));
		const latest = new Map(refused.map((each) => [each.hash, each]));
		return { sent, refused: [...latest.values()].filter(({ hash }) => left.has(hash)) };
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
				const document = await store.documentNumber(linkOf(entry).docId);
				if (document !== undefined && !(await this.#documents.covers(document, arrival))) documents.add(document);
			}
			touched += documents.size;
			const processed = at;
			await store.append([], { rows: async () => [...this.#behindRows(documents), processedRow(processed)] });
		}
		await this.#documents.drain();
		return touched;
	}

	/** Offered again as long as that helps: in the directory one entry may grant the author of another. */
	async #store(entries: readonly StoredEntry[]): Promise<PutReport> {
		let report = await this.#storeOnce(entries);
		for (let gained = report.stored.length; gained > 0 && this.#context.dbId === "directory"; ) {
			const strangers = new Set(report.refused.filter(({ reason }) => reason === "not-member").map(({ hash }) => hash));
			if (strangers.size === 0) break;
			const again = await this.#storeOnce(entries.filter(({ hash }) => strangers.has(hash)));
			gained = again.stored.length;
			const refused = [...report.refused.filter(({ hash }) => !strangers.has(hash)), ...again.refused];
			report = { stored: [...report.stored, ...again.stored], known: [...report.known, ...again.known], refused };
		}
		return report;
	}

	async #storeOnce(entries: readonly StoredEntry[]): Promise<PutReport> {
		if (entries.length === 0) return { stored: [], known: [], refused: [] };
		const { store, trust } = this.#context;
		const report = await store.receive(entries, {
			admit: async (offered) =>
				offered.map((entry) => (trust.mayStore(linkOf(entry).createdByPublicKey) ? undefined : notMember(entry.hash))),
			rows: async (placements) => {
				for (const { fork, hash } of placements) {
					if (fork) this.#context.env.log("warn", "an author's chain forks", { entry: hash });
				}
				return placements.flatMap(({ document, arrival }) =>
					this.#documents.behind.note(document, { unapplied: true, arrival }),
				);
			},
		});
		const hashes = new Set(report.stored.map(({ hash }) => hash));
		const stored = entries.filter(({ hash }) => hashes.has(hash));
		if (stored.length === 0) return report;
		this.#onStored();
		await this.#context.onAppended?.();
		await this.#follower.arrived(stored);
		return report;
	}

	#behindRows(documents: ReadonlySet<number>): RowWrite[] {
		return [...documents].flatMap((document) => this.#documents.behind.note(document, { unapplied: true }));
	}

	/** The peer's store id; `undefined` when it is this very store. @throws {VerifyError} when it holds something else. */
	async #peer(remote: ContentAddressedStore): Promise<string | undefined> {
		const { tenantRoot, dbId, store } = this.#context;
		const identity = await remote.identity();
		if (identity.tenantRoot !== tenantRoot || identity.dbId !== dbId) {
			throw new VerifyError("the other store holds another tenant or database", { code: "wrong-database" });
		}
		return identity.storeId === (await store.identity()).storeId ? undefined : identity.storeId;
	}

	/** What is remembered of a peer, or the start when its store is not the one that it was. */
	async #checked(remote: ContentAddressedStore, storeId: string, arrival: number): Promise<Position> {
		const position = await readPosition(this.#context.store, storeId);
		if (position.pulled === 0) return position;
		if (position.pulled > arrival) return startPosition;
		const { digest } = await remote.entriesAfter(position.pulled, { limit: 0 });
		return digest === position.digest ? position : startPosition;
	}

	/** Asks a peer again for what was declined: at the first meeting, and whenever the directory or the held keys have changed. */
	async #retryDeclined(remote: ContentAddressedStore): Promise<number> {
		const { store, trust } = this.#context;
		const { generation } = trust;
		if (this.#declinedAskedAt.get(remote) === generation) return 0;
		this.#declinedAskedAt.set(remote, generation);
		let stored = 0;
		for await (const batch of store.rows.scan(rowRange(rowKinds.declined))) {
			for (let start = 0; start < batch.length; start += retryBatch) {
				const hashes = batch.slice(start, start + retryBatch).map(([key]) => toHex(key.subarray(1)));
				const entries = await remote.getEntries(hashes);
				const report = await this.#store(entries);
				stored += report.stored.length;
				const done = new Set([...report.stored.map(({ hash }) => hash), ...report.known]);
				await store.rows.write([...done].map((hash) => ({ type: "del", key: declinedKey(hash) })));
			}
		}
		return stored;
	}
}

/** A page that does not end between an entry and the signed successor that vouches for it, as far as there is one. */
async function signedPage(store: ContentAddressedStore, after: number) {
	for (let limit = pageEntries; ; limit *= 2) {
		const page = await store.entriesAfter(after, { limit });
		if (page.arrivals.length < limit || limit >= mostCarried) return page;
		const open = page.arrivals.findLastIndex(({ entry }) => entry.signature !== undefined);
		if (open >= 0) {
			const cut = page.arrivals[open] as { readonly arrival: number };
			return { ...page, arrivals: page.arrivals.slice(0, open + 1), next: cut.arrival };
		}
	}
}

function declinedRows(declined: readonly Refusal[], offered: readonly { readonly entry: StoredEntry }[]): RowWrite[] {
	const known = new Map(offered.map(({ entry }) => [entry.hash, entry]));
	return declined.flatMap(({ hash, reason }) => {
		const entry = known.get(hash);
		if (entry === undefined || !worthAsking.has(reason)) return [];
		const value = new Uint8Array(7);
		writeUint(value, 0, linkOf(entry).createdAt, 6);
		value[6] = reason === "not-member" ? 1 : 2;
		return [{ type: "put" as const, key: declinedKey(hash), value }];
	});
}

/** Reasons that may pass: the author may be granted later, another peer may hold the signature or an intact copy. */
const worthAsking: ReadonlySet<Refusal["reason"]> = new Set(["not-member", "unsigned", "damaged"]);

function processedRow(arrival: number): RowWrite {
	return { type: "put", key: processedKey, value: uint48(arrival) };
}

function notMember(hash: string): Refusal {
	return { hash, reason: "not-member", message: "its author was never granted access to this tenant" };
}
