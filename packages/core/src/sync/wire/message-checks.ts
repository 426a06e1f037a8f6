/** The limits of what messages hold, field by field. */

import { checkId } from "../../entry/header.js";
import { limits } from "../../entry/limits.js";
import { FormatError } from "../../errors.js";
import { mostEntries } from "./entry-run.js";
import {
	type AnnouncedContent,
	type Declined,
	type Message,
	type Opened,
	type Page,
	type Position,
	type Request,
	type Response,
	type StoreOpen,
	type StoreOpened,
	StoreOpened_Answer,
} from "./generated/sync_pb.js";

/** A message of a kind that this version knows. */
export type MessageKind = Exclude<Message["kind"], { readonly case: undefined }>;

/** What one message may hold. Hashes of a message are further bounded by its bytes. */
export const messageLimits = {
	/** Stores of one Open, and what answers them. */
	stores: 1024,
	/** Databases named beside them. */
	databases: 4096,
	/** Hashes of a list. */
	hashes: 16_384,
	/** Bytes of a reason or code. */
	codeBytes: 64,
	/** UTF-16 units of a sentence for people. */
	sentenceLength: 512,
	presenceBytes: 16_384,
	/** Runs of chunks that a receiver has of one payload. */
	heldRanges: 256,
	/** SPKI DER. */
	encryptionKeyBytes: 8192,
	tenantRequestBytes: 256 * 1024,
	/** Milliseconds to wait before coming again. */
	retryAfter: 24 * 60 * 60 * 1000,
} as const;

const digestBytes = 16;
const storeIdBytes = 16;
/** So many of them, where they tell two stores apart. */
const knownStoreBytes = 8;
const hashBytes = 32;
/** Exclusive. Arrivals are u48 in stores. */
const mostArrival = 2n ** 48n;

/** @throws {FormatError} `format`, or `limit` for what is well-formed and too much. */
export function checkMessage(message: MessageKind): void {
	switch (message.case) {
		case "open":
			checkHashes(message.value.directoryHeads, limits.directoryHeads);
			checkCount(message.value.stores.length, messageLimits.stores, "stores");
			message.value.stores.forEach(checkStoreOpen);
			break;
		case "opened":
			checkOpened(message.value);
			break;
		case "request":
			checkRequest(message.value);
			break;
		case "response":
			checkResponse(message.value);
			break;
		case "announce":
			checkArrival(message.value.after);
			if (message.value.page !== undefined) checkPage(message.value.page);
			break;
		case "acknowledge":
			if (message.value.known !== undefined) checkPosition(message.value.known);
			checkDeclined(message.value.declined);
			break;
		case "presence":
			checkId(message.value.dbId, "dbId");
			checkCount(message.value.message.length, messageLimits.presenceBytes, "presence");
			break;
		case "signal":
			checkLength(message.value.peer, 32, "peer");
			checkCount(message.value.message.length, messageLimits.presenceBytes, "signal");
			break;
		case "ticket":
			checkLength(message.value.id, 16, "id");
			checkLength(message.value.secret, 32, "secret");
			break;
		case "close":
			checkCode(message.value.reason);
			checkCount(message.value.after, messageLimits.retryAfter, "after");
			break;
		case "introduced":
			checkCount(message.value.encryptionKey.length, messageLimits.encryptionKeyBytes, "key");
			break;
		case "keepTenant":
			checkCount(message.value.request.length, messageLimits.tenantRequestBytes, "request");
			break;
		case "tenantKept":
			checkCount(message.value.refusal.length, messageLimits.sentenceLength, "refusal");
			break;
		case "ping":
		case "pong":
	}
}

function checkStoreOpen({ dbId, storeId, at, known, knownStore }: StoreOpen): void {
	checkId(dbId, "dbId");
	checkLength(storeId, storeIdBytes, "storeId");
	checkPosition(at);
	if (known !== undefined) checkPosition(known);
	checkLength(knownStore, known === undefined ? 0 : knownStoreBytes, "knownStore");
}

function checkOpened({ directoryHeads, stores, more }: Opened): void {
	checkHashes(directoryHeads, limits.directoryHeads);
	checkCount(stores.length, messageLimits.stores, "stores");
	stores.forEach(checkStoreOpened);
	checkDatabases(more);
}

function checkStoreOpened({ answer, storeId, at, known }: StoreOpened): void {
	if (answer === StoreOpened_Answer.ABSENT) return;
	if (answer !== StoreOpened_Answer.OPEN) throw new FormatError("message: unknown answer", { found: answer });
	checkLength(storeId, storeIdBytes, "storeId");
	checkPosition(at);
	if (known !== undefined) checkPosition(known);
}

