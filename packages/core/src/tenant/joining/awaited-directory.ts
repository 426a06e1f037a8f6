/**
 * What a newcomer must have of the directory before anything counts: the heads that its invitation names. Whoever carries the
 * directory could else show an older one, in which a revoked member is still one.
 *
 * One row of the directory's store, until that much has come: 71 → CBOR[array of heads, signing key of who invited].
 * Source: docs/trust.md, "Joining, rolling back, leaving"; docs/decisions/0029-joining.md.
 */
import { type CborValue, decodeCbor, encodeCbor } from "../../bytes/cbor.js";
import { fromHex, toHex } from "../../bytes/hex.js";
import { rowKinds } from "../../database/document-rows.js";
import type { Verdict } from "../../database/judging/verdict.js";
import type { LocalStore } from "../../store/store.js";
import type { DirectoryState } from "../../trust/directory-state.js";

export interface AwaitedHeads {
	/** Hex. */
	readonly directoryHeads: readonly string[];
	/** Who says so: must be an administrator there. Hex. */
	readonly signer: string;
}

const rowKey = Uint8Array.of(rowKinds.awaited);

export class AwaitedDirectory {
	readonly #store: LocalStore;
	readonly #state: DirectoryState;
	#awaited: AwaitedHeads | undefined;

	private constructor(store: LocalStore, state: DirectoryState, awaited: AwaitedHeads | undefined) {
		this.#store = store;
		this.#state = state;
		this.#awaited = awaited;
	}

	static async open(store: LocalStore, state: DirectoryState): Promise<AwaitedDirectory> {
		const row = await store.rows.get(rowKey);
		const awaited = new AwaitedDirectory(store, state, row === undefined ? undefined : decode(row));
		await awaited.update();
		return awaited;
	}

	/** Writes down, before the tenant is opened for the first time, what it must wait for. */
	static async begin(store: LocalStore, { directoryHeads, signer }: AwaitedHeads): Promise<void> {
		const value = encodeCbor([directoryHeads.map((hash) => fromHex(hash, 32)), fromHex(signer, 32)]);
		await store.rows.write([{ type: "put", key: rowKey, value }]);
	}

	/** Heads that are waited for; none once they came, and where nothing was ever waited for. */
	get heads(): readonly string[] {
		return this.#awaited?.directoryHeads ?? [];
	}

	/** While something is waited for, the verdict on everything. */
	get verdict(): Verdict | undefined {
		return this.#awaited && { kind: "pending", reason: "directory", missing: this.#awaited.directoryHeads };
	}

	/** Looks whether the directory has come; what waited for it is opened by the heads' names, like whatever waits for an entry. */
	async update(): Promise<void> {
		if (this.#awaited === undefined) return;
		const { signer, directoryHeads } = this.#awaited;
		if (this.#state.administersAt(signer, directoryHeads) !== true) return;
		await this.#store.rows.write([{ type: "del", key: rowKey }]);
		this.#awaited = undefined;
	}
}

function decode(row: Uint8Array): AwaitedHeads {
	const [heads, signer] = decodeCbor(row) as readonly CborValue[];
	return { directoryHeads: (heads as Uint8Array[]).map(toHex), signer: toHex(signer as Uint8Array) };
}
