/**
 * The signed header of an entry, version 1: CBOR array(16).
 *
 * | #  | field              | CBOR                    |
 * |----|--------------------|-------------------------|
 * | 0  | version            | 1                       |
 * | 1  | entryType          | uint, see `entryTypes`  |
 * | 2  | tenantRoot         | 32 bytes                |
 * | 3  | dbId               | text, 1 to 128 bytes    |
 * | 4  | docId              | text, 1 to 128 bytes    |
 * | 5  | dependencyHashes   | array of 32 bytes, sorted, distinct |
 * | 6  | createdAt          | uint < 2^48, milliseconds |
 * | 7  | createdByPublicKey | 32 bytes, raw Ed25519   |
 * | 8  | decryptionKeyId    | text, 1 to 128 bytes    |
 * | 9  | keyCommitment      | 32 bytes                |
 * | 10 | contentHash        | 32 bytes                |
 * | 11 | originalSize       | uint                    |
 * | 12 | directoryHeads     | array of 32 bytes, sorted, distinct |
 * | 13 | contentTag         | 32 bytes or null        |
 * | 14 | previousByAuthor   | 32 bytes or null        |
 * | 15 | extensions         | map uint → bytes; keys below 128 are critical |
 *
 * Source: docs/entry-format.md, "Header".
 */
import { type CborValue, decodeCbor, encodeCbor } from "../bytes/cbor.js";
import { fromHex, toHex } from "../bytes/hex.js";
import { encodeUtf8 } from "../bytes/text.js";
import { FormatError } from "../errors.js";
import { limits } from "./limits.js";

/** Position in the array = code in the header. */
export const entryTypes = ["doc_create", "doc_change", "doc_snapshot", "doc_delete", "attachment_chunk"] as const;
export type EntryType = (typeof entryTypes)[number];

/** Fields that keep their place in every version. Hashes and keys are lower-case hex. */
export interface CommonFields {
	readonly version: number;
	/** Code of the type; `entryTypes[code]` where this version knows it. */
	readonly entryTypeCode: number;
	readonly tenantRoot: string;
	readonly dbId: string;
	readonly docId: string;
	readonly createdAt: number;
	readonly createdByPublicKey: string;
	readonly contentHash: string;
	readonly previousByAuthor: string | undefined;
}

/** All fields of version 1. */
export interface HeaderFields extends CommonFields {
	readonly entryType: EntryType;
	readonly dependencyHashes: readonly string[];
	readonly decryptionKeyId: string;
	readonly keyCommitment: string;
	readonly originalSize: number;
	readonly directoryHeads: readonly string[];
	readonly contentTag: string | undefined;
	readonly extensions: ReadonlyMap<number, Uint8Array>;
}

/** What a writer states; version and code of the type follow. */
export type HeaderInput = Omit<HeaderFields, "version" | "entryTypeCode">;

/** A header as it was read. `fields` is absent when its version, type or a critical extension is unknown. */
export interface DecodedHeader {
	readonly common: CommonFields;
	readonly fields: HeaderFields | undefined;
}

/** Canonical bytes. @throws {FormatError} when a field breaks its limit. */
export function encodeHeader(input: HeaderInput): Uint8Array {
	const code = entryTypes.indexOf(input.entryType);
	if (code < 0) throw new FormatError("header: unknown entry type", { field: "entryType" });
	checkFields(input);
	const bytes = encodeCbor([
		1,
		code,
		hash(input.tenantRoot, "tenantRoot"),
		input.dbId,
		input.docId,
		input.dependencyHashes.map((each) => hash(each, "dependencyHashes")),
		input.createdAt,
		hash(input.createdByPublicKey, "createdByPublicKey"),
		input.decryptionKeyId,
		hash(input.keyCommitment, "keyCommitment"),
		hash(input.contentHash, "contentHash"),
		input.originalSize,
		input.directoryHeads.map((each) => hash(each, "directoryHeads")),
		input.contentTag === undefined ? null : hash(input.contentTag, "contentTag"),
		input.previousByAuthor === undefined ? null : hash(input.previousByAuthor, "previousByAuthor"),
		input.extensions,
	]);
	if (bytes.length > limits.headerBytes) throw limit("header", limits.headerBytes, bytes.length);
	return bytes;
}

/**
 * Reads a header of any version.
 * @throws {FormatError} when the bytes are not what `encodeHeader` writes, or the common fields of a later version break
 * their limits.
 */
export function decodeHeader(bytes: Uint8Array): DecodedHeader {
	if (bytes.length > limits.headerBytes) throw limit("header", limits.headerBytes, bytes.length);
	const array = decodeCbor(bytes);
	if (!Array.isArray(array) || array.length < 16)
		throw new FormatError("header: expected an array of at least 16 elements");
	const items = array as readonly CborValue[];
	const common: CommonFields = {
		version: uint(items[0], "version"),
		entryTypeCode: uint(items[1], "entryType"),
		tenantRoot: hexOf(items[2], "tenantRoot"),
		dbId: text(items[3], "dbId"),
		docId: text(items[4], "docId"),
		createdAt: uint(items[6], "createdAt"),
		createdByPublicKey: hexOf(items[7], "createdByPublicKey"),
		contentHash: hexOf(items[10], "contentHash"),
		previousByAuthor: items[14] === null ? undefined : hexOf(items[14], "previousByAuthor"),
	};
	checkCommon(common);
	if (common.version === 0) throw new FormatError("header: version 0 does not exist", { field: "version" });
	if (common.version !== 1) return { common, fields: undefined };
	if (items.length !== 16) {
		throw new FormatError("header: expected 16 elements", { expected: 16, found: items.length });
	}
	const extensions = extensionsOf(items[15]);
	const entryType = entryTypes[common.entryTypeCode];
	if (entryType === undefined || [...extensions.keys()].some((key) => key < 128)) return { common, fields: undefined };
	const fields: HeaderFields = {
		...common,
		entryType,
		dependencyHashes: hexList(items[5], "dependencyHashes"),
		decryptionKeyId: text(items[8], "decryptionKeyId"),
		keyCommitment: hexOf(items[9], "keyCommitment"),
		originalSize: uint(items[11], "originalSize"),
		directoryHeads: hexList(items[12], "directoryHeads"),
		contentTag: items[13] === null ? undefined : hexOf(items[13], "contentTag"),
		extensions,
	};
	checkFields(fields);
	return { common, fields };
}

