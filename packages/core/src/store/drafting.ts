/**
 * The rows of one batch. A draft looks up what it needs in at most two rounds, gives every entry its place, and changes nothing
 * in memory until its rows are on disk.
 */
import { readUint, writeUint } from "../bytes/big-endian.js";
import { concatBytes } from "../bytes/concat.js";
import { fromHex } from "../bytes/hex.js";
import { asciiBytes, encodeUtf8 } from "../bytes/text.js";
import type { Crypto } from "../crypto/crypto.js";
import { type Entry, linkOf, type StoredEntry, stubOf } from "../entry/entry.js";
import { StoreError } from "../errors.js";
import { ChainChanges } from "./chains.js";
import type { Content } from "./contents.js";
import { type Context, contextRow, nameOf } from "./contexts.js";
import { listingRow } from "./listing.js";
import type { Payloads } from "./payloads.js";
import { authorOfRecord } from "./reading.js";
import { encodeRecord, isInline, payloadLength } from "./record.js";
import {
	addressKey,
	authorKey,
	chainKey,
	documentIdKey,
	documentNumberKey,
	lackingKey,
	metaKeys,
	recordKey,
	referenceKey,
	tags,
} from "./row-keys.js";
import type { RowWrite } from "./rows.js";
import type { AuthorState, StoreState } from "./state.js";
import type { Placement } from "./store.js";
import type { Table } from "./table.js";

const digestLabel = asciiBytes("mindoodb/1/arrivals\0");
const chunkCode = 4;

/** An entry that got an arrival number in this draft. */
export interface Placed {
	readonly arrival: number;
	readonly hash: string;
	readonly createdAt: number;
}

/** Where an address that was there before points. */
export interface KnownAddress {
	readonly arrival: number;
	readonly purged: boolean;
}

export interface DraftParts {
	readonly crypto: Crypto;
	readonly table: Table;
	readonly payloads: Payloads;
}

export class Draft {
	readonly #crypto: Crypto;
	readonly #table: Table;
	readonly #state: StoreState;
	readonly #payloads: Payloads;
	readonly #rows: RowWrite[] = [];
	readonly #known = new Map<string, KnownAddress>();
	readonly #placements = new Map<string, Placement>();
	readonly #contents = new Set<string>();
	readonly #newDocuments = new Map<string, number>();
	readonly #newAuthors = new Map<string, AuthorState>();
	readonly #newContexts = new Map<string, { readonly number: number; readonly context: Context }>();
	readonly #documentArrivals = new Map<number, number[]>();
	readonly #chunkArrivals = new Map<number, number[]>();
	readonly #authorArrivals = new Map<number, number[]>();
	readonly #chains = new ChainChanges();
	/** Entries of a chain that are here, as far as this batch has to know. */
	readonly #chainMembers = new Set<string>();
	#erased: ReadonlySet<string> = new Set();
	#documents = new Map<string, number>();
	#authors = new Map<string, AuthorState>();
	#digest: Uint8Array;
	readonly placed: Placed[] = [];
	/** Payloads that were not here before and belong into a place of their own. */
	readonly contents: Content[] = [];

	constructor({ crypto, table, payloads }: DraftParts, state: StoreState) {
		this.#crypto = crypto;
		this.#table = table;
		this.#payloads = payloads;
		this.#state = state;
		this.#digest = state.digest;
	}

	/** Looks up everything that placing these entries will ask for. */
	async prepare(entries: readonly StoredEntry[]): Promise<void> {
		if (entries.length === 0) return;
		const links = entries.map(linkOf);
		const hashes = [...new Set(entries.map((entry) => entry.hash))];
		const contents = new Set<string>();
		for (const entry of entries) {
			if (entry.kind === "entry" && !isInline(entry)) contents.add(entry.common.contentHash);
		}
		const contentHashes = [...contents];
		const [addresses, documents, authors, present, erased] = await Promise.all([
			this.#table.getMany(hashes.map(addressKey)),
			this.#state.documentNumbers(links.map((link) => link.docId)),
			this.#state.authorStates(links.map((link) => link.createdByPublicKey)),
			this.#payloads.has(contentHashes),
			this.#state.erasedAmong(links.map((link) => link.docId)),
		]);
		this.#erased = erased;
		this.#rememberKnown(hashes, addresses);
		this.#documents = documents;
		this.#authors = authors;
		for (const [index, exists] of present.entries()) if (exists) this.#contents.add(contentHashes[index] as string);
		await this.#prepareChains(entries);
	}

