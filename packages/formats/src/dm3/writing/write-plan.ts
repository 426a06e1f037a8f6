/**
 * In which order a changed conversation is written, so that whoever reads after a crash at any point finds it as it was or as it is to be,
 * and nothing else but containers that nobody names.
 */

import type { StoredEnvelope } from "../containers/envelope.js";
import { type ChunkIdentifier, highestId } from "../keys/container-keys.js";
import type { DraftChunk } from "./conversation-draft.js";

export type WriteStep =
	| { readonly write: "chunk"; readonly identifier: ChunkIdentifier; readonly messages: readonly StoredEnvelope[] }
	| { readonly write: "conversation"; readonly chunks: readonly ChunkIdentifier[] }
	/** The root container with this conversation in it, or without it. */
	| { readonly write: "root"; readonly listed: boolean }
	| { readonly delete: "chunk"; readonly identifier: ChunkIdentifier }
	| { readonly delete: "conversation" };

/**
 * @param before chunks as the store has them; none for a conversation that the root does not name.
 * @param after none to end the conversation: empty ones are not stored.
 */
export function planWrites(before: readonly ChunkIdentifier[], after: readonly DraftChunk[]): WriteStep[] {
	if (after.length === 0) return before.length === 0 ? [] : planEnd(before);
	const changed = after.filter(isChanged);
	const identifiers = after.map(({ identifier }) => identifier);
	const gone = before.filter((identifier) => !contains(identifiers, identifier));
	const sameList = gone.length === 0 && before.length === after.length;
	// One key changes at once by itself.
	if (sameList && changed.length <= 1) return changed.map(writeChunk);

	const fresh = changed.filter(({ identifier }) => !contains(before, identifier));
	const replaced = changed.filter(({ identifier }) => contains(before, identifier));
	// Several keys cannot change at once. So chunks that keep their keys stand under spare ids for a while, and the list that
	// names those makes the change.
	const spares = spareIdentifiers(replaced, [...before, ...identifiers]);
	const steps: WriteStep[] = [
		...fresh.map(writeChunk),
		...replaced.map((chunk, at) => ({ ...writeChunk(chunk), identifier: spares[at] as ChunkIdentifier })),
		{ write: "conversation", chunks: identifiers.map((each) => spareOf(each, replaced, spares)) },
	];
	if (before.length === 0) steps.push({ write: "root", listed: true });
	if (replaced.length > 0) {
		steps.push(...replaced.map(writeChunk), { write: "conversation", chunks: identifiers });
	}
	return [...steps, ...[...spares, ...gone].map(deleteChunk)];
}

function planEnd(before: readonly ChunkIdentifier[]): WriteStep[] {
	return [{ write: "root", listed: false }, { delete: "conversation" }, ...before.map(deleteChunk)];
}

interface ChangedChunk {
	readonly identifier: ChunkIdentifier;
	readonly messages: readonly StoredEnvelope[];
}

function isChanged(chunk: DraftChunk): chunk is DraftChunk & ChangedChunk {
	return chunk.changed && chunk.messages !== undefined;
}

function writeChunk({ identifier, messages }: ChangedChunk): WriteStep & { readonly write: "chunk" } {
	return { write: "chunk", identifier, messages };
}

function deleteChunk(identifier: ChunkIdentifier): WriteStep {
	return { delete: "chunk", identifier };
}

function spareIdentifiers(replaced: readonly ChangedChunk[], taken: readonly ChunkIdentifier[]): ChunkIdentifier[] {
	const next = 1 + highestId(taken);
	return replaced.map(({ identifier: { timestamp } }, at) => ({ id: next + at, timestamp }));
}

function spareOf(
	identifier: ChunkIdentifier,
	replaced: readonly ChangedChunk[],
	spares: readonly ChunkIdentifier[],
): ChunkIdentifier {
	const at = replaced.findIndex((chunk) => isSame(chunk.identifier, identifier));
	return spares[at] ?? identifier;
}

function contains(list: readonly ChunkIdentifier[], identifier: ChunkIdentifier): boolean {
	return list.some((each) => isSame(each, identifier));
}

function isSame(a: ChunkIdentifier, b: ChunkIdentifier): boolean {
	return a.id === b.id && a.timestamp === b.timestamp;
}
