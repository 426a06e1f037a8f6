/**
 * Whether a snapshot is the history that signed headers tell, and nothing else: no change added, left out or attributed to somebody
 * else. It is a pure function of the headers, the snapshot and the key, and needs no payload of a change.
 *
 * Source: docs/entry-format.md, "Automerge, kept on a leash"; docs/decisions/0023-snapshots.md.
 */
import { CausalIndex } from "../../automerge/causal-index.js";
import { type DecodedChange, decodeChanges } from "../../automerge/change-chunk.js";
import { hashedFrom, headOf } from "../../automerge/change-head.js";
import { CrdtDocument } from "../../automerge/crdt-document.js";
import { type DocumentChunk, readDocumentChunk } from "../../automerge/document-chunk.js";
import { checkRun } from "../../automerge/sealed-run.js";
import { equalBytes } from "../../bytes/compare.js";
import { toHex } from "../../bytes/hex.js";
import type { Crypto } from "../../crypto/crypto.js";
import type { Entry } from "../../entry/entry.js";
import type { HeaderFields } from "../../entry/header.js";
import { limits } from "../../entry/limits.js";
import { contentTag, openPayload } from "../../entry/payload.js";
import { FormatError } from "../../errors.js";
import type { TenantSubkeys } from "../../keys/subkeys.js";

/** Operations that a foreign snapshot may unfold to. */
const mostOperations = 16_777_216;

/** Actor of copies that nobody writes to. */
const reader = "00".repeat(24);

/** An entry whose header is known. */
export type KnownEntry = Pick<Entry, "hash"> & { readonly fields: HeaderFields };

/** What a snapshot is compared with. */
export interface CoveredHistory {
	/** Creates and changes from which the snapshot's entries descend, each after those that it builds on. */
	readonly entries: readonly KnownEntry[];
	/** Whether an entry is a delete, which a change may lift. */
	readonly isDelete: (hash: string) => boolean;
}

export interface CheckPlace {
	readonly crypto: Crypto;
	readonly dbId: string;
	readonly docId: string;
	/** Of the snapshot's key. */
	readonly subkeys: TenantSubkeys;
	/** Subkeys of the key that an entry was written under: a rotation gives another one. `undefined` when it is not here. */
	readonly subkeysOf: (entry: HeaderFields) => TenantSubkeys | undefined;
}

/** A change of a snapshot before it is read whole. */
interface Listed {
	readonly bytes: Uint8Array;
	readonly actor: string;
	readonly deps: readonly string[];
}

/** Decrypts a snapshot. @returns `undefined` when its payload is not what its header says. */
export async function openSnapshot(
	{ crypto, dbId, docId, subkeys }: Omit<CheckPlace, "subkeysOf">,
	{ fields, payload }: { readonly fields: HeaderFields; readonly payload: Uint8Array },
): Promise<Uint8Array | undefined> {
	try {
		return await openPayload(crypto, fields, payload, await subkeys.documentKey(dbId, docId));
	} catch (error) {
		if (error instanceof FormatError) return undefined;
		throw error;
	}
}

/**
 * @param saved what `openSnapshot` gave.
 * @returns the run of each covered entry, by its hash; `undefined` when the snapshot does not pass.
 */
export async function checkSnapshot(
	place: CheckPlace,
	saved: Uint8Array,
	snapshot: KnownEntry,
	history: CoveredHistory,
): Promise<ReadonlyMap<string, readonly DecodedChange[]> | undefined> {
	const entries = history.entries.length;
	const bounds = {
		changes: entries * limits.changesPerRun,
		operations: Math.min(entries * limits.operationsPerRun, mostOperations),
	};
	try {
		const counted = await readDocumentChunk(place.crypto, saved, bounds);
		const changes = changesOf(saved);
		const runs = await runsOfHistory(place, changes, snapshot, history);
		if (runs === undefined || !(await showsThem(place.crypto, counted, changes))) return undefined;
		return runs;
	} catch (error) {
		if (error instanceof FormatError) return undefined;
		throw error;
	}
}

function changesOf(saved: Uint8Array): Uint8Array[] {
	const crdt = CrdtDocument.load(saved, reader);
	try {
		return crdt.changes();
	} finally {
		crdt.free();
	}
}

