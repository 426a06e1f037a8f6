/**
 * Opens directory entries for the fold: decrypts, checks what rule 1 demands beyond header and signature, and reads what counts.
 */
import { CausalIndex } from "../automerge/causal-index.js";
import { CrdtDocument } from "../automerge/crdt-document.js";
import { setsRootKey } from "../automerge/root-writes.js";
import { checkRun, openRun } from "../automerge/sealed-run.js";
import type { Crypto } from "../crypto/crypto.js";
import type { Entry } from "../entry/entry.js";
import { isDocumentIdOf, type SettingsForm } from "../entry/ids.js";
import { FormatError } from "../errors.js";
import type { Keyring } from "../keys/keyring.js";
import { directoryId, type OpenedContents } from "./directory-record.js";

/** A settings document, by its fixed id. */
export interface SettingsPlace {
	readonly form: SettingsForm;
	readonly dbId: string | undefined;
}

export interface DirectoryReaderContext {
	readonly crypto: Crypto;
	readonly keyring: Keyring;
	/** Settings documents of the databases that are known here, by their id. */
	readonly settings: ReadonlyMap<string, SettingsPlace>;
}

const malformed: OpenedContents = { kind: "malformed" };
const nothing: OpenedContents = { kind: "nothing" };

/** What a verified directory entry says. */
export async function readDirectoryEntry(context: DirectoryReaderContext, entry: Entry): Promise<OpenedContents> {
	const { crypto, keyring } = context;
	const { fields } = entry;
	if (fields === undefined || fields.decryptionKeyId !== directoryId) return malformed;
	if (fields.entryType !== "doc_create" && fields.entryType !== "doc_change") return nothing;
	const key = keyring.get(fields.decryptionKeyId, fields.keyCommitment);
	if (key === undefined) return { kind: "locked" };
	const run = await openRun(crypto, { dbId: directoryId, docId: fields.docId }, entry, fields, key.subkeys);
	if (run.kind !== "run") return malformed;
	const changes = run.changes.map(({ bytes }) => bytes);
	if (fields.entryType === "doc_change") {
		const settings = context.settings.get(fields.docId);
		if (settings === undefined) return nothing;
		const setsAdminOnly =
			settings.form === "dbsettings" && changes.some((change) => setsRootKey(change, "adminOnly", true));
		return { kind: "settings", settings: { ...settings, setsAdminOnly } };
	}
	if (!(await isDocumentIdOf(crypto, fields.docId, fields))) return malformed;
	const fault = await checkRun(crypto, run.changes, fields, {
		causal: new CausalIndex(),
		entryOfChange: () => undefined,
		isDelete: () => false,
	});
	return fault === undefined ? rootOf(changes) : malformed;
}

function rootOf(changes: readonly Uint8Array[]): OpenedContents {
	const document = CrdtDocument.create("00".repeat(24));
	try {
		document.apply(changes);
		return document.loadsBack() ? { kind: "root", data: document.toData() } : malformed;
	} catch (error) {
		if (error instanceof FormatError) return malformed;
		throw error;
	} finally {
		document.free();
	}
}
