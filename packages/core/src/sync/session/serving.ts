import type { MessageInitShape } from "@bufbuild/protobuf";
import { toHex } from "../../bytes/hex.js";
import type { Crypto } from "../../crypto/crypto.js";
import type { StoredEntry } from "../../entry/entry.js";
import { FormatError, StoreError, VerifyError } from "../../errors.js";
import type { ContentAddressedStore } from "../../store/store.js";
import type { LevelledStore } from "../host.js";
import { replicaParameters } from "../negentropy/parameters.js";
import { storeIndex } from "../negentropy/record-index.js";
import { respond } from "../negentropy/responder.js";
import { packRun, unpackRun } from "../wire/entry-run.js";
import type { Find, Get, Recent, Request, ResponseSchema } from "../wire/generated/sync_pb.js";
import { mostMessageBytes } from "../wire/messages.js";
import {
	dependencyOptionsOf,
	hashesOf,
	numberOf,
	wireAnnouncement,
	wireHashes,
	wirePosition,
	wireReport,
} from "../wire/terms.js";
import type { GivenPayloads } from "./given-payloads.js";
import type { SessionLimits } from "./limits.js";
import type { Telling } from "./telling.js";
import { packPage, roomFor } from "./wire-page.js";

type Reply = NonNullable<MessageInitShape<typeof ResponseSchema>["kind"]>;
export type StoreQuestion = Exclude<Request["kind"], { case: undefined }>;

/** Arrivals of one page, as many as a run holds; bytes cut most pages before. */
const mostArrivals = 4096;
/** Entries of one answer by recency. */
const mostRecent = 1024;
/** Hashes of one question. */
const mostHashes = 16_384;
/** Entries of one question by hash. */
const mostEntries = 256;

export interface ServedStore {
	readonly store: LevelledStore;
	/** How far the other side is told what is here. */
	readonly telling: Telling;
	/** Told of entries that the other side has given. */
	readonly onGiven: (entries: readonly StoredEntry[]) => void;
}

/** Answers what the other side asks about one store. */
export class Serving {
	readonly #crypto: Crypto;
	readonly #limits: SessionLimits;
	readonly #payloads: GivenPayloads;

	constructor(crypto: Crypto, limits: SessionLimits, payloads: GivenPayloads) {
		this.#crypto = crypto;
		this.#limits = limits;
		this.#payloads = payloads;
	}

