/**
 * Between the words of stores, `xOf`, and those of the wire, `wireX`. What comes from the wire has gone through `decodeMessage`: lengths
 * and limits hold, and what is checked here is only how parts fit each other.
 */
import { concatBytes } from "../../bytes/concat.js";
import { fromHex, toHex } from "../../bytes/hex.js";
import type { Crypto } from "../../crypto/crypto.js";
import type { StoredEntry } from "../../entry/entry.js";
import { entryTypes } from "../../entry/header.js";
import { FormatError } from "../../errors.js";
import type { DependencyOptions, Page, PutReport, Refusal, StorePosition } from "../../store/store.js";
import { packRun, unpackRun } from "./entry-run.js";
import type * as wire from "./generated/sync_pb.js";
import { messageLimits } from "./message-checks.js";

/** A payload that comes as Chunks, which name it by `datum`. */
export interface Announcement {
	/** SHA-256 of the payload, hex. */
	readonly contentHash: string;
	/** Bytes of the payload. */
	readonly size: number;
	/** SHA3-256 of the payload, 32 bytes. */
	readonly datum: Uint8Array;
}

/** What a message lacks of a `Message` of the generated code. */
type Parts<T> = Omit<T, "$typeName" | "$unknown">;

/** A number of the wire. @throws {FormatError} beyond 2^53 - 1. */
export function numberOf(value: bigint): number {
	if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
	throw new FormatError("message: expected a number below 2^53", { code: "limit" });
}

export function positionOf({ arrival, digest }: wire.Position): StorePosition {
	return { arrival: numberOf(arrival), digest: toHex(digest) };
}

/** A part that `decodeMessage` has seen to. */
export function required<T>(part: T | undefined): T {
	if (part === undefined) throw new FormatError("message: expected a part that is not there");
	return part;
}

export function wirePosition({ arrival, digest }: StorePosition): Parts<wire.Position> {
	return { arrival: BigInt(arrival), digest: fromHex(digest, 16) };
}

/** 32 bytes each, joined, as hex. */
export function hashesOf(joined: Uint8Array): string[] {
	return Array.from({ length: joined.length / 32 }, (_, index) => toHex(joined.subarray(32 * index, 32 * index + 32)));
}

export function wireHashes(hashes: readonly string[]): Uint8Array {
	return concatBytes(...hashes.map((hash) => fromHex(hash, 32)));
}

const reasons: Readonly<Record<Refusal["reason"], true>> = {
	format: true,
	limit: true,
	address: true,
	signature: true,
	unsigned: true,
	"wrong-database": true,
	purged: true,
	stub: true,
	"not-member": true,
	unacknowledged: true,
};

/** A reason that this version does not know says no more than that the entry was not stored. */
export function refusalOf({ hash, reason, message }: wire.Declined): Refusal {
	const known = Object.hasOwn(reasons, reason) ? (reason as Refusal["reason"]) : "unacknowledged";
	return { hash: toHex(hash), reason: known, message };
}

export function wireDeclined({ hash, reason, message }: Refusal): Parts<wire.Declined> {
	return { hash: fromHex(hash, 32), reason, message: message.slice(0, messageLimits.sentenceLength) };
}

export function reportOf({ stored, known, refused }: wire.Report): PutReport {
	return {
		stored: stored.map(({ hash, arrival }) => ({ hash: toHex(hash), arrival: numberOf(arrival) })),
		known: hashesOf(known),
		refused: refused.map(refusalOf),
	};
}

export function wireReport({ stored, known, refused }: PutReport) {
	return {
		stored: stored.map(({ hash, arrival }) => ({ hash: fromHex(hash, 32), arrival: BigInt(arrival) })),
		known: wireHashes(known),
		refused: refused.map(wireDeclined),
	};
}

export function announcementOf({ contentHash, size, datum }: wire.AnnouncedContent): Announcement {
	return { contentHash: toHex(contentHash), size: numberOf(size), datum };
}

export function wireAnnouncement({ contentHash, size, datum }: Announcement): Parts<wire.AnnouncedContent> {
	return { contentHash: fromHex(contentHash, 32), size: BigInt(size), datum };
}

/** What a page brought, and the payloads of its entries that come as Chunks. */
export interface ReceivedPage extends Page {
	readonly contents: readonly Announcement[];
}

/**
 * @param after the arrival behind which the page was asked for.
 * @throws {FormatError} when the run is none, or the page does not tell the arrival of each entry.
 */
export async function pageOf(crypto: Crypto, page: wire.Page, after: number): Promise<ReceivedPage> {
	const entries = await unpackRun(crypto, page.run);
	const { gaps } = page;
	const told = gaps.length === entries.length && gaps.some((gap) => gap > 0);
	if (gaps.length > 0 && !told) {
		throw new FormatError("page: expected a gap for each entry, or none", {
			expected: entries.length,
			found: gaps.length,
		});
	}
	let arrival = after;
	return {
		arrivals: entries.map((entry, index) => {
			arrival += 1 + (gaps[index] ?? 0);
			return { arrival, entry };
		}),
		next: numberOf(page.next),
		digest: toHex(page.digest),
		damaged: page.damaged.map(numberOf),
		contents: page.contents.map(announcementOf),
	};
}

/** @param contents those of the page's payloads that its entries stand without. @throws {FormatError} `limit`: see `packRun`. */
export async function wirePage(
	crypto: Crypto,
	page: Page,
	{ after, contents = [] }: { readonly after: number; readonly contents?: readonly Announcement[] },
) {
	let last = after;
	const gaps = page.arrivals.map(({ arrival }) => {
		const gap = arrival - last - 1;
		last = arrival;
		return gap;
	});
	return {
		run: await packRun(
			crypto,
			page.arrivals.map(({ entry }) => entry),
		),
		gaps: gaps.some((gap) => gap > 0) ? gaps : [],
		next: BigInt(page.next),
		digest: fromHex(page.digest, 16),
		damaged: page.damaged.map(BigInt),
		contents: contents.map(wireAnnouncement),
	};
}

/** Bytes that an entry takes in a run at most, a large payload left out; by this many a page is cut. */
export function runBytes(entry: StoredEntry): number {
	const signature = entry.signature?.length ?? 0;
	if (entry.kind === "stub") return 512 + signature;
	return entry.header.length + (entry.payload?.length ?? 0) + signature + 32;
}

export function dependencyOptionsOf({ stopAt, maxDepth, withoutStart }: wire.Resolve): DependencyOptions {
	const stopAtEntryType = stopAt === 0 ? undefined : entryTypes[stopAt - 1];
	if (stopAt > 0 && stopAtEntryType === undefined)
		throw new FormatError("message: unknown entry type", { found: stopAt });
	return {
		...(stopAtEntryType !== undefined && { stopAtEntryType }),
		...(maxDepth > 0 && { maxDepth: maxDepth - 1 }),
		includeStart: !withoutStart,
	};
}

export function wireResolve(start: string, { stopAtEntryType, maxDepth, includeStart = true }: DependencyOptions) {
	return {
		start: fromHex(start, 32),
		stopAt: stopAtEntryType === undefined ? 0 : entryTypes.indexOf(stopAtEntryType) + 1,
		maxDepth: maxDepth === undefined ? 0 : maxDepth + 1,
		withoutStart: !includeStart,
	};
}