/** Gives every change to the entry whose tag names it, or names one behind it in the same run; all must be used, none may lack. */
async function runsOfHistory(
	place: CheckPlace,
	changes: readonly Uint8Array[],
	snapshot: KnownEntry,
	{ entries, isDelete }: CoveredHistory,
): Promise<Map<string, readonly DecodedChange[]> | undefined> {
	const { crypto } = place;
	const listed = await list(crypto, changes);
	const lastChanges = await namedByTags(place, listed, entries);
	const entryOfChange = new Map<string, string>();
	for (const [hash, last] of lastChanges) {
		if (entryOfChange.has(last)) return undefined;
		entryOfChange.set(last, hash);
	}
	const causal = new CausalIndex();
	const runs = new Map<string, readonly DecodedChange[]>();
	for (const { hash, fields } of entries) {
		const last = lastChanges.get(hash);
		if (last === undefined) return undefined;
		const run = await decodeChanges(crypto, chunksOfRun(listed, last, entryOfChange));
		const known = { causal, entryOfChange: (change: string) => entryOfChange.get(change), isDelete };
		if ((await checkRun(crypto, run, fields, known)) !== undefined) return undefined;
		for (const change of run) {
			if (causal.has(change.hash) || causal.add(change, hash) !== undefined) return undefined;
		}
		runs.set(hash, run);
	}
	const named = new Set(snapshot.fields.dependencyHashes);
	const followed = new Set(entries.flatMap(({ fields }) => fields.dependencyHashes));
	const heads = entries.filter(({ hash }) => !followed.has(hash));
	const fits = heads.length === named.size && heads.every(({ hash }) => named.has(hash));
	return fits && causal.size === listed.size ? runs : undefined;
}

async function list(crypto: Crypto, changes: readonly Uint8Array[]): Promise<Map<string, Listed>> {
	const hashes = await crypto.sha256Many(changes.map((bytes) => bytes.subarray(hashedFrom)));
	return new Map(
		changes.map((bytes, i) => {
			const { actor, deps } = headOf(bytes);
			return [toHex(hashes[i] as Uint8Array), { bytes, actor, deps }];
		}),
	);
}

/** The last change of each entry's run, by the entry's hash. */
async function namedByTags(
	{ crypto, dbId, docId, subkeysOf }: CheckPlace,
	listed: ReadonlyMap<string, Listed>,
	entries: readonly KnownEntry[],
): Promise<Map<string, string>> {
	const versions = new Map<string, KnownEntry[]>();
	for (const entry of entries) {
		const { keyCommitment } = entry.fields;
		const written = versions.get(keyCommitment);
		if (written === undefined) versions.set(keyCommitment, [entry]);
		else written.push(entry);
	}
	const found = new Map<string, string>();
	for (const written of versions.values()) {
		const tagKey = await subkeysOf((written[0] as KnownEntry).fields)?.contentTagKey(dbId, docId);
		if (tagKey === undefined) continue;
		const changeOfTag = new Map<string, string>();
		for (const change of listed.keys()) changeOfTag.set(await contentTag(crypto, tagKey, change), change);
		for (const { hash, fields } of written) {
			const change = fields.contentTag === undefined ? undefined : changeOfTag.get(fields.contentTag);
			if (change !== undefined) found.set(hash, change);
		}
	}
	return found;
}

/** From the last change back to the first one, which builds on other entries' last changes or on nothing. */
function chunksOfRun(
	listed: ReadonlyMap<string, Listed>,
	last: string,
	entryOfChange: ReadonlyMap<string, string>,
): Uint8Array[] {
	const run: Uint8Array[] = [];
	for (let hash: string | undefined = last; hash !== undefined; ) {
		const change = listed.get(hash);
		if (change === undefined || run.length === limits.changesPerRun) break;
		run.push(change.bytes);
		const [before, another] = change.deps;
		hash = another === undefined && before !== undefined && !entryOfChange.has(before) ? before : undefined;
	}
	return run.reverse();
}

/**
 * Whether the operations stand as Automerge itself puts them when it is given the changes. The changes do not tell: they come out
 * the same when the elements of a list stand in another order.
 */
async function showsThem(crypto: Crypto, counted: DocumentChunk, changes: readonly Uint8Array[]): Promise<boolean> {
	const rebuilt = CrdtDocument.create(reader);
	try {
		rebuilt.apply(changes);
		const { columns } = await readDocumentChunk(crypto, rebuilt.save(), counted);
		if (columns.size !== counted.columns.size) return false;
		return [...columns].every(([specification, data]) => {
			const found = counted.columns.get(specification);
			return found !== undefined && equalBytes(found, data);
		});
	} finally {
		rebuilt.free();
	}
}
