/**
 * What an administrator can say in the tenant's directory: the root map of a `doc_create`.
 *
 * | form                      | fields                                                                   |
 * |---------------------------|--------------------------------------------------------------------------|
 * | grantaccess               | username, signingKey: 32 bytes, encryptionKey: SPKI DER                  |
 * | admingrant                | username, signingKey                                                     |
 * | revokeaccess, adminrevoke | username, signingKey, requestDataWipe: boolean, accepted: CBOR           |
 * | keyversion                | keyId, commitment: 32 bytes                                              |
 * | keyrelease                | keyId, commitment, wraps: CBOR                                           |
 * | acceptentries             | dbId, entries: CBOR, runs: CBOR                                          |
 * | purgerequest              | dbId, docId                                                              |
 * | server                    | signingKey, encryptionKey, addresses: list of text                       |
 * | join                      | none; says nothing, see `joinData`                                       |
 *
 * The two settings forms are free and flat and come as changes; see `SettingsWrite` of directory-record.ts.
 * Source: docs/trust.md, "The directory".
 */
import { fromHex, toHex } from "../bytes/hex.js";
import { isUsableEd25519Point } from "../crypto/ed25519-point.js";
import { FormatError } from "../errors.js";
import {
	type AcceptedRuns,
	type ChainRun,
	decodeAccepted,
	decodeEntries,
	decodeRuns,
	decodeWraps,
	encodeAccepted,
	encodeEntries,
	encodeRuns,
	encodeWraps,
	formLimits,
	type KeyWrap,
} from "./form-codecs.js";

/** Makes a key a member's. Keys are hex, encryption keys SPKI DER. */
export interface GrantAccess {
	readonly form: "grantaccess";
	readonly username: string;
	readonly signingKey: string;
	readonly encryptionKey: Uint8Array;
}

/** Makes a key an administrator's; counts from root and recovery keys alone. */
export interface AdminGrant {
	readonly form: "admingrant";
	readonly username: string;
	readonly signingKey: string;
}

/** Ends what a grant gave, except for the runs of the key's chains that `accepted` lists by database. */
export interface Revocation {
	readonly form: "revokeaccess" | "adminrevoke";
	readonly username: string;
	readonly signingKey: string;
	readonly requestDataWipe: boolean;
	readonly accepted: AcceptedRuns;
}

/** Announces a version of a key. */
export interface KeyVersion {
	readonly form: "keyversion";
	readonly keyId: string;
	/** 64 hex digits. */
	readonly commitment: string;
}

/** Hands a version of a key to members and servers. */
export interface KeyRelease {
	readonly form: "keyrelease";
	readonly keyId: string;
	readonly commitment: string;
	readonly wraps: readonly KeyWrap[];
}

/** A pardon: lets entries count that rules 3 to 5 refuse. */
export interface AcceptEntries {
	readonly form: "acceptentries";
	readonly dbId: string;
	readonly entries: readonly string[];
	readonly runs: readonly ChainRun[];
}

/** Asks every replica to erase a document's contents. */
export interface PurgeRequest {
	readonly form: "purgerequest";
	readonly dbId: string;
	readonly docId: string;
}

/** Names a sync server of the tenant. */
export interface ServerForm {
	readonly form: "server";
	readonly signingKey: string;
	readonly encryptionKey: Uint8Array;
	readonly addresses: readonly string[];
}

export type DirectoryForm =
	| GrantAccess
	| AdminGrant
	| Revocation
	| KeyVersion
	| KeyRelease
	| AcceptEntries
	| PurgeRequest
	| ServerForm;

export type FormName = DirectoryForm["form"];

/** The form with a name. */
export type FormOf<N extends FormName> = N extends Revocation["form"]
	? Revocation
	: Extract<DirectoryForm, { readonly form: N }>;

/**
 * What an entry says that only joins heads of the directory: to the fold it is a document that does not count, whose field 12 is part
 * of the causal order all the same. Source: docs/decisions/0015-joining-heads.md.
 */
export const joinData: Readonly<Record<string, string>> = { form: "join" };

/** Root data of a document: what Automerge gives for it, bytes as `Uint8Array`, text as string. */
export type RootData = Readonly<Record<string, unknown>>;

/**
 * The form in a `doc_create`'s root data; `undefined` when it is none, lacks a field, or a field has another type: such a
 * document does not count. Signing keys that are not canonical or of small order are refused here.
 */
