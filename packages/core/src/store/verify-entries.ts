/**
 * Checks of entries that others offer: form, address, payload, database, signature, author chain. Nothing that the caller states
 * beside the bytes is believed. What does not pass gets no record, so that junk cannot take the place of a genuine entry.
 *
 * Source: docs/entry-format.md, "Header" and "Author chains".
 */
import { fromHex, toHex } from "../bytes/hex.js";
import type { Crypto } from "../crypto/crypto.js";
import { BuiltEntry } from "../entry/built-entry.js";
import { type Entry, hashEntry, linkOf, parseEntry, type StoredEntry, type Stub, signedBytes } from "../entry/entry.js";
import { checkId } from "../entry/header.js";
import { limits } from "../entry/limits.js";
import { checkPayload } from "../entry/payload.js";
import { FormatError } from "../errors.js";
import { isLargeChunk, liesAsHeaderSays } from "./record.js";
import type { Refusal } from "./store.js";

/** Addresses and payloads that are hashed at once. */
const chunkSize = 256;
const chunkCode = 4;

export interface VerifyContext {
	readonly crypto: Crypto;
	readonly tenantRoot: string;
	readonly dbId: string;
	/** Whether entries of documents may come without their payloads. */
	readonly headersAlone: boolean;
	/**
	 * Which of these addresses need no check, because they are here already or were purged.
	 * @param hashes recomputed ones.
	 */
	readonly settled: (hashes: readonly string[]) => Promise<ReadonlySet<string>>;
	/** Which of these unsigned entries an entry of the same author that is stored here names as predecessor. */
	readonly vouched: (entries: readonly StoredEntry[]) => Promise<ReadonlySet<string>>;
}

export interface Verified {
	/** Whole, genuine, signed or vouched for, in the order offered; without what `settled` named. */
	readonly entries: readonly StoredEntry[];
	/** Entries whose addresses `settled` named; their payloads are not checked. */
	readonly settled: readonly StoredEntry[];
	readonly refused: readonly Refusal[];
}

interface Candidate {
	readonly entry: StoredEntry;
	refusal?: Refusal;
}

export async function verifyEntries(offered: readonly StoredEntry[], context: VerifyContext): Promise<Verified> {
	const refused: Refusal[] = [];
	const candidates: Candidate[] = [];
	for (let start = 0; start < offered.length; start += chunkSize) {
		const parsed = await Promise.all(offered.slice(start, start + chunkSize).map((each) => checkForm(each, context)));
		for (const each of parsed) {
			if ("reason" in each) refused.push(each);
			else candidates.push({ entry: each });
		}
	}
	const settled = await context.settled(candidates.map(({ entry }) => entry.hash));
	const fresh = candidates.filter(({ entry }) => !settled.has(entry.hash));
	checkAlone(fresh, context.headersAlone);
	await checkPayloads(fresh, context.crypto);
	await checkSignatures(fresh, context.crypto);
	await checkChains(fresh, context);
	for (const { refusal } of fresh) if (refusal !== undefined) refused.push(refusal);
	return {
		entries: fresh.flatMap(({ entry, refusal }) => (refusal === undefined ? [entry] : [])),
		settled: candidates.flatMap(({ entry }) => (settled.has(entry.hash) ? [entry] : [])),
		refused,
	};
}

/** Reads an entry anew from its bytes, unless it was built from them here. */
async function checkForm(offered: StoredEntry, context: VerifyContext): Promise<StoredEntry | Refusal> {
	const claimed = String(offered.hash);
	try {
		if (offered.signature !== undefined && offered.signature.length !== limits.signatureBytes) {
			return refuse(claimed, "format", "the signature does not have 64 bytes");
		}
		const entry =
			offered.kind === "stub" ? await parseStub(context.crypto, offered) : await parseWhole(context.crypto, offered);
		const { tenantRoot, dbId } = linkOf(entry);
		if (entry.hash !== claimed) return refuse(claimed, "address", "the header does not have this address");
		if (tenantRoot !== context.tenantRoot || dbId !== context.dbId) {
			return refuse(claimed, "wrong-database", "the entry belongs to another tenant or database");
		}
		return entry;
	} catch (error) {
		if (!(error instanceof FormatError)) throw error;
		return refuse(claimed, error.code === "limit" ? "limit" : "format", error.message);
	}
}

async function parseWhole(crypto: Crypto, offered: Entry): Promise<Entry> {
	const parsed = BuiltEntry.is(offered) ? offered : await parseEntry(crypto, offered);
	if (parsed.payload !== undefined) checkPayload(parsed.fields, parsed.payload);
	// A replica that gets the header alone could not tell where the bytes lie; all must take the same.
	return liesAsHeaderSays(parsed) ? parsed : { ...parsed, payload: undefined };
}