	/**
	 * Gives an entry its place and adds its rows; an address that is known keeps the place that it has. What belongs to a document that
	 * was erased is kept as its stub.
	 * @param options `mayLack`: whether a chunk may come without its payload.
	 */
	async place(entry: StoredEntry, { mayLack = false }: { readonly mayLack?: boolean } = {}): Promise<Placement> {
		const { hash } = entry;
		const link = linkOf(entry);
		const before = this.#placements.get(hash);
		if (before !== undefined) return { ...before, fork: false };
		const known = this.#known.get(hash);
		if (known !== undefined) {
			return { hash, arrival: known.arrival, document: this.#documents.get(link.docId) ?? 0, fork: false };
		}
		const arrival = this.#state.arrival + this.placed.length + 1;
		this.#digest = await runningDigest(this.#crypto, this.#digest, hash);
		const document = this.#documentOf(link.docId);
		const author = this.#authorOf(link.createdByPublicKey);
		const kept = this.#erased.has(link.docId) && entry.kind === "entry" ? await stubOf(this.#crypto, entry) : entry;
		const context = kept.kind === "entry" ? this.#contextOf(kept) : 0;
		this.#put(recordKey(arrival), encodeRecord(kept, this.#digest, context));
		this.#put(addressKey(hash), writtenArrival(arrival));
		if (kept.kind === "entry" && !isInline(kept)) this.#putContent(kept, arrival, mayLack);
		if (isChunk(entry)) listOf(this.#chunkArrivals, document).push(arrival);
		else {
			listOf(this.#documentArrivals, document).push(arrival);
			listOf(this.#authorArrivals, author.number).push(arrival);
		}
		const fork = this.#linkUp(entry, author);
		const placement = { hash, arrival, document, fork };
		this.#placements.set(hash, placement);
		this.placed.push({ arrival, hash, createdAt: link.createdAt });
		return placement;
	}

	/** Where an address points, when it was there before or was placed already. */
	known(hash: string): KnownAddress | undefined {
		const placement = this.#placements.get(hash);
		return placement === undefined ? this.#known.get(hash) : { arrival: placement.arrival, purged: false };
	}

	/** Running digest behind the last entry placed. */
	get digest(): Uint8Array {
		return this.#digest;
	}

	/** Everything to write for the entries placed so far, but `contents`. */
	rows(): RowWrite[] {
		const rows = [...this.#rows];
		for (const [document, arrivals] of this.#documentArrivals)
			rows.push(listingRow(tags.documentListing, document, arrivals));
		for (const [document, arrivals] of this.#chunkArrivals)
			rows.push(listingRow(tags.chunkListing, document, arrivals));
		for (const [author, arrivals] of this.#authorArrivals) rows.push(listingRow(tags.authorListing, author, arrivals));
		if (this.#newAuthors.size > 0) {
			rows.push({
				type: "put",
				key: metaKeys.authorCount,
				value: u32(this.#state.authorCount + this.#newAuthors.size),
			});
		}
		return rows.concat(this.#chains.rows());
	}

	/** Takes over into the state what is on disk now. */
	commit(): void {
		const state = this.#state;
		state.arrival += this.placed.length;
		state.digest = this.#digest;
		for (const [docId, number] of this.#newDocuments) state.documents.set(docId, number);
		state.documentCount += this.#newDocuments.size;
		for (const [publicKey, author] of this.#newAuthors) state.authors.set(publicKey, author);
		state.authorCount += this.#newAuthors.size;
		for (const { number, context } of this.#newContexts.values()) state.contexts.add(number, context);
		this.#chains.commit();
	}

	#rememberKnown(hashes: readonly string[], addresses: readonly (Uint8Array | undefined)[]): void {
		for (const [index, value] of addresses.entries()) {
			if (value !== undefined) this.#known.set(hashes[index] as string, readAddress(value));
		}
	}

	/** Heads and gaps that are not certain from memory: none while an author goes on where it stopped. */
	async #prepareChains(entries: readonly StoredEntry[]): Promise<void> {
		const own = new Set(entries.map((entry) => entry.hash));
		const asked: { readonly tag: number; readonly author: AuthorState; readonly hash: string }[] = [];
		const predecessors = new Set<string>();
		for (const entry of entries) {
			const { createdByPublicKey, previousByAuthor } = linkOf(entry);
			const author = this.#authors.get(createdByPublicKey);
			if (author === undefined) {
				if (previousByAuthor !== undefined) predecessors.add(previousByAuthor);
				continue;
			}
			const gaps = await this.#state.mayHaveGaps(author);
			if (gaps) asked.push({ tag: tags.gap, author, hash: entry.hash });
			if (previousByAuthor === undefined) continue;
			if (gaps) asked.push({ tag: tags.gap, author, hash: previousByAuthor });
			const placedHere = own.has(previousByAuthor) && !this.#known.has(previousByAuthor);
			if (placedHere || author.lastHead === previousByAuthor) continue;
			asked.push({ tag: tags.head, author, hash: previousByAuthor });
			predecessors.add(previousByAuthor);
		}
		const unknown = [...predecessors].filter((hash) => !this.#known.has(hash) && !own.has(hash));
		const keys = asked.map(({ tag, author, hash }) => chainKey(tag, author.number, hash));
		const values = await this.#table.getMany([...keys, ...unknown.map(addressKey)]);
		for (const [index, { tag, author, hash }] of asked.entries()) {
			this.#chains.state(tag, author, hash, values[index] !== undefined);
		}
		this.#rememberKnown(unknown, values.slice(keys.length));
		await this.#prepareForks(
			asked.filter(({ tag, hash }, index) => tag === tags.head && values[index] === undefined && this.#known.has(hash)),
		);
	}

	/** Moves the heads of the author's chain. @returns whether the entry forks it. */
	#linkUp(entry: StoredEntry, author: AuthorState): boolean {
		const { hash } = entry;
		const { previousByAuthor } = linkOf(entry);
		if (isChunk(entry)) return false;
		this.#chainMembers.add(memberName(hash, author));
		if (this.#chains.has(tags.gap, author, hash)) this.#chains.set(tags.gap, author, hash, false);
		else this.#chains.set(tags.head, author, hash, true);
		if (previousByAuthor === undefined) return false;
		if (this.#chains.has(tags.head, author, previousByAuthor)) {
			this.#chains.set(tags.head, author, previousByAuthor, false);
			this.#chainMembers.add(memberName(previousByAuthor, author));
			return false;
		}
		// Here and no head, so named before.
		if (this.#chainMembers.has(memberName(previousByAuthor, author))) return true;
		const fork = this.#chains.has(tags.gap, author, previousByAuthor);
		this.#chains.set(tags.gap, author, previousByAuthor, true);
		return fork;
	}

	/** Which of the predecessors that are here and no heads are their namer's own: the rare case of a fork. */
	async #prepareForks(asked: readonly { readonly author: AuthorState; readonly hash: string }[]): Promise<void> {
		const values = await this.#table.getMany(
			asked.map(({ hash }) => recordKey((this.#known.get(hash) as KnownAddress).arrival)),
		);
		for (const [index, { author, hash }] of asked.entries()) {
			const value = values[index];
			if (value === undefined) continue;
			const writer = await this.#authorOfRecord(value);
			if (writer === author.number) this.#chainMembers.add(memberName(hash, author));
		}
	}

	async #authorOfRecord(value: Uint8Array): Promise<number | undefined> {
		const author = await authorOfRecord(this.#state.contexts, value);
		if (author === undefined) return undefined;
		return (this.#authors.get(author) ?? (await this.#state.authorStates([author])).get(author))?.number;
	}

	#documentOf(docId: string): number {
		const known = this.#documents.get(docId) ?? this.#newDocuments.get(docId);
		if (known !== undefined) return known;
		const number = this.#state.documentCount + this.#newDocuments.size + 1;
		this.#newDocuments.set(docId, number);
		this.#put(documentNumberKey(docId), u32(number));
		this.#put(documentIdKey(number), encodeUtf8(docId));
		return number;
	}

	#authorOf(publicKey: string): AuthorState {
		const known = this.#authors.get(publicKey) ?? this.#newAuthors.get(publicKey);
		if (known !== undefined) return known;
		const number = this.#state.authorCount + this.#newAuthors.size + 1;
		const author: AuthorState = { number, mayHaveGaps: false, lastHead: undefined };
		this.#newAuthors.set(publicKey, author);
		this.#put(authorKey(publicKey), u32(number));
		return author;
	}

	#contextOf(entry: Entry): number {
		const { fields } = entry;
		if (fields === undefined) return 0;
		const { createdByPublicKey, decryptionKeyId, keyCommitment, directoryHeads } = fields;
		const context = { createdByPublicKey, decryptionKeyId, keyCommitment, directoryHeads };
		const name = nameOf(context);
		const known = this.#state.contexts.numberOf(context) ?? this.#newContexts.get(name)?.number;
		if (known !== undefined) return known;
		const number = this.#state.contexts.count + this.#newContexts.size + 1;
		this.#newContexts.set(name, { number, context });
		this.#rows.push(contextRow(number, context));
		return number;
	}

	#putContent(entry: Entry, arrival: number, mayLack: boolean): void {
		const { contentHash } = entry.common;
		if (!this.#contents.has(contentHash)) {
			if (entry.payload === undefined && !mayLack) {
				throw new StoreError("store: the bytes that were staged for the entry are gone", { hash: entry.hash });
			}
			if (entry.payload === undefined) {
				this.#rows.push(lackingRow(contentHash, payloadLength(entry), { ofDocument: !isChunk(entry) }));
			} else {
				this.contents.push({ contentHash, payload: entry.payload });
				this.#contents.add(contentHash);
			}
		}
		this.#put(referenceKey(contentHash, arrival), new Uint8Array(0));
	}

	#put(key: Uint8Array, value: Uint8Array): void {
		this.#rows.push({ type: "put", key, value });
	}
}

/** Chunks are in no author's chain and judged with no document, so they stand in a listing of their own. */
function isChunk(entry: StoredEntry): boolean {
	return (
		entry.kind === "entry" && entry.common.entryTypeCode === chunkCode && entry.common.previousByAuthor === undefined
	);
}

/** SHA-256("mindoodb/1/arrivals" ‖ 00 ‖ digest before ‖ hash)[0..16]. Source: docs/sync.md, "Conversation". */
export async function runningDigest(crypto: Crypto, before: Uint8Array, hash: string): Promise<Uint8Array> {
	return (await crypto.sha256(concatBytes(digestLabel, before, fromHex(hash, 32)))).slice(0, 16);
}

function memberName(hash: string, author: AuthorState): string {
	return `${author.number} ${hash}`;
}

/** Value of an address row. */
export function readAddress(value: Uint8Array): KnownAddress {
	return { arrival: readUint(value, 0, 6), purged: value.length > 6 };
}

/** @param purged whether the entry was erased. */
export function writtenArrival(arrival: number, purged = false): Uint8Array {
	const value = new Uint8Array(purged ? 7 : 6);
	writeUint(value, 0, arrival, 6);
	if (purged) value[6] = 1;
	return value;
}

/** The row of a payload that is not here: its length(4), and behind it 01 when it is an entry's of a document. @param bytes its length. */
export function lackingRow(
	contentHash: string,
	bytes: number,
	{ ofDocument = false }: { readonly ofDocument?: boolean } = {},
): RowWrite {
	const value = ofDocument ? concatBytes(u32(bytes), Uint8Array.of(1)) : u32(bytes);
	return { type: "put", key: lackingKey(contentHash), value };
}

function u32(value: number): Uint8Array {
	const bytes = new Uint8Array(4);
	writeUint(bytes, 0, value, 4);
	return bytes;
}

function listOf(lists: Map<number, number[]>, owner: number): number[] {
	const list = lists.get(owner) ?? [];
	lists.set(owner, list);
	return list;
}
