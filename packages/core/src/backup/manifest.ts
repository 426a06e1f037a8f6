/**
 * The manifest of a backup, its last entry: CBOR
 *
 *     [1, label, administration key, recovery key or null, created at, previous or null,
 *      [[dbId, purpose, storeId, from, to, digest, damaged, [[records, bytes, SHA-256], …]], …],
 *      [[name, bytes, SHA-256], …]]
 *
 * `previous` is the id of the archive that this one continues. A store's arrivals behind `from` up to `to` are in the archive, in segments;
 * `digest` is the store's running digest at `to`, `damaged` the number of records that it could not read. Purpose 0 = documents,
 * 1 = attachments. The id of an archive is the SHA-256 of its manifest, which thereby covers all of it.
 *
 * Source: docs/decisions/0045-backup.md.
 */
import { type CborValue, decodeCbor, encodeCbor } from "../bytes/cbor.js";
import { fromHex, toHex } from "../bytes/hex.js";
import type { Crypto } from "../crypto/crypto.js";
import { checkId } from "../entry/header.js";
import { computeTenantRoot } from "../entry/ids.js";
import { FormatError } from "../errors.js";
import type { OpenStoreOptions } from "../store/store.js";
import { longestSegment, segmentRecords } from "./backup-record.js";

/** Bytes of the longest manifest that is read: a backup of some 300 GB. */
export const longestManifest = 64 * 1024 * 1024;
/** Bytes of the longest file beside the stores. */
const longestFile = 96 * 1024 * 1024;

export interface BackupSegment {
	readonly records: number;
	readonly bytes: number;
	/** Hex. */
	readonly sha256: string;
}

/** How far a store was taken: where the next archive goes on. */
export interface BackupMark {
	readonly dbId: string;
	readonly purpose: OpenStoreOptions["purpose"];
	readonly storeId: string;
	/** Arrival up to which everything is in this archive or in those before. */
	readonly to: number;
	/** Running digest of the store there, 32 hex digits. */
	readonly digest: string;
}

export interface BackupStorePart extends BackupMark {
	/** Arrival behind which this archive begins; 0 = it has the whole store. */
	readonly from: number;
	/** Records that the store had and could not read. */
	readonly damaged: number;
	readonly segments: readonly BackupSegment[];
}

/** A file that went along as it was. */
export interface BackupFilePart {
	readonly name: string;
	readonly bytes: number;
	/** Hex. */
	readonly sha256: string;
}

/** The tenant, for everybody: no secret. Keys are hex. */
export interface BackupTenant {
	readonly tenantId: string;
	readonly administrationKey: string;
	readonly recoveryKey?: string;
}

export interface BackupManifest {
	readonly tenant: BackupTenant;
	/** Milliseconds, by the clock of whoever made it. */
	readonly createdAt: number;
	/** Id of the archive before, 64 hex digits. */
	readonly previous: string | undefined;
	readonly stores: readonly BackupStorePart[];
	readonly files: readonly BackupFilePart[];
}

const version = 1;
const purposes = ["documents", "attachments"] as const;

export function encodeManifest({ tenant, createdAt, previous, stores, files }: BackupManifest): Uint8Array {
	const { tenantId, administrationKey, recoveryKey } = tenant;
	return encodeCbor([
		version,
		tenantId,
		fromHex(administrationKey, 32),
		recoveryKey === undefined ? null : fromHex(recoveryKey, 32),
		createdAt,
		previous === undefined ? null : fromHex(previous, 32),
		stores.map(({ dbId, purpose, storeId, from, to, digest, damaged, segments }) => [
			dbId,
			purposes.indexOf(purpose),
			fromHex(storeId, 16),
			from,
			to,
			fromHex(digest, 16),
			damaged,
			segments.map(({ records, bytes, sha256 }) => [records, bytes, fromHex(sha256, 32)]),
		]),
		files.map(({ name, bytes, sha256 }) => [name, bytes, fromHex(sha256, 32)]),
	]);
}

