/**
 * One entry of the directory, as far as the fold needs it. Kept in an (encrypted) cache, so that opening a tenant does not
 * decrypt its whole directory.
 *
 * | # | field            | CBOR                                              |
 * |---|------------------|---------------------------------------------------|
 * | 0 | hash             | 32 bytes                                          |
 * | 1 | entryType        | uint, code of the header; null = unsupported      |
 * | 2 | docId            | text                                              |
 * | 3 | signer           | 32 bytes                                          |
 * | 4 | parents          | array of 32 bytes                                 |
 * | 5 | dependencies     | array of 32 bytes                                 |
 * | 6 | previousByAuthor | 32 bytes or null                                  |
 * | 7 | createdAt        | uint                                              |
 * | 8 | keyCommitment    | 32 bytes or null                                  |
 * | 9 | contents         | 0 locked, 1 malformed, 2 nothing that counts, [map of a form's root data], [form, dbId or null, setsAdminOnly] |
 */
import { type CborValue, decodeCbor, encodeCbor } from "../bytes/cbor.js";
import { fromHex, toHex } from "../bytes/hex.js";
import type { Entry } from "../entry/entry.js";
import { type EntryType, entryTypes } from "../entry/header.js";
import type { SettingsForm } from "../entry/ids.js";
import { FormatError } from "../errors.js";
import { type DirectoryForm, formData, parseForm, type RootData, readForm } from "./forms.js";

/** A write to a settings document. */
export interface SettingsWrite {
	readonly form: SettingsForm;
	/** Database of `dbsettings`; the caller proved it by the document's id (`settingsDocumentId`), not by a field. */
	readonly dbId: string | undefined;
	/** Whether this very entry sets `adminOnly` to true. */
	readonly setsAdminOnly: boolean;
}

/**
 * What an entry says: `locked` = its key is not held; `malformed` = it breaks rule 1 beyond header and signature (document id,
 * run, Automerge); `nothing` = well-formed, but nothing that the fold counts.
 */
export type RecordContents =
	| { readonly kind: "locked" }
	| { readonly kind: "malformed" }
	| { readonly kind: "nothing" }
	| { readonly kind: "form"; readonly form: DirectoryForm }
	| { readonly kind: "settings"; readonly settings: SettingsWrite };

/** Hashes and keys are lower-case hex. */
export interface DirectoryRecord {
	readonly hash: string;
	/** `undefined`: written by a newer version; a link of its author's chain and nothing else. */
	readonly entryType: EntryType | undefined;
	readonly docId: string;
	readonly signer: string;
	/** Header field 12: the directory entries that its author knew. */
	readonly parents: readonly string[];
	/** Header field 5. */
	readonly dependencies: readonly string[];
	readonly previousByAuthor: string | undefined;
	/** Milliseconds; for display alone. */
	readonly createdAt: number;
	readonly keyCommitment: string | undefined;
	readonly contents: RecordContents;
}

/** What the caller found behind an entry's header: root data of a `doc_create`, a settings write, or why there is nothing. */
export type OpenedContents =
	| { readonly kind: "locked" }
	| { readonly kind: "malformed" }
	| { readonly kind: "nothing" }
	| { readonly kind: "root"; readonly data: RootData }
	| { readonly kind: "settings"; readonly settings: SettingsWrite };

/** Id of the database that the directory is, and of the key under which all its entries must be encrypted. */
export const directoryId = "directory";

/**
 * The record of a verified directory entry. Contents count only in a `doc_create` (forms) or `doc_change` (settings), and only
 * under the key `directory`, so that every server of the tenant sees the same directory as its members.
 * @throws {FormatError} for an entry of another database.
 */
export function recordOf(entry: Entry, opened: OpenedContents): DirectoryRecord {
	const { common, fields } = entry;
	if (common.dbId !== directoryId) {
		throw new FormatError("directory: expected an entry of the directory", {
			expected: directoryId,
			found: common.dbId,
		});
	}
	return {
		hash: entry.hash,
		entryType: fields?.entryType,
		docId: common.docId,
		signer: common.createdByPublicKey,
		parents: fields?.directoryHeads ?? [],
		dependencies: fields?.dependencyHashes ?? [],
		previousByAuthor: common.previousByAuthor,
		createdAt: common.createdAt,
		keyCommitment: fields?.keyCommitment,
		contents:
			fields === undefined
				? { kind: "nothing" }
				: fields.decryptionKeyId !== directoryId
					? { kind: "malformed" }
					: contentsOf(fields.entryType, opened),
	};
}