/** A replica may hold the headers of chunks alone, and those of a document's past. */
function mayComeAlone(entry: Entry, headersAlone: boolean): boolean {
	if (entry.fields === undefined) return false;
	if (entry.fields.entryType !== "attachment_chunk") return headersAlone;
	return isLargeChunk(entry) && entry.fields.originalSize <= limits.chunkBytes;
}

function checkAlone(candidates: readonly Candidate[], headersAlone: boolean): void {
	for (const candidate of candidates) {
		const { entry } = candidate;
		if (entry.kind === "stub" || entry.payload !== undefined || mayComeAlone(entry, headersAlone)) continue;
		candidate.refusal = refuse(entry.hash, "format", "entry: the payload is missing");
	}
}

async function parseStub(crypto: Crypto, offered: Stub): Promise<Stub> {
	const { headerHash, link, signature } = offered;
	const { tenantRoot, dbId, docId, createdAt, createdByPublicKey, previousByAuthor } = link;
	if (headerHash.length !== 32) throw new FormatError("stub: the hash of the header does not have 32 bytes");
	checkId(dbId, "dbId");
	checkId(docId, "docId");
	if (!Number.isSafeInteger(createdAt) || createdAt < 0 || createdAt >= limits.createdAt) {
		throw new FormatError("stub: createdAt must be a whole number of milliseconds below 2^48", { field: "createdAt" });
	}
	const own = { tenantRoot, dbId, docId, createdAt, createdByPublicKey, previousByAuthor };
	return { kind: "stub", hash: await hashEntry(crypto, headerHash, own), headerHash, link: own, signature };
}

async function checkPayloads(candidates: readonly Candidate[], crypto: Crypto): Promise<void> {
	for (let start = 0; start < candidates.length; start += chunkSize) {
		const slice = candidates
			.slice(start, start + chunkSize)
			.filter(({ entry }) => hasPayload(entry) && !BuiltEntry.is(entry));
		const hashes = await crypto.sha256Many(slice.map(({ entry }) => (entry as Entry).payload as Uint8Array));
		for (const [index, candidate] of slice.entries()) {
			if (toHex(hashes[index] as Uint8Array) === (candidate.entry as Entry).common.contentHash) continue;
			candidate.refusal = refuse(candidate.entry.hash, "address", "the payload does not fit the header");
		}
	}
}

function hasPayload(entry: StoredEntry): boolean {
	return entry.kind === "entry" && entry.payload !== undefined;
}

async function checkSignatures(candidates: readonly Candidate[], crypto: Crypto): Promise<void> {
	const signed = candidates.filter(({ entry }) => entry.signature !== undefined);
	const verdicts = await crypto.verifyMany(
		signed.map(({ entry }) => ({
			publicKey: fromHex(linkOf(entry).createdByPublicKey, 32),
			message: signedBytes(entry.hash),
			signature: entry.signature as Uint8Array,
		})),
	);
	for (const [index, candidate] of signed.entries()) {
		if (verdicts[index] !== true) {
			candidate.refusal = refuse(candidate.entry.hash, "signature", "the signature is not the author's");
		}
	}
}

/**
 * Refuses what is unsigned and nobody vouches for. A header vouches for its predecessor when it is genuine itself, even if its
 * payload or its own signature is spoilt: its address is what a signed successor named.
 */
async function checkChains(candidates: readonly Candidate[], context: VerifyContext): Promise<void> {
	const byHash = new Map<string, Candidate>();
	for (const candidate of candidates)
		if (!byHash.has(candidate.entry.hash)) byHash.set(candidate.entry.hash, candidate);
	const unsigned = candidates.filter(({ entry, refusal }) => entry.signature === undefined && refusal === undefined);
	if (unsigned.length === 0) return;
	const genuine = await context.vouched(unsigned.map(({ entry }) => entry));
	const vouchers = candidates.filter(({ entry, refusal }) =>
		entry.signature === undefined ? genuine.has(entry.hash) : refusal?.reason !== "signature",
	);
	const reached = new Set<string>(genuine);
	for (let voucher = vouchers.pop(); voucher !== undefined; voucher = vouchers.pop()) {
		const { previousByAuthor, createdByPublicKey } = linkOf(voucher.entry);
		const named = previousByAuthor === undefined ? undefined : byHash.get(previousByAuthor);
		if (named === undefined || reached.has(named.entry.hash)) continue;
		if (linkOf(named.entry).createdByPublicKey !== createdByPublicKey) continue;
		reached.add(named.entry.hash);
		vouchers.push(named);
	}
	for (const candidate of unsigned) {
		const { entry } = candidate;
		const chunk = entry.kind === "entry" && entry.common.entryTypeCode === chunkCode;
		if (!chunk && reached.has(entry.hash)) continue;
		const message = chunk
			? "a chunk carries its own signature"
			: "no signed successor on the author's chain vouches for it";
		candidate.refusal = refuse(entry.hash, "unsigned", message);
	}
}

function refuse(hash: string, reason: Refusal["reason"], message: string): Refusal {
	return { hash, reason, message };
}