/** @throws {FormatError} for anything that `encodeManifest` would not have written. */
export function decodeManifest(bytes: Uint8Array): BackupManifest {
	const [found, ...rest] = arrayOf(decodeCbor(bytes));
	if (found !== version) {
		throw new FormatError("backup: expected version 1", { code: "unsupported", expected: version });
	}
	if (rest.length !== 7) throw wrong("a manifest of 8 fields");
	const [tenantId, administrationKey, recoveryKey, createdAt, previous, stores, files] = rest;
	const parts = arrayOf(stores).map(storePartOf);
	if (new Set(parts.map(({ dbId, purpose }) => JSON.stringify([dbId, purpose]))).size < parts.length) {
		throw wrong("each store once");
	}
	return {
		tenant: {
			tenantId: idOf(tenantId, "tenantId"),
			administrationKey: hexOf(administrationKey, 32),
			...(recoveryKey === null ? {} : { recoveryKey: hexOf(recoveryKey, 32) }),
		},
		createdAt: numberOf(createdAt),
		previous: previous === null ? undefined : hexOf(previous, 32),
		stores: parts,
		files: arrayOf(files).map(filePartOf),
	};
}

/** @returns the tenant's root, 64 hex digits. */
export async function tenantRootOf(crypto: Crypto, tenant: BackupTenant): Promise<string> {
	const { tenantId: label, administrationKey, recoveryKey } = tenant;
	return computeTenantRoot(crypto, {
		label,
		administrationKey: fromHex(administrationKey, 32),
		recoveryKey: recoveryKey === undefined ? undefined : fromHex(recoveryKey, 32),
	});
}

/** Records of a store in the archive. */
export function recordsOf({ segments }: BackupStorePart): number {
	return segments.reduce((sum, { records }) => sum + records, 0);
}

function storePartOf(value: CborValue): BackupStorePart {
	const items = arrayOf(value);
	if (items.length !== 8) throw wrong("a store of 8 fields");
	const [dbId, purpose, storeId, from, to, digest, damaged, segments] = items;
	const part = {
		dbId: idOf(dbId, "dbId"),
		purpose: purposes[numberOf(purpose)] ?? missing("a purpose"),
		storeId: hexOf(storeId, 16),
		from: numberOf(from),
		to: numberOf(to),
		digest: hexOf(digest, 16),
		damaged: numberOf(damaged),
		segments: arrayOf(segments).map(segmentOf),
	};
	if (part.from > part.to || recordsOf(part) + part.damaged > part.to - part.from) {
		throw wrong("no more records than arrivals");
	}
	return part;
}

function segmentOf(value: CborValue): BackupSegment {
	const items = arrayOf(value);
	const [records, bytes, sha256] = items;
	if (items.length !== 3) throw wrong("a segment of 3 fields");
	return {
		records: numberOf(records, 1, segmentRecords),
		bytes: numberOf(bytes, 1, longestSegment),
		sha256: hexOf(sha256, 32),
	};
}

function filePartOf(value: CborValue): BackupFilePart {
	const items = arrayOf(value);
	const [name, bytes, sha256] = items;
	if (items.length !== 3 || typeof name !== "string" || !/^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(name)) {
		throw wrong("a file with a plain name");
	}
	return { name, bytes: numberOf(bytes, 0, longestFile), sha256: hexOf(sha256, 32) };
}

function arrayOf(value: CborValue | undefined): readonly CborValue[] {
	if (Array.isArray(value)) return value as readonly CborValue[];
	throw wrong("an array");
}

function numberOf(value: CborValue | undefined, least = 0, most = 2 ** 48): number {
	if (typeof value === "number" && value >= least && value <= most) return value;
	throw wrong(`a number from ${least} to ${most}`);
}

function hexOf(value: CborValue | undefined, length: number): string {
	if (value instanceof Uint8Array && value.length === length) return toHex(value);
	throw wrong(`${length} bytes`);
}

function idOf(value: CborValue | undefined, field: "tenantId" | "dbId"): string {
	if (typeof value !== "string") throw wrong(field);
	checkId(value, field);
	return value;
}

function missing(expected: string): never {
	throw wrong(expected);
}

function wrong(expected: string): FormatError {
	return new FormatError(`backup: expected ${expected}`);
}