function contentsOf(entryType: EntryType, opened: OpenedContents): RecordContents {
	if (opened.kind === "root") {
		const form = entryType === "doc_create" ? parseForm(opened.data) : undefined;
		return form === undefined ? { kind: "nothing" } : { kind: "form", form };
	}
	if (opened.kind === "settings" && entryType !== "doc_change") return { kind: "nothing" };
	return opened;
}

export function encodeRecord(record: DirectoryRecord): Uint8Array {
	return encodeCbor([
		fromHex(record.hash, 32),
		record.entryType === undefined ? null : entryTypes.indexOf(record.entryType),
		record.docId,
		fromHex(record.signer, 32),
		record.parents.map((each) => fromHex(each, 32)),
		record.dependencies.map((each) => fromHex(each, 32)),
		record.previousByAuthor === undefined ? null : fromHex(record.previousByAuthor, 32),
		record.createdAt,
		record.keyCommitment === undefined ? null : fromHex(record.keyCommitment, 32),
		encodeContents(record.contents),
	]);
}

/** @throws {FormatError} when the bytes are not what `encodeRecord` writes. */
export function decodeRecord(bytes: Uint8Array): DirectoryRecord {
	const items = decodeCbor(bytes);
	if (!Array.isArray(items) || items.length !== 10) throw wrong("an array of 10 elements");
	const [hash, code, docId, signer, parents, dependencies, previous, createdAt, commitment, contents] =
		items as CborValue[];
	const entryType = typeof code === "number" ? entryTypes[code] : undefined;
	if (code !== null && entryType === undefined) throw wrong("a known entry type");
	if (typeof docId !== "string" || typeof createdAt !== "number") throw wrong("docId and createdAt");
	return {
		hash: hexOf(hash),
		entryType,
		docId,
		signer: hexOf(signer),
		parents: hexList(parents),
		dependencies: hexList(dependencies),
		previousByAuthor: previous === null ? undefined : hexOf(previous),
		createdAt,
		keyCommitment: commitment === null ? undefined : hexOf(commitment),
		contents: decodeContents(contents),
	};
}

const plainKinds = ["locked", "malformed", "nothing"] as const;

function encodeContents(contents: RecordContents): CborValue {
	switch (contents.kind) {
		case "form":
			return [new Map<string, CborValue>(Object.entries(formData(contents.form)))];
		case "settings":
			return [contents.settings.form, contents.settings.dbId ?? null, contents.settings.setsAdminOnly];
		default:
			return plainKinds.indexOf(contents.kind);
	}
}

function decodeContents(value: CborValue | undefined): RecordContents {
	if (typeof value === "number") {
		const kind = plainKinds[value];
		if (kind !== undefined) return { kind };
	} else if (Array.isArray(value) && value.length === 1 && value[0] instanceof Map) {
		const form = readForm(Object.fromEntries(value[0]) as RootData);
		if (form !== undefined) return { kind: "form", form };
	} else if (Array.isArray(value) && value.length === 3) {
		const [form, dbId, setsAdminOnly] = value as CborValue[];
		const known = form === "tenantsettings" || form === "dbsettings" ? form : undefined;
		if (known !== undefined && (dbId === null || typeof dbId === "string") && typeof setsAdminOnly === "boolean") {
			return { kind: "settings", settings: { form: known, dbId: dbId ?? undefined, setsAdminOnly } };
		}
	}
	throw wrong("the contents of a record");
}

function hexOf(value: CborValue | undefined): string {
	if (!(value instanceof Uint8Array) || value.length !== 32) throw wrong("32 bytes");
	return toHex(value);
}

function hexList(value: CborValue | undefined): readonly string[] {
	if (!Array.isArray(value)) throw wrong("an array of hashes");
	return value.map(hexOf);
}

function wrong(expected: string): FormatError {
	return new FormatError(`directory record: expected ${expected}`);
}
