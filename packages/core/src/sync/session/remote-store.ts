import type { Crypto } from "../../crypto/crypto.js";
import type { StoredEntry } from "../../entry/entry.js";
import { FormatError, StoreError, TransportError, UsageError } from "../../errors.js";
import type { RecentEntries, RecentOptions } from "../../store/recent-entries.js";
import type {
	ContentAddressedStore,
	DependencyOptions,
	FindOptions,
	FoundEntries,
	HeldContentsOptions,
	Page,
	PageOptions,
	PutReport,
	StoreIdentity,
	StorePosition,
} from "../../store/store.js";
import { pageBytes } from "../levelling/pages.js";
import { mostEntries as mostRunEntries, packRun, unpackRun } from "../wire/entry-run.js";
import type { AnnouncedContent } from "../wire/generated/sync_pb.js";
import {
	type Announcement,
	announcementOf,
	hashesOf,
	numberOf,
	pageOf,
	positionOf,
	type ReceivedPage,
	reportOf,
	required,
	wireHashes,
	wireResolve,
} from "../wire/terms.js";
import type { Announced } from "./announced.js";
import type { ArrivingPayloads } from "./arriving-payloads.js";
import { offeringsOf } from "./offerings.js";
import type { AnswerKind, AnswerOf, Question, Requests } from "./requests.js";
import { announcedBytes, wholeEntries } from "./whole-entries.js";

/** Hashes of one question. */
const mostHashes = 8192;
/** Hashes of one question that is answered by entries. */
const mostEntries = 256;
const pageArrivals = 256;
/** Bytes of the runs that are taken together of what the other side announced, and a page more. */
const joinedBytes = 128 * 1024;
/** Places of the other side's history that are kept. */
const keptDigests = 8;

export interface RemoteStoreParts {
	readonly crypto: Crypto;
	readonly requests: Requests;
	/** Of the store in this session. */
	readonly number: number;
	readonly identity: StoreIdentity;
	/** The public key that the channel proved, hex. */
	readonly peer: string;
	readonly announced: Announced;
	readonly arriving: ArrivingPayloads;
	/** Positions that this side remembers and the other one's history goes through. */
	readonly passed: StorePosition | undefined;
	/** Told of what the other side gave. */
	readonly onGiven: (entries: readonly StoredEntry[], announcedBytes: number) => void;
}

/** A store at the other end of a session. What it says is as true as its peer. */
export class RemoteStore implements ContentAddressedStore {
	/** The other side cuts pages by their bytes; each costs a question, a batch of the store and a run's tables. */
	readonly pageEntries = mostRunEntries;
	readonly #parts: RemoteStoreParts;
	/** Places of its history that are known without asking. */
	readonly #digests = new Map<number, string>();
	/** The next page, on its way while the one before is stored. */
	#ahead: { readonly after: number; readonly options: string; readonly page: Promise<Page> } | undefined;

	constructor(parts: RemoteStoreParts) {
		this.#parts = parts;
		if (parts.passed !== undefined) this.passes(parts.passed);
	}

	/** The public key of who speaks, hex. */
	get peer(): string {
		return this.#parts.peer;
	}

	async identity(): Promise<StoreIdentity> {
		return this.#parts.identity;
	}

	/** From here on `position` asks the other side, also where it tells by itself: what it tells may be on its way. */
	askAnew(): void {
		this.#parts.announced.forgetPosition();
	}

	async position(): Promise<StorePosition> {
		const { announced } = this.#parts;
		if (announced.position === undefined) {
			const { position } = await this.#ask({ case: "position", value: true }, "where");
			announced.stands(positionOf(required(position)));
		}
		const position = announced.position as StorePosition;
		this.passes(position);
		return position;
	}

