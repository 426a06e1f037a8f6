import { toHex } from "../bytes/hex.js";
import type { Crypto } from "../crypto/crypto.js";
import { limits } from "../entry/limits.js";
import { hashedFrom } from "./change-head.js";
import { CrdtDocument } from "./crdt-document.js";
import { readDocumentChunk } from "./document-chunk.js";
import { LightDocument } from "./light-document.js";
import type { DocumentData } from "./plain-data.js";
import { readSavedDocument } from "./saved-document.js";

/** A document as it stands, to be looked at. */
export interface ShownState {
	/** Sorted hex. */
	readonly heads: readonly string[];
	readonly data: DocumentData;
}

/** Actor of copies that nobody writes to. */
const reader = "00".repeat(24);

/** What a snapshot may unfold to that was counted before. */
const bounds = { changes: limits.plaintextBytes, operations: limits.plaintextBytes };

/**
 * What a document shows after its beginning and the changes behind it: without Automerge where that can tell it.
 * @param saved a document that Automerge has loaded once; `undefined` for an empty one.
 * @param changes accepted ones, each after those that it builds on.
 * @throws {FormatError} when Automerge does not load them.
 */
export async function showState(
	crypto: Pick<Crypto, "inflateAtMost" | "sha256Many">,
	saved: Uint8Array | undefined,
	changes: readonly Uint8Array[],
): Promise<ShownState> {
	return (await showLight(crypto, saved, changes)) ?? showByAutomerge(saved, changes);
}

/** @returns `undefined` when only Automerge can tell. */
async function showLight(
	crypto: Pick<Crypto, "inflateAtMost" | "sha256Many">,
	saved: Uint8Array | undefined,
	changes: readonly Uint8Array[],
): Promise<ShownState | undefined> {
	const hashes = await crypto.sha256Many(changes.map((bytes) => bytes.subarray(hashedFrom)));
	const named = changes.map((bytes, i) => ({ bytes, hash: toHex(hashes[i] as Uint8Array) }));
	let document: LightDocument | undefined;
	if (saved === undefined) {
		const first = named.shift();
		document = first && LightDocument.begin(first);
	} else {
		const standing = readSavedDocument(await readDocumentChunk(crypto, saved, bounds));
		document = standing && new LightDocument(standing);
	}
	if (document === undefined) return undefined;
	for (const change of named) if (!document.take(change)) return undefined;
	return { heads: document.heads, data: document.data() };
}

function showByAutomerge(saved: Uint8Array | undefined, changes: readonly Uint8Array[]): ShownState {
	const crdt = saved === undefined ? CrdtDocument.create(reader) : CrdtDocument.load(saved, reader);
	try {
		crdt.apply(changes);
		return { heads: crdt.heads, data: crdt.toData() };
	} finally {
		crdt.free();
	}
}
