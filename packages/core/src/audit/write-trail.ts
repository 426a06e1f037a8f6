import { toHex } from "../bytes/hex.js";
import type { Crypto, SigningKey } from "../crypto/crypto.js";
import { linkOf, type StoredEntry, stubOf } from "../entry/entry.js";
import type { Clock } from "../env.js";
import { StoreError, UsageError } from "../errors.js";
import type { Arrival, LocalStore } from "../store/store.js";
import { encodeSentence, noDigest, signedEnd, type TrailHeading, type TrailSentence } from "./trail-format.js";

/** What a trail tells of. Keys are hex. */
export interface TrailSource {
	readonly env: { readonly crypto: Crypto; readonly clock: Clock };
	readonly tenant: Pick<TrailHeading, "tenantId" | "administrationKey" | "recoveryKey">;
	readonly dbId: string;
	readonly directory: LocalStore;
	/** Of the database; `directory` when that is what the trail is about. */
	readonly store: LocalStore;
	/** Who vouches that nothing was left out; nobody on a replica without a user. */
	readonly exporter: SigningKey | undefined;
}

/**
 * Writes the trail of a database or of one document, a sentence at a time: the whole directory; the entries; and for one document the
 * links of its authors' chains, without which nobody could tell that an unsigned entry is genuine, or on which side of a revocation it lies.
 * @throws {UsageError} `not-found`. @throws {StoreError} `store-damaged`, where something would be left out.
 */
export async function* writeTrail(source: TrailSource, docId: string | undefined): AsyncGenerator<Uint8Array> {
	const { crypto } = source.env;
	let digest = noDigest;
	let count = 0;
	for await (const sentence of sentencesOf(source, docId)) {
		const encoded = await encodeSentence(crypto, digest, sentence);
		digest = encoded.digest;
		count++;
		yield encoded.bytes;
	}
	const { exporter } = source;
	const signature = exporter && (await crypto.sign(exporter, signedEnd(digest, count)));
	const end = { kind: "end", count, exporter: exporter && toHex(exporter.publicKey), signature } as const;
	yield (await encodeSentence(crypto, digest, end)).bytes;
}

async function* sentencesOf(source: TrailSource, docId: string | undefined): AsyncGenerator<TrailSentence> {
	const { env, tenant, dbId, directory, store } = source;
	const document = docId === undefined ? undefined : await store.documentNumber(docId);
	if (docId !== undefined && document === undefined) {
		throw new UsageError("there is no document with this id", { code: "not-found" });
	}
	const { tenantId, administrationKey, recoveryKey } = tenant;
	yield { kind: "heading", tenantId, administrationKey, recoveryKey, dbId, docId, exportedAt: env.clock.now() };
	yield* wholeStore(directory);
	if (store === directory) return;
	if (document === undefined) yield* wholeStore(store);
	else yield* oneDocument(env.crypto, store, document);
}

async function* wholeStore(store: LocalStore): AsyncGenerator<TrailSentence> {
	for (let at = 0; ; ) {
		const page = await store.entriesAfter(at);
		if (page.damaged.length > 0) throw damaged();
		for (const { entry } of await withPurged(store, page.arrivals, at, page.next)) yield sentenceOf(entry);
		if (page.next === at) return;
		at = page.next;
	}
}

/** What this store alone purged stands in a page for nobody; its stubs vouch for others of their chains. In order of arrival. */
async function withPurged(
	store: LocalStore,
	arrivals: readonly Arrival[],
	after: number,
	next: number,
): Promise<readonly Arrival[]> {
	if (arrivals.length === next - after) return arrivals;
	const known = new Set(arrivals.map(({ arrival }) => arrival));
	const others = Array.from({ length: next - after }, (_, i) => after + 1 + i).filter((each) => !known.has(each));
	const purged = await store.getArrivals(others, { payload: false, purged: true });
	return [...arrivals, ...purged].sort((a, b) => a.arrival - b.arrival);
}

async function* oneDocument(crypto: Crypto, store: LocalStore, document: number): AsyncGenerator<TrailSentence> {
	const told = new Set<string>();
	const named = new Set<string>();
	const authors = new Set<string>();
	const tell = (entry: StoredEntry): TrailSentence => {
		const { previousByAuthor } = linkOf(entry);
		told.add(entry.hash);
		if (previousByAuthor !== undefined) named.add(previousByAuthor);
		if (entry.kind === "entry") for (const hash of entry.fields?.dependencyHashes ?? []) named.add(hash);
		return sentenceOf(entry);
	};
	for await (const batch of store.entriesOfDocument(document)) {
		for (const { entry } of batch) {
			authors.add(linkOf(entry).createdByPublicKey);
			yield tell(entry);
		}
	}
	for (const author of authors) {
		for (const hash of await store.chainHeads(author)) named.add(hash);
		for await (const batch of store.entriesOfAuthor(author)) {
			for (const { entry } of batch) {
				if (!told.has(entry.hash)) yield tell(entry.kind === "stub" ? entry : await stubOf(crypto, entry));
			}
		}
	}
	await demandReadable(
		store,
		[...named].filter((hash) => !told.has(hash)),
	);
}

/** A damaged record is left out when a document or a chain is read; but what comes behind it names it. */
async function demandReadable(store: LocalStore, hashes: readonly string[]): Promise<void> {
	const arrivals = (await store.arrivalsOf(hashes)).filter((arrival) => arrival !== undefined);
	const read = await store.getArrivals(arrivals, { payload: false, purged: true });
	if (read.length < arrivals.length) throw damaged();
}

function damaged(): StoreError {
	return new StoreError("a record is damaged, and the trail would leave it out; `verify` names it", {
		code: "store-damaged",
	});
}

function sentenceOf(entry: StoredEntry): TrailSentence {
	const { signature } = entry;
	if (entry.kind === "stub") return { kind: "link", headerHash: entry.headerHash, link: entry.link, signature };
	return { kind: "entry", header: entry.header, signature, payload: entry.payload };
}
