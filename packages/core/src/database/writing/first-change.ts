import { draftError } from "../../automerge/automerge-error.js";
import { CrdtDocument, type LocalChange } from "../../automerge/crdt-document.js";
import { encodeInitialChange } from "../../automerge/initial-change.js";
import { encodeProjection } from "../../automerge/plain-data.js";
import type { Crypto } from "../../crypto/crypto.js";
import type { Draft } from "./commit-queue.js";

/** The first change of a document, and what it shows, as `encodeProjection` gives it. */
export async function firstChange(
	crypto: Crypto,
	actor: string,
	initial: Readonly<Record<string, unknown>>,
): Promise<{ readonly change: LocalChange; readonly data: Uint8Array }> {
	const quick = await encodeInitialChange(crypto, actor, initial);
	if (quick !== undefined) return { change: quick, data: encodeProjection(quick.data) };
	const crdt = CrdtDocument.create(actor);
	try {
		const draft = crdt.openDraft();
		fill(draft, initial);
		const change = crdt.commitDraft() ?? crdt.emptyChange();
		return { change, data: encodeProjection(crdt.toData()) };
	} finally {
		crdt.free();
	}
}

/** The part of a draft that holds a change on which nothing waits, and that waits for nothing. */
export function onlyChange({
	change,
	hash,
}: LocalChange): Pick<Draft, "changes" | "lastChange" | "dependencies" | "onSealed"> {
	return { changes: [change], lastChange: hash, dependencies: () => [], onSealed: () => {} };
}

function fill(draft: Record<string, unknown>, initial: Readonly<Record<string, unknown>>): void {
	try {
		for (const [key, value] of Object.entries(initial)) draft[key] = value;
	} catch (error) {
		throw draftError(error);
	}
}