function checkCommon(fields: Pick<CommonFields, "dbId" | "docId" | "createdAt">): void {
	checkId(fields.dbId, "dbId");
	checkId(fields.docId, "docId");
	if (!Number.isSafeInteger(fields.createdAt) || fields.createdAt < 0 || fields.createdAt >= limits.createdAt) {
		throw new FormatError("header: createdAt must be a whole number of milliseconds below 2^48", {
			field: "createdAt",
		});
	}
}

function checkFields(fields: HeaderInput): void {
	checkCommon(fields);
	checkId(fields.decryptionKeyId, "decryptionKeyId");
	checkList(fields.dependencyHashes, limits.dependencies, "dependencyHashes");
	checkList(fields.directoryHeads, limits.directoryHeads, "directoryHeads");
	if (!Number.isSafeInteger(fields.originalSize) || fields.originalSize < 0) {
		throw new FormatError("header: originalSize must be a whole number of bytes", { field: "originalSize" });
	}
	const { entryType } = fields;
	const tagged = entryType === "doc_create" || entryType === "doc_change";
	if (tagged !== (fields.contentTag !== undefined)) {
		throw new FormatError(`header: ${entryType} ${tagged ? "needs a" : "has no"} contentTag`, { field: "contentTag" });
	}
	if (entryType === "doc_create" && fields.dependencyHashes.length > 0) {
		throw new FormatError("header: doc_create has no dependencies", { field: "dependencyHashes" });
	}
	if ((entryType === "doc_snapshot" || entryType === "doc_delete") && fields.dependencyHashes.length === 0) {
		throw new FormatError(`header: ${entryType} needs dependencies`, { field: "dependencyHashes" });
	}
	if (entryType === "doc_delete" && fields.originalSize !== 0) {
		throw new FormatError("header: doc_delete has originalSize 0", { field: "originalSize" });
	}
	if (entryType === "attachment_chunk") {
		if (fields.previousByAuthor !== undefined) {
			throw new FormatError("header: attachment_chunk has no previousByAuthor", { field: "previousByAuthor" });
		}
		if (fields.dependencyHashes.length > 1) {
			throw new FormatError("header: attachment_chunk depends on at most one chunk", { field: "dependencyHashes" });
		}
		if (fields.originalSize < 1 || fields.originalSize > limits.chunkBytes) {
			throw new FormatError("header: attachment_chunk holds 1 to 1048547 bytes", { field: "originalSize" });
		}
	}
}

/** @throws {FormatError} unless `id` is 1 to 128 bytes of well-formed UTF-8. */
export function checkId(id: string, field: string): void {
	const length = encodeUtf8(id).length;
	if (length < 1 || length > limits.idBytes) {
		throw new FormatError(`${field}: expected 1 to ${limits.idBytes} bytes, found ${length}`, { code: "limit", field });
	}
}

function checkList(hashes: readonly string[], most: number, field: string): void {
	if (hashes.length > most) throw limit(field, most, hashes.length);
	for (let i = 1; i < hashes.length; i++) {
		if ((hashes[i - 1] as string) >= (hashes[i] as string)) {
			throw new FormatError(`header: ${field} must be sorted and distinct`, { field });
		}
	}
}

function limit(what: string, expected: number, found: number): FormatError {
	return new FormatError(`${what}: expected at most ${expected}, found ${found}`, {
		code: "limit",
		expected,
		found,
		field: what,
	});
}

function hash(hex: string, field: string): Uint8Array {
	try {
		return fromHex(hex, 32);
	} catch (cause) {
		throw new FormatError(`header: ${field} must be 32 bytes`, { field, cause });
	}
}

function hexOf(value: CborValue | undefined, field: string): string {
	if (!(value instanceof Uint8Array) || value.length !== 32) {
		throw new FormatError(`header: ${field} must be 32 bytes`, { field });
	}
	return toHex(value);
}

function hexList(value: CborValue | undefined, field: string): string[] {
	if (!Array.isArray(value)) throw new FormatError(`header: ${field} must be an array`, { field });
	return value.map((each) => hexOf(each, field));
}

function text(value: CborValue | undefined, field: string): string {
	if (typeof value !== "string") throw new FormatError(`header: ${field} must be text`, { field });
	return value;
}

function uint(value: CborValue | undefined, field: string): number {
	if (typeof value !== "number") throw new FormatError(`header: ${field} must be an unsigned integer`, { field });
	return value;
}

function extensionsOf(value: CborValue | undefined): Map<number, Uint8Array> {
	if (!(value instanceof Map)) throw new FormatError("header: extensions must be a map", { field: "extensions" });
	for (const [key, item] of value) {
		if (typeof key !== "number" || !(item instanceof Uint8Array)) {
			throw new FormatError("header: extensions map unsigned integers to bytes", { field: "extensions" });
		}
	}
	return value as Map<number, Uint8Array>;
}
