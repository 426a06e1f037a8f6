import { CrdtDocument } from "../automerge/crdt-document.js";
import type { DocumentData } from "../automerge/plain-data.js";
import { readInitialChange } from "../automerge/read-initial-change.js";
import type { Crypto } from "../crypto/crypto.js";
import { type SettingsForm, settingsDocumentId } from "../entry/ids.js";
import { FormatError } from "../errors.js";

/** Which settings a document holds. */
export interface SettingsPlace {
	readonly form: SettingsForm;
	/** Database of `dbsettings`. */
	readonly dbId: string | undefined;
}

/**
 * Whether a run that builds on nothing is a root of a settings document: it says itself which settings it holds, and the document's id
 * commits to that. So every replica judges alike, whatever databases it knows. Source: docs/entry-format.md, "Identifiers".
 * @param changes chunks of the run, checked before.
 */
export async function settingsPlaceOf(
	crypto: Crypto,
	document: { readonly tenantRoot: string; readonly docId: string },
	changes: readonly Uint8Array[],
): Promise<SettingsPlace | undefined> {
	const { form, dbid } = rootData(changes) ?? {};
	const place: SettingsPlace | undefined =
		form === "tenantsettings"
			? { form, dbId: undefined }
			: form === "dbsettings" && typeof dbid === "string"
				? { form, dbId: dbid }
				: undefined;
	if (place === undefined) return undefined;
	const id = await settingsDocumentId(crypto, document.tenantRoot, place.form, place.dbId);
	return id === document.docId ? place : undefined;
}

/** Root data of a run that builds on nothing; `undefined` when Automerge does not take it. */
export function rootData(changes: readonly Uint8Array[]): DocumentData | undefined {
	try {
		const [first] = changes;
		// What software writes is read without Automerge.
		const simple = first && changes.length === 1 ? readInitialChange({ bytes: first }, { lists: true }) : undefined;
		return simple?.data ?? readByAutomerge(changes);
	} catch (error) {
		if (error instanceof FormatError) return undefined;
		throw error;
	}
}

function readByAutomerge(changes: readonly Uint8Array[]): DocumentData | undefined {
	const document = CrdtDocument.create("00".repeat(24));
	try {
		document.apply(changes);
		return document.loadsBack() ? document.toData() : undefined;
	} finally {
		document.free();
	}
}

/** `settingsPlaceOf` as the directory's database asks it. */
export function settingsRootOf(
	crypto: Crypto,
	tenantRoot: string,
): (docId: string, changes: readonly Uint8Array[]) => Promise<boolean> {
	return async (docId, changes) => (await settingsPlaceOf(crypto, { tenantRoot, docId }, changes)) !== undefined;
}