function checkRequest({ kind }: Request): void {
	switch (kind.case) {
		case "read":
			checkArrival(kind.value.after);
			checkPageSize(kind.value.limit);
			break;
		case "recent":
			checkArrival(kind.value.before);
			checkArrival(kind.value.within);
			checkPageSize(kind.value.limit);
			break;
		case "get":
			checkHashes(kind.value.hashes, mostEntries);
			break;
		case "has":
		case "wantsContents":
			checkHashes(kind.value);
			break;
		case "hasContents":
			checkHashes(kind.value.hashes);
			break;
		case "contents":
			checkHashes(kind.value.hashes);
			for (const { contentHash, ranges } of kind.value.held) {
				checkLength(contentHash, hashBytes, "contentHash");
				checkCount(ranges.length / 2, messageLimits.heldRanges, "ranges");
				if (ranges.length % 2 !== 0) throw new FormatError("message: expected pairs of index and count");
			}
			return;
		case "resolve":
			checkLength(kind.value.start, hashBytes, "start");
			break;
		case "find":
			checkHashes(kind.value.known);
			if (kind.value.docId !== "") checkId(kind.value.docId, "docId");
			return;
		case "purge":
			checkId(kind.value, "docId");
			break;
		default:
	}
}

function checkResponse({ kind }: Response): void {
	switch (kind.case) {
		case "page":
			checkPage(kind.value);
			break;
		case "entries":
			checkCount(kind.value.arrivals.length, mostEntries, "arrivals");
			kind.value.arrivals.forEach(checkArrival);
			checkCount(kind.value.damaged.length, mostEntries, "damaged");
			kind.value.damaged.forEach(checkArrival);
			checkAnnounced(kind.value.contents);
			break;
		case "recent":
			checkArrival(kind.value.next);
			checkArrival(kind.value.within);
			checkAnnounced(kind.value.contents);
			break;
		case "hashes":
			checkHashes(kind.value.hashes, Number.POSITIVE_INFINITY);
			break;
		case "report":
			checkCount(kind.value.stored.length, mostEntries, "stored");
			for (const { hash, arrival } of kind.value.stored) {
				checkLength(hash, hashBytes, "hash");
				checkArrival(arrival);
			}
			checkHashes(kind.value.known, mostEntries);
			checkDeclined(kind.value.refused);
			break;
		case "contents":
			checkAnnounced(kind.value.announced);
			checkCount(kind.value.whole.length, mostEntries, "whole");
			break;
		case "where":
			checkPosition(kind.value.position);
			break;
		case "databases":
			checkDatabases(kind.value.dbIds);
			break;
		case "failed":
			checkCode(kind.value.code);
			checkCount(kind.value.message.length, messageLimits.sentenceLength, "message");
			break;
		default:
	}
}

function checkPage({ gaps, next, digest, damaged, contents }: Page): void {
	checkCount(gaps.length, mostEntries, "gaps");
	checkArrival(next);
	checkLength(digest, digestBytes, "digest");
	checkCount(damaged.length, mostEntries, "damaged");
	damaged.forEach(checkArrival);
	checkAnnounced(contents);
}

function checkPageSize(limit: number): void {
	if (limit > mostEntries) {
		throw new FormatError(`message: expected a page of at most ${mostEntries} entries`, {
			code: "limit",
			found: limit,
		});
	}
}

function checkAnnounced(contents: readonly AnnouncedContent[]): void {
	checkCount(contents.length, mostEntries, "contents");
	for (const { contentHash, size, datum } of contents) {
		checkLength(contentHash, hashBytes, "contentHash");
		checkLength(datum, hashBytes, "datum");
		if (size < 1n || size > BigInt(limits.payloadBytes)) {
			throw new FormatError(`message: expected a payload of at most ${limits.payloadBytes} bytes`, { code: "limit" });
		}
	}
}

function checkDeclined(declined: readonly Declined[]): void {
	checkCount(declined.length, mostEntries, "declined");
	for (const { hash, reason, message } of declined) {
		checkLength(hash, hashBytes, "hash");
		checkCode(reason);
		checkCount(message.length, messageLimits.sentenceLength, "message");
	}
}

function checkDatabases(dbIds: readonly string[]): void {
	checkCount(dbIds.length, messageLimits.databases, "databases");
	for (const dbId of dbIds) checkId(dbId, "dbId");
}

function checkPosition(position: Position | undefined): void {
	if (position === undefined) throw new FormatError("message: expected a position", { field: "position" });
	checkArrival(position.arrival);
	checkLength(position.digest, digestBytes, "digest");
}

function checkArrival(arrival: bigint): void {
	if (arrival >= mostArrival) throw new FormatError("message: expected an arrival below 2^48", { code: "limit" });
}

/** @param most hashes, 32 bytes each. */
function checkHashes({ length }: Uint8Array, most: number = messageLimits.hashes): void {
	if (length % hashBytes !== 0) {
		throw new FormatError("message: expected hashes of 32 bytes each", { field: "hashes", found: length });
	}
	checkCount(length / hashBytes, most, "hashes");
}

function checkCode(code: string): void {
	checkCount(code.length, messageLimits.codeBytes, "code");
}

function checkLength(bytes: Uint8Array, expected: number, field: string): void {
	if (bytes.length === expected) return;
	throw new FormatError(`message: expected ${expected} bytes`, { field, expected, found: bytes.length });
}

function checkCount(found: number, expected: number, field: string): void {
	if (found <= expected) return;
	throw new FormatError(`message: expected at most ${expected}`, { code: "limit", field, expected, found });
}