export function parseForm(data: RootData): DirectoryForm | undefined {
	const form = readForm(data);
	if (form !== undefined && "signingKey" in form && !isUsableEd25519Point(fromHex(form.signingKey, 32)))
		return undefined;
	return form;
}

/** `parseForm` for data that passed it before: spares the check of the signing key (100 microseconds). */
export function readForm(data: RootData): DirectoryForm | undefined {
	try {
		return formOf(data);
	} catch (error) {
		if (error instanceof FormatError) return undefined;
		throw error;
	}
}

/** Root data that `parseForm` reads as this form: what a writer puts into the new document. */
export function formData(form: DirectoryForm): Record<string, string | boolean | Uint8Array | string[]> {
	switch (form.form) {
		case "grantaccess":
			return { ...form, signingKey: fromHex(form.signingKey, 32) };
		case "admingrant":
			return { ...form, signingKey: fromHex(form.signingKey, 32) };
		case "revokeaccess":
		case "adminrevoke":
			return { ...form, signingKey: fromHex(form.signingKey, 32), accepted: encodeAccepted(form.accepted) };
		case "keyversion":
			return { ...form, commitment: fromHex(form.commitment, 32) };
		case "keyrelease":
			return { ...form, commitment: fromHex(form.commitment, 32), wraps: encodeWraps(form.wraps) };
		case "acceptentries":
			return { ...form, entries: encodeEntries(form.entries), runs: encodeRuns(form.runs) };
		case "purgerequest":
			return { ...form };
		case "server":
			return { ...form, signingKey: fromHex(form.signingKey, 32), addresses: [...form.addresses] };
	}
}

function formOf(data: RootData): DirectoryForm | undefined {
	const form = data.form;
	switch (form) {
		case "grantaccess":
			return {
				form,
				username: text(data, "username"),
				signingKey: hex32(data, "signingKey"),
				encryptionKey: encryptionKey(data),
			};
		case "admingrant":
			return { form, username: text(data, "username"), signingKey: hex32(data, "signingKey") };
		case "revokeaccess":
		case "adminrevoke":
			return {
				form,
				username: text(data, "username"),
				signingKey: hex32(data, "signingKey"),
				requestDataWipe: flag(data, "requestDataWipe"),
				accepted: decodeAccepted(bytes(data, "accepted")),
			};
		case "keyversion":
			return { form, keyId: text(data, "keyId"), commitment: hex32(data, "commitment") };
		case "keyrelease":
			return {
				form,
				keyId: text(data, "keyId"),
				commitment: hex32(data, "commitment"),
				wraps: decodeWraps(bytes(data, "wraps")),
			};
		case "acceptentries":
			return {
				form,
				dbId: text(data, "dbId"),
				entries: decodeEntries(bytes(data, "entries")),
				runs: decodeRuns(bytes(data, "runs")),
			};
		case "purgerequest":
			return { form, dbId: text(data, "dbId"), docId: text(data, "docId") };
		case "server":
			return {
				form,
				signingKey: hex32(data, "signingKey"),
				encryptionKey: encryptionKey(data),
				addresses: addresses(data),
			};
		default:
			return undefined;
	}
}

function text(data: RootData, field: string): string {
	const value = data[field];
	if (typeof value !== "string") throw wrong(field);
	return value;
}

function flag(data: RootData, field: string): boolean {
	const value = data[field];
	if (typeof value !== "boolean") throw wrong(field);
	return value;
}

function bytes(data: RootData, field: string): Uint8Array {
	const value = data[field];
	if (!(value instanceof Uint8Array)) throw wrong(field);
	return value;
}

function hex32(data: RootData, field: string): string {
	const value = bytes(data, field);
	if (value.length !== 32) throw wrong(field);
	return toHex(value);
}

function encryptionKey(data: RootData): Uint8Array {
	const value = bytes(data, "encryptionKey");
	if (value.length === 0 || value.length > formLimits.encryptionKeyBytes) throw wrong("encryptionKey");
	return value;
}

function addresses(data: RootData): readonly string[] {
	const value = data.addresses;
	if (!Array.isArray(value) || value.length > formLimits.addresses) throw wrong("addresses");
	if (!value.every((each) => typeof each === "string")) throw wrong("addresses");
	return [...(value as string[])];
}

function wrong(field: string): FormatError {
	return new FormatError(`directory form: ${field} is missing or has another type`, { field });
}
