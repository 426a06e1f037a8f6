/** Which bytes of attachments are here: fetched when they are read, kept within a bound, dropped only where another replica keeps them. */
import { type Entry, linkOf } from "../../entry/entry.js";
import { chunkPayloadLength } from "../../entry/payload.js";
import type { Env } from "../../env.js";
import { nameOfError } from "../../errors.js";
import type { LackingContent } from "../../store/contents.js";
import { isLargeChunk } from "../../store/record.js";
import type { RowWrite } from "../../store/rows.js";
import type { ContentAddressedStore, LocalStore } from "../../store/store.js";
import { type AttachmentMode, boundOf, checkAttachmentMode, rememberedMode, rememberMode } from "./attachment-mode.js";
import {
	countOf,
	type FetchOptions,
	type FetchResult,
	fetchLacking,
	isAny,
	type LackingContents,
	lackingOf,
	lackingOfDocument,
} from "./fetch-lacking.js";
import { HeldLedger } from "./held-ledger.js";
import { Pins } from "./pins.js";
import { Sources } from "./sources.js";

/** Payloads that are looked at together when room is made. */
const candidatesPerLook = 256;

export interface HoldingParts {
	readonly env: Pick<Env, "crypto" | "clock" | "log">;
	/** Holds the chunks. */
	readonly store: LocalStore;
	/** @default what was chosen the last time, at first "eager" */
	readonly mode: AttachmentMode | undefined;
}

export class AttachmentHolding {
	readonly #parts: HoldingParts;
	readonly #mode: AttachmentMode;
	readonly #sources: Sources;
	readonly #pins: Pins;
	/** Payloads on their way, so that two readers fetch them once. */
	readonly #coming = new Map<string, Promise<Uint8Array | undefined>>();
	#ledger: Promise<HeldLedger> | undefined;
	#making: Promise<void> | undefined;
	/** Payloads that nobody else was known to keep when room was made. */
	readonly #stay = new Set<string>();

	private constructor(parts: HoldingParts, mode: AttachmentMode) {
		this.#parts = parts;
		this.#mode = mode;
		this.#sources = new Sources(parts.env);
		this.#pins = new Pins(parts.store);
	}

	/** @throws {UsageError} when the mode is none. */
	static async open(parts: HoldingParts): Promise<AttachmentHolding> {
		const { store } = parts;
		const mode = parts.mode === undefined ? await rememberedMode(store) : checkAttachmentMode(parts.mode);
		if (parts.mode !== undefined) await rememberMode(store, mode);
		const lasting = boundOf(mode) === undefined;
		const policy = { wanted: mode === "eager", lasting };
		const before = await store.contents.policy();
		// Before anything is dropped, so that two replicas never rely on one another.
		if (before.wanted !== policy.wanted || before.lasting !== lasting) await store.contents.setPolicy(policy);
		if (lasting) await HeldLedger.forget(store);
		return new AttachmentHolding(parts, mode);
	}

	/** Holds the chunks. */
	get store(): LocalStore {
		return this.#parts.store;
	}

	/** Where lacking bytes are asked for. */
	get sources(): Sources {
		return this.#sources;
	}

	/** @returns a function that ends it. */
	addSource(store: ContentAddressedStore): () => void {
		this.#stay.clear();
		return this.#sources.add(store);
	}

