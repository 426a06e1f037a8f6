import { decodeProjection } from "../../automerge/plain-data.js";
import { equalBytes } from "../../bytes/compare.js";
import { fromHex, toHex } from "../../bytes/hex.js";
import { FormatError } from "../../errors.js";
import type { HeldKey } from "../../keys/keyring.js";
import type { DatabaseContext } from "../context.js";
import { documentOfKey, projectionKey, rowKinds, rowRange } from "../document-rows.js";
import { MindooDoc } from "../mindoo-doc.js";
import {
	decodeProjectionRow,
	encodeHiddenRow,
	type OpenedProjection,
	openProjectionRow,
	ProjectionBinding,
	type ProjectionHead,
	type SealedProjection,
	sealProjectionRow,
} from "./projection-row.js";

/** Projections read at once: more of them live too long in memory before they are used. */
const scanBatch = 256;

/** A stored projection: a document, the fact that nothing is shown, or that the row has to be made anew. */
export type StoredProjection =
	| {
			readonly kind: "shown";
			readonly head: ProjectionHead;
			readonly doc: MindooDoc;
			readonly opened: OpenedProjection;
	  }
	| { readonly kind: "hidden"; readonly head: ProjectionHead }
	| { readonly kind: "unusable" };

/** A version of a key, as the keyring had it at some generation; `held` is absent when it had it not. */
interface RowKey {
	readonly commitment: Uint8Array;
	readonly generation: number;
	readonly held: HeldKey | undefined;
	readonly binding: ProjectionBinding;
}

/** Reads and writes projection rows. */
export class Projections {
	readonly #context: DatabaseContext;
	#latest: RowKey | undefined;

	constructor(context: DatabaseContext) {
		this.#context = context;
	}

	/** `undefined` when the document was never brought up. */
	async read(document: number): Promise<StoredProjection | undefined> {
		const row = await this.#context.store.rows.get(projectionKey(document));
		return row === undefined ? undefined : this.#open(row);
	}

	/** The part of a projection that needs no key; `undefined` when there is none, or it is damaged. */
	async readHead(document: number): Promise<ProjectionHead | undefined> {
		const row = await this.#context.store.rows.get(projectionKey(document));
		return row && decode(row)?.head;
	}

	/**
	 * Projections in the order in which the documents came to this store, after `document`. While some are decrypted the engine reads
	 * the next ones, until there are `expected`.
	 */
	async *scan(
		document: number,
		expected: number,
	): AsyncGenerator<readonly (readonly [document: number, projection: StoredProjection])[]> {
		let left = expected;
		let coming = this.#readRows(document, Math.min(Math.max(left, 1), scanBatch));
		for (;;) {
			const rows = await coming;
			const last = rows.at(-1);
			if (last === undefined) return;
			left -= rows.length;
			const read = () => this.#readRows(documentOfKey(last[0]), scanBatch);
			const ahead = left > 0 ? read() : undefined;
			// Whoever takes no more documents does not hear of it.
			ahead?.catch(() => undefined);
			const opened: (readonly [number, StoredProjection])[] = [];
			for (const [key, row] of rows) opened.push([documentOfKey(key), await this.#open(row)]);
			yield opened;
			coming = ahead ?? read();
		}
	}

	/** Heads of all projections, without decrypting; `undefined` for a damaged one. */
	async *scanHeads(): AsyncGenerator<readonly (readonly [document: number, head: ProjectionHead | undefined])[]> {
		for await (const batch of this.#context.store.rows.scan(rowRange(rowKinds.projection))) {
			yield batch.map(([key, row]) => [documentOfKey(key), decode(row)?.head] as const);
		}
	}

	/** The row of a document that shows nothing here. */
	hidden(head: Pick<ProjectionHead, "docId" | "feed" | "applied" | "locked">): Uint8Array {
		return encodeHiddenRow(head);
	}

	/** The row of a document that shows `opened`. */
	async seal(
		head: Pick<ProjectionHead, "docId" | "feed" | "applied" | "deleted"> & { readonly keyCommitment: string },
		opened: OpenedProjection,
	): Promise<Uint8Array> {
		const { env, dbId } = this.#context;
		const keyCommitment = fromHex(head.keyCommitment, 32);
		const { held, binding } = this.#keyOf(keyCommitment);
		if (held === undefined) throw new FormatError("projection: its key is not held", { field: "keyCommitment" });
		const key = await held.subkeys.projectionKey(dbId, head.docId);
		return sealProjectionRow(env, binding, { ...head, keyCommitment }, opened, key);
	}

	/** Most documents have the key of the document before. */
	#keyOf(commitment: Uint8Array): RowKey {
		const { dbId, keyring } = this.#context;
		const { generation } = keyring;
		let latest = this.#latest;
		if (latest?.generation !== generation || !equalBytes(latest.commitment, commitment)) {
			const held = keyring.byCommitment(toHex(commitment));
			const binding = new ProjectionBinding(dbId, commitment);
			latest = { commitment: commitment.slice(), generation, held, binding };
			this.#latest = latest;
		}
		return latest;
	}

	/** Up to `limit` rows after a document. */
	async #readRows(document: number, limit: number): Promise<readonly (readonly [key: Uint8Array, row: Uint8Array])[]> {
		const range = rowRange(rowKinds.projection);
		const rows: (readonly [Uint8Array, Uint8Array])[] = [];
		for await (const batch of this.#context.store.rows.scan({ ...range, gte: projectionKey(document + 1), limit }))
			rows.push(...batch);
		return rows;
	}

	async #open(row: Uint8Array): Promise<StoredProjection> {
		const sealed = decode(row);
		if (sealed === undefined) return { kind: "unusable" };
		const { head } = sealed;
		if (!head.shown || head.keyCommitment === undefined) return { kind: "hidden", head };
		const { held, binding } = this.#keyOf(head.keyCommitment);
		if (held === undefined) return { kind: "unusable" };
		const { env, dbId } = this.#context;
		const key = await held.subkeys.projectionKey(dbId, head.docId);
		const opened = await openProjectionRow(env.crypto, binding, sealed, key);
		if (opened === undefined) return { kind: "unusable" };
		const doc = new MindooDoc(
			head.docId,
			head.deleted,
			() => opened.facts,
			() => decodeProjection(opened.data),
			this.#context.attachments,
		);
		return { kind: "shown", head, doc, opened };
	}
}

function decode(row: Uint8Array): SealedProjection | undefined {
	try {
		return decodeProjectionRow(row);
	} catch (error) {
		if (error instanceof FormatError) return undefined;
		throw error;
	}
}
