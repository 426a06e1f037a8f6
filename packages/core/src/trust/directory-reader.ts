/**
 * Opens directory entries for the fold: decrypts, checks what rule 1 demands beyond header and signature, and reads what counts.
 */
import { CausalIndex } from "../automerge/causal-index.js";
import { setsRootKey } from "../automerge/root-writes.js";
import { checkRun, openRun } from "../automerge/sealed-run.js";
import type { Crypto } from "../crypto/crypto.js";
import type { Entry } from "../entry/entry.js";
import { isDocumentIdOf } from "../entry/ids.js";
import type { Keyring } from "../keys/keyring.js";
import { directoryId, type OpenedContents } from "./directory-record.js";
import { rootData, type SettingsPlace, settingsPlaceOf } from "./settings-root.js";

export interface DirectoryReaderContext {
	readonly crypto: Crypto;
	readonly keyring: Keyring;
	/** Hex. */
	readonly tenantRoot: string;
	/** Settings documents whose root was read, by their id; a root that is read adds to it. */
	readonly settings: Map<string, SettingsPlace>;
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
		if (fields.dependencyHashes.length === 0) {
			const root = await settingsPlaceOf(crypto, { tenantRoot: context.tenantRoot, docId: fields.docId }, changes);
			if (root === undefined) return malformed;
			context.settings.set(fields.docId, root);
		}
		const place = context.settings.get(fields.docId);
		if (place === undefined) return nothing;
		const setsAdminOnly =
			place.form === "dbsettings" && changes.some((change) => setsRootKey(change, "adminOnly", true));
		return { kind: "settings", settings: { ...place, setsAdminOnly } };
	}
	if (!(await isDocumentIdOf(crypto, fields.docId, fields))) return malformed;
	const fault = await checkRun(crypto, run.changes, fields, {
		causal: new CausalIndex(),
		entryOfChange: () => undefined,
		isDelete: () => false,
	});
	if (fault !== undefined) return malformed;
	const data = rootData(changes);
	return data === undefined ? malformed : { kind: "root", data };
}