	/** @throws {FormatError} when the question is wrong, {MindooError} when it cannot be answered. */
	async answer(served: ServedStore, question: StoreQuestion): Promise<Reply> {
		const { store } = served;
		switch (question.case) {
			case "read": {
				const { after, limit, maxBytes, withoutPayload, withoutContents } = question.value;
				const from = numberOf(after);
				const options = {
					limit: Math.min(limit, mostArrivals),
					maxBytes: Math.min(maxBytes, this.#limits.pageBytes),
					payload: !withoutPayload,
					contents: !withoutContents,
				};
				const goesOn = options.payload && options.limit > 0 && served.telling.goesOn(from);
				const { page, packed } = await packPage(store, this.#crypto, from, {
					...options,
					payloads: this.#payloads,
					...(goesOn && { skip: served.telling.skip }),
				});
				if (goesOn) served.telling.wasRead(page);
				return { case: "page", value: packed };
			}
			case "position": {
				const position = await store.position();
				served.telling.wasAsked(position.arrival);
				return { case: "where", value: { position: wirePosition(position) } };
			}
			case "has":
				return hashes(await store.hasEntries(asked(question.value)));
			case "get":
				return this.#get(served, question.value);
			case "put": {
				const entries = await unpackRun(this.#crypto, question.value);
				served.onGiven(entries);
				return { case: "report", value: wireReport(await store.putEntries(entries)) };
			}
			case "contents":
				asked(question.value.hashes, mostEntries);
				return { case: "contents", value: await this.#payloads.answer(store, question.value) };
			case "hasContents": {
				const { hashes: wanted, lasting } = question.value;
				// Without this call the store holds what its entries come with: nothing is known of it.
				return hashes((await store.hasContents?.(asked(wanted), { lasting })) ?? []);
			}
			case "wantsContents":
				return hashes((await store.wantsContents?.(asked(question.value))) ?? asked(question.value));
			case "recent":
				return this.#recent(served, question.value);
			case "reconcile":
				return { case: "reconciled", value: await this.#reconcile(store, question.value) };
			case "resolve":
				return hashes(
					await store.resolveDependencies(toHex(question.value.start), dependencyOptionsOf(question.value)),
				);
			case "find":
				return this.#find(store, question.value);
			default:
				throw new VerifyError("the other side may not ask for that");
		}
	}

	async #reconcile(store: LevelledStore, message: Uint8Array): Promise<Uint8Array> {
		if ("recordsAt" in store) {
			return respond({ crypto: this.#crypto, index: storeIndex(store), parameters: replicaParameters }, message);
		}
		return store.reconcile(message);
	}

	async #get(
		{ store, telling }: ServedStore,
		{ hashes: wanted, withoutPayload, withoutContents }: Get,
	): Promise<Reply> {
		const all = asked(wanted, mostEntries);
		const options = { maxBytes: this.#limits.pageBytes, contents: !withoutContents };
		const { arrivals, damaged, covered } = await store.entriesByHash(all, options);
		const numbers = new Map(arrivals.map(({ entry, arrival }) => [entry.hash, arrival]));
		const found = arrivals.map(({ entry }) => entry);
		if (!withoutPayload) telling.wasGiven(found.length);
		return this.#entries(all.slice(0, covered), found, withoutPayload, { numbers, damaged });
	}

	async #find(store: ContentAddressedStore, { known, docId }: Find): Promise<Reply> {
		const found = await store.findNewEntriesForDoc(asked(known), docId);
		const some = found.slice(0, mostEntries);
		return this.#entries(
			some.map(({ hash }) => hash),
			some,
			true,
		);
	}

	/** As many as fit into a message. */
	async #recent({ store, telling }: ServedStore, asked: Recent): Promise<Reply> {
		const place = { before: numberOf(asked.before), within: numberOf(asked.within), dense: asked.dense };
		const maxBytes = Math.min(asked.maxBytes, this.#limits.pageBytes);
		for (let limit = Math.min(asked.limit, mostRecent); ; limit = Math.floor(limit / 2)) {
			const found = (await store.recent?.({ ...place, limit, maxBytes })) ?? { entries: [], next: undefined };
			const { entries, contents } = this.#payloads.announceWith(found.entries);
			const run = await packRun(this.#crypto, entries);
			if (run.length + roomFor(contents) <= mostMessageBytes) {
				telling.wasGiven(entries.length);
				const { before = 0, within = 0 } = found.next ?? {};
				const next = { next: BigInt(before), within: BigInt(within) };
				return { case: "recent", value: { run, contents: contents.map(wireAnnouncement), ...next } };
			}
			if (limit <= 1) throw new StoreError("an entry is too large for a message", { found: run.length });
		}
	}

	/** As many as fit into a message. */
	async #entries(
		wanted: readonly string[],
		found: readonly StoredEntry[],
		withoutPayload: boolean,
		{
			numbers,
			damaged = [],
		}: { readonly numbers?: ReadonlyMap<string, number>; readonly damaged?: readonly number[] } = {},
	): Promise<Reply> {
		for (let count = found.length; ; count = Math.floor(count / 2)) {
			const some = found.slice(0, count);
			const { entries, contents } = withoutPayload
				? { entries: some.map(bare), contents: [] }
				: this.#payloads.announceWith(some);
			const run = await packRun(this.#crypto, entries);
			const rest = found[count];
			const covered = rest === undefined ? wanted.length : wanted.indexOf(rest.hash);
			if (run.length + roomFor(contents) <= mostMessageBytes) {
				const arrivals = entries.map(({ hash }) => BigInt(numbers?.get(hash) ?? 0));
				const value = { run, covered, damaged: damaged.map(BigInt), contents: contents.map(wireAnnouncement) };
				return { case: "entries", value: { ...value, ...(numbers !== undefined && { arrivals }) } };
			}
			if (count <= 1) throw new StoreError("an entry is too large for a message", { found: run.length });
		}
	}
}

function asked(bytes: Uint8Array, most = mostHashes): string[] {
	if (bytes.length > most * 32) {
		throw new FormatError("request: too many hashes", { code: "limit", expected: most, found: bytes.length / 32 });
	}
	return hashesOf(bytes);
}

function hashes(found: readonly string[]): Reply {
	return { case: "hashes", value: { hashes: wireHashes(found) } };
}

function bare(entry: StoredEntry): StoredEntry {
	return entry.kind === "stub" ? entry : { ...entry, payload: undefined };
}