	async entriesAfter(arrival: number, options: PageOptions = {}): Promise<Page> {
		const { limit = pageArrivals } = options;
		const digest = limit === 0 ? this.#digests.get(arrival) : undefined;
		if (digest !== undefined) return { arrivals: [], damaged: [], next: arrival, digest };
		const whole = options.payload !== false && limit > 0;
		const page = (whole && (await this.#given(arrival, options))) || (await this.#read(arrival, options));
		if (whole) this.#readAhead(page, arrival, options);
		return page;
	}

	/** Pages that wait go together: whoever edits faster than they are stored here announces each edit in one of its own. */
	async #given(after: number, options: PageOptions): Promise<Page | undefined> {
		const { limit = pageArrivals } = options;
		let joined: Page | undefined;
		for (let bytes = 0; bytes < joinedBytes; ) {
			const at = joined?.next ?? after;
			const left = after + limit - at;
			const waiting = left > 0 ? this.#parts.announced.take(at, left) : undefined;
			if (waiting === undefined) break;
			bytes += waiting.run.length;
			const page = await this.#took(await pageOf(this.#parts.crypto, waiting, at), at, { ...options, limit: left });
			joined = joined === undefined ? page : joinPages(joined, page);
		}
		return joined;
	}

	async #read(after: number, options: PageOptions): Promise<Page> {
		const ahead = this.#ahead;
		this.#ahead = undefined;
		if (ahead?.after === after && ahead.options === JSON.stringify(options)) return ahead.page;
		return this.#fetch(after, options);
	}