	/** Rows for the batch that appends chunks of this replica's own. */
	async rowsOf(chunks: readonly Entry[]): Promise<readonly RowWrite[]> {
		if (chunks.length === 0 || boundOf(this.#mode) === undefined) return [];
		const own = chunks.filter(isLargeChunk).map(({ common, fields }) => ({
			contentHash: common.contentHash,
			bytes: chunkPayloadLength(fields?.originalSize ?? 0),
		}));
		const ledger = await this.#listed();
		ledger.add(own);
		return ledger.rowsOf(own);
	}

	/** Payloads of chunks that are lacking here, by contentHash, as far as a source has them. Each is fetched once and kept. */
	async fetch(
		contentHashes: readonly string[],
		also?: ContentAddressedStore,
		silent?: Set<ContentAddressedStore>,
	): Promise<Map<string, Uint8Array>> {
		const fresh = [...new Set(contentHashes)].filter((contentHash) => !this.#coming.has(contentHash));
		if (fresh.length > 0) {
			const coming = this.#find(fresh, also, silent);
			for (const contentHash of fresh) {
				const one = coming.then((found) => found.get(contentHash));
				const ended = () => this.#coming.delete(contentHash);
				one.then(ended, ended);
				this.#coming.set(contentHash, one);
			}
		}
		const found = new Map<string, Uint8Array>();
		const waiting = contentHashes.map(async (contentHash) => {
			const payload = await this.#coming.get(contentHash);
			if (payload !== undefined) found.set(contentHash, payload);
		});
		await Promise.all(waiting);
		return found;
	}

	/** Notes what was read. */
	async touch(contentHashes: readonly string[]): Promise<void> {
		if (boundOf(this.#mode) === undefined) return;
		try {
			await (await this.#listed()).touch(contentHashes);
		} catch (error) {
			// What was read is read all the same.
			this.#parts.env.log("warn", "a reading of attachments could not be noted", { error: nameOfError(error) });
		}
	}

	/**
	 * Fetches what this replica is to hold: everything, or what pinned documents need; with `docId` what that document needs.
	 * @throws the reason of `signal`.
	 */
	async fetchAll(options: FetchOptions, also?: ContentAddressedStore): Promise<FetchResult> {
		const lacking = await this.#wanted(options.docId);
		// One that says it has everything and gives no answer is waited for once, and not for every group.
		const silent = new Set<ContentAddressedStore>();
		const result = await fetchLacking(lacking, {
			options,
			held: (contentHashes) => this.#sources.held(contentHashes, also, silent),
			fetch: (contentHashes) => this.fetch(contentHashes, also, silent),
		});
		await this.makeRoom(also);
		return result;
	}

	/** Whether `fetchAll` would find anything to fetch. */
	async lacks(): Promise<boolean> {
		return isAny(await this.#wanted(undefined));
	}

	/** What this replica is to hold and lacks. */
	async lacking(): Promise<LackingContents> {
		return countOf(await this.#wanted(undefined));
	}

	async pin(docId: string, options: FetchOptions): Promise<FetchResult> {
		await this.#pins.add(docId);
		return this.fetchAll({ ...options, docId });
	}

	async unpin(docId: string): Promise<void> {
		await this.#pins.remove(docId);
		this.#stay.clear();
		await this.makeRoom();
	}

	async pinned(): Promise<string[]> {
		return [...(await this.#pins.all())].sort();
	}

	/** After a transfer with another store, which may have taken what only this replica had. */
	async levelled(remote: ContentAddressedStore, options: FetchOptions, way: "pull" | "push"): Promise<void> {
		this.#stay.clear();
		if (way === "pull") await this.fetchAll(options, remote);
		else await this.makeRoom(remote);
	}

	/** Drops what was read longest ago until the rest is within the bound, as far as others keep it. */
	async makeRoom(also?: ContentAddressedStore): Promise<void> {
		const bound = boundOf(this.#mode);
		if (bound === undefined) return;
		while (this.#making !== undefined) await this.#making.catch(() => undefined);
		this.#making = this.#dropDownTo(bound, also);
		try {
			await this.#making;
		} finally {
			this.#making = undefined;
		}
	}

	/** A document is purged: what that takes is struck out of the ledger when room is made. */
	async purged(docId: string): Promise<void> {
		if ((await this.#pins.all()).has(docId)) await this.#pins.remove(docId);
	}

	async close(): Promise<void> {
		await Promise.allSettled(this.#coming.values());
		await this.#making?.catch(() => undefined);
		await (await this.#ledger)?.flush();
	}

	async #find(
		contentHashes: readonly string[],
		also: ContentAddressedStore | undefined,
		silent: Set<ContentAddressedStore> | undefined,
	): Promise<Map<string, Uint8Array>> {
		const found = await this.#sources.find(contentHashes, also, silent);
		const contents = [...found].map(([contentHash, payload]) => ({ contentHash, payload }));
		if (contents.length === 0) return found;
		const bounded = boundOf(this.#mode) !== undefined;
		const sizes = contents.map(({ contentHash, payload }) => ({ contentHash, bytes: payload.length }));
		const ledger = bounded ? await this.#listed() : undefined;
		await this.#parts.store.contents.put(contents, { rows: ledger?.rowsOf(sizes) ?? [] });
		ledger?.add(sizes);
		// Whoever reads does not wait for it, and has its bytes whatever becomes of them.
		this.makeRoom(also).catch((error) => {
			this.#parts.env.log("warn", "no room could be made for attachments", { error: nameOfError(error) });
		});
		return found;
	}

	async #wanted(docId: string | undefined): Promise<AsyncIterable<readonly LackingContent[]>> {
		const { store } = this.#parts;
		if (docId !== undefined) return lackingOfDocument(store, [docId]);
		return this.#mode === "eager"
			? lackingOf(store, { ofDocument: false })
			: lackingOfDocument(store, [...(await this.#pins.all())]);
	}

	#listed(): Promise<HeldLedger> {
		this.#ledger ??= HeldLedger.load(this.#parts.store).catch((error) => {
			this.#ledger = undefined;
			throw error;
		});
		return this.#ledger;
	}

	async #dropDownTo(bound: number, also: ContentAddressedStore | undefined): Promise<void> {
		const ledger = await this.#listed();
		const { contents } = this.#parts.store;
		while (ledger.bytes > bound) {
			const candidates: string[] = [];
			let excess = ledger.bytes - bound;
			for (const contentHash of ledger.oldest()) {
				if (excess <= 0 || candidates.length >= candidatesPerLook) break;
				if (this.#stay.has(contentHash)) continue;
				candidates.push(contentHash);
				excess -= ledger.bytesOf(contentHash);
			}
			if (candidates.length === 0) return;
			const present = await contents.has(candidates);
			// A purge took them.
			const erased = candidates.filter((_, index) => !present[index]);
			await ledger.remove(erased);
			const free = await this.#unpinned(candidates.filter((_, index) => present[index]));
			const dropped = await contents.drop([...(await this.#sources.kept(free, also))]);
			await ledger.remove(dropped);
			const gone = new Set([...erased, ...dropped]);
			for (const contentHash of candidates) if (!gone.has(contentHash)) this.#stay.add(contentHash);
		}
	}

	/** Those that no pinned document needs, each with the entries that need it. */
	async #unpinned(contentHashes: readonly string[]): Promise<Map<string, readonly string[]>> {
		const pins = await this.#pins.all();
		const free = new Map<string, readonly string[]>();
		for (const contentHash of contentHashes) {
			const entries = await this.#parts.store.contents.entriesOf(contentHash);
			if (entries.some((entry) => pins.has(linkOf(entry).docId))) continue;
			free.set(
				contentHash,
				entries.map(({ hash }) => hash),
			);
		}
		return free;
	}
}