	async #fetch(after: number, options: PageOptions): Promise<Page> {
		const { limit = pageArrivals, maxBytes = pageBytes, payload = true, contents = true } = options;
		const value = {
			after: BigInt(after),
			limit,
			maxBytes: Math.min(maxBytes, 2 ** 32 - 1),
			withoutPayload: !payload,
			withoutContents: !contents,
		};
		const page = await this.#ask({ case: "read", value }, "page");
		return this.#took(await pageOf(this.#parts.crypto, page, after), after, options);
	}

	/** @throws {FormatError} when the page is not what was asked for. */
	async #took({ contents, ...page }: ReceivedPage, after: number, options: PageOptions): Promise<Page> {
		const { limit = pageArrivals, maxBytes } = options;
		const last = page.arrivals.at(-1)?.arrival ?? after;
		if (page.next < after || page.next - after > limit || last > page.next) {
			throw new FormatError("page: beyond what was asked for", { expected: after + limit, found: page.next });
		}
		this.passes({ arrival: page.next, digest: page.digest });
		const given = page.arrivals.map(({ entry }) => entry);
		const entries = await this.#whole(given, contents, maxBytes);
		return {
			...page,
			arrivals: page.arrivals.map(({ arrival }, index) => ({ arrival, entry: entries[index] as StoredEntry })),
		};
	}

	/** Takes note of what the other side gave, and fetches what it announced with it. */
	async #whole(
		entries: readonly StoredEntry[],
		announced: readonly Announcement[],
		mostBytes = pageBytes,
	): Promise<readonly StoredEntry[]> {
		const { arriving, requests, number, onGiven } = this.#parts;
		onGiven(entries, announcedBytes(announced));
		return wholeEntries(entries, announced, {
			mostBytes,
			fetch: async () => {
				const payloads = await arriving.fetch(number, announced);
				// An entry that only its end has cut off is not one whose payload is missing there.
				if (payloads.size < announced.length && requests.ended) {
					throw new TransportError("the session has ended", { retryable: true });
				}
				return payloads;
			},
		});
	}

	/** Its history goes through a position: levelling asks again about places where it stood last. */
	passes({ arrival, digest }: StorePosition): void {
		this.#digests.delete(arrival);
		this.#digests.set(arrival, digest);
		for (const oldest of this.#digests.keys()) {
			if (this.#digests.size <= keptDigests) return;
			this.#digests.delete(oldest);
		}
	}

	#readAhead(page: Page, after: number, options: PageOptions): void {
		const { position } = this.#parts.announced;
		if (page.next === after || position === undefined || page.next >= position.arrival) return;
		if (this.#ahead !== undefined || this.#parts.announced.follows(page.next)) return;
		const next = this.#fetch(page.next, options);
		// Whoever takes the page meets its error.
		next.catch(() => undefined);
		this.#ahead = { after: page.next, options: JSON.stringify(options), page: next };
	}

	async putEntries(entries: readonly StoredEntry[]): Promise<PutReport> {
		const reports: PutReport[] = [];
		for (const offering of offeringsOf(entries)) {
			const run = await packRun(this.#parts.crypto, offering);
			reports.push(reportOf(await this.#ask({ case: "put", value: run }, "report")));
		}
		return {
			stored: reports.flatMap(({ stored }) => stored),
			known: reports.flatMap(({ known }) => known),
			refused: reports.flatMap(({ refused }) => refused),
		};
	}

	async getEntries(hashes: readonly string[]): Promise<StoredEntry[]> {
		const entries: StoredEntry[] = [];
		for (let from = 0; from < hashes.length; ) {
			const wanted = hashes.slice(from, from + mostEntries);
			const value = { hashes: wireHashes(wanted) };
			const { run, covered, damaged, contents } = await this.#ask({ case: "get", value }, "entries");
			if (damaged.length > 0) throw new StoreError("the other side cannot read an entry", { code: "store-damaged" });
			entries.push(...(await this.#unpack(run, contents)));
			from += advance(covered, wanted.length);
		}
		return entries;
	}

	async entriesByHash(
		hashes: readonly string[],
		{ contents = true, maxBytes }: FindOptions = {},
	): Promise<FoundEntries> {
		const value = { hashes: wireHashes(hashes), withoutContents: !contents };
		const answer = await this.#ask({ case: "get", value }, "entries");
		const { arrivals, damaged, covered } = answer;
		const entries = await this.#unpack(answer.run, answer.contents, maxBytes);
		if (arrivals.length !== entries.length) {
			throw new FormatError("response: expected an arrival for each entry", { found: arrivals.length });
		}
		return {
			arrivals: entries.map((entry, index) => ({ arrival: numberOf(arrivals[index] ?? 0n), entry })),
			damaged: damaged.map(numberOf),
			covered: advance(covered, hashes.length),
		};
	}

	async recent({ limit = pageArrivals, maxBytes = pageBytes, ...options }: RecentOptions): Promise<RecentEntries> {
		const { before, within, dense = false } = options;
		const value = { before: BigInt(before), within: BigInt(within), limit, maxBytes, dense };
		const answer = await this.#ask({ case: "recent", value }, "recent");
		const entries = await this.#unpack(answer.run, answer.contents, maxBytes);
		const next = { before: numberOf(answer.next), within: numberOf(answer.within) };
		return { entries, next: next.before === 0 ? undefined : next };
	}

	async reconcile(message: Uint8Array): Promise<Uint8Array> {
		return this.#ask({ case: "reconcile", value: message }, "reconciled");
	}

	async hasEntries(hashes: readonly string[]): Promise<string[]> {
		return this.#inPieces(hashes, (value) => ({ case: "has", value }));
	}

	async wantsContents(hashes: readonly string[]): Promise<string[]> {
		return this.#inPieces(hashes, (value) => ({ case: "wantsContents", value }));
	}

	async hasContents(hashes: readonly string[], { lasting = false }: HeldContentsOptions = {}): Promise<string[]> {
		return this.#inPieces(hashes, (value) => ({ case: "hasContents", value: { hashes: value, lasting } }));
	}

	async getContents(hashes: readonly string[]): Promise<Uint8Array[]> {
		const contents: Uint8Array[] = [];
		for (let from = 0; from < hashes.length; ) {
			// What has come is not lost with the session.
			if (this.#parts.requests.ended && contents.length > 0) break;
			const wanted = hashes.slice(from, from + mostEntries);
			const value = { hashes: wireHashes(wanted) };
			const { announced, whole, covered } = await this.#ask({ case: "contents", value }, "contents");
			contents.push(...whole, ...(await this.#chunked(wanted, announced.map(announcementOf))));
			from += advance(covered, wanted.length);
		}
		return contents;
	}

	/** As the contract says; read page by page, so that no answer grows without bound. */
	async findNewEntries(knownHashes: readonly string[]): Promise<StoredEntry[]> {
		const known = new Set(knownHashes);
		const found: StoredEntry[] = [];
		for await (const entries of this.#everything()) found.push(...entries.filter(({ hash }) => !known.has(hash)));
		return found;
	}

	async findNewEntriesForDoc(knownHashes: readonly string[], docId: string): Promise<StoredEntry[]> {
		const found: StoredEntry[] = [];
		for (;;) {
			const known = wireHashes([...knownHashes, ...found.map(({ hash }) => hash)]);
			const { run } = await this.#ask({ case: "find", value: { known, docId } }, "entries");
			const entries = await this.#unpack(run);
			if (entries.length === 0) return found;
			found.push(...entries);
		}
	}

	async getAllHashes(): Promise<string[]> {
		const hashes: string[] = [];
		for await (const entries of this.#everything()) hashes.push(...entries.map(({ hash }) => hash));
		return hashes;
	}

	async resolveDependencies(startHash: string, options: DependencyOptions = {}): Promise<string[]> {
		const value = wireResolve(startHash, options);
		const { hashes } = await this.#ask({ case: "resolve", value }, "hashes");
		return hashesOf(hashes);
	}

	/** @throws {UsageError} Nobody erases at somebody else: a tenant asks for it in its directory. */
	async purgeDocHistory(): Promise<string[]> {
		throw new UsageError("a document of another replica is erased by a purge request in the directory");
	}

	/** Does nothing: the session ends by itself. */
	async close(): Promise<void> {}

	/** @throws {FormatError} when something was announced that was not asked for. */
	async #chunked(wanted: readonly string[], announced: readonly Announcement[]): Promise<Uint8Array[]> {
		const left = new Set(wanted);
		for (const { contentHash } of announced) {
			if (!left.delete(contentHash)) throw new FormatError("response: announces what nobody asked for");
		}
		return [...(await this.#parts.arriving.fetch(this.#parts.number, announced)).values()];
	}

	async *#everything(): AsyncGenerator<StoredEntry[]> {
		for (let after = 0; ; ) {
			const page = await this.#fetch(after, { payload: false });
			if (page.next === after) return;
			after = page.next;
			yield page.arrivals.map(({ entry }) => entry);
		}
	}

	async #unpack(
		run: Uint8Array,
		contents: readonly AnnouncedContent[] = [],
		mostBytes?: number,
	): Promise<readonly StoredEntry[]> {
		return this.#whole(await unpackRun(this.#parts.crypto, run), contents.map(announcementOf), mostBytes);
	}

	async #inPieces(hashes: readonly string[], question: (hashes: Uint8Array) => Question): Promise<string[]> {
		const found: string[] = [];
		for (let from = 0; from < hashes.length; from += mostHashes) {
			const wanted = wireHashes(hashes.slice(from, from + mostHashes));
			const { hashes: answer } = await this.#ask(question(wanted), "hashes");
			found.push(...hashesOf(answer));
		}
		return found;
	}

	#ask<K extends AnswerKind>(question: Question, expected: K): Promise<AnswerOf<K>> {
		return this.#parts.requests.ask(this.#parts.number, question, expected);
	}
}

function joinPages(first: Page, { arrivals, damaged, next, digest }: Page): Page {
	return { arrivals: [...first.arrivals, ...arrivals], damaged: [...first.damaged, ...damaged], next, digest };
}

/** @throws {FormatError} when an answer is about none of what was asked, or more. */
function advance(covered: number, asked: number): number {
	if (covered < 1 || covered > asked) {
		throw new FormatError("response: expected an answer about some of what was asked", {
			expected: asked,
			found: covered,
		});
	}
	return covered;
}
