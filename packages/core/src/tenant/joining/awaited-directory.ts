/**
 * What a newcomer must have of the directory before anything counts: the heads that its invitation names. Whoever carries the
 * directory could else show an older one, in which a revoked member is still one. Beside it the servers that the invitation names,
 * since the directory that lists them comes from one of them.
 *
 * One row of the directory's store, until that much has come: 71 → CBOR[array of heads, signing key of who invited, array of [signing
 * key of a server, array of its addresses]].
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
	readonly servers: readonly KnownServer[];
}

/** A sync server by the key that it must prove and the addresses where it can be reached. */
export interface KnownServer {
	/** Hex. */
	readonly signingKey: string;
	readonly addresses: readonly string[];
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
	static async begin(store: LocalStore, { directoryHeads, signer, servers }: AwaitedHeads): Promise<void> {
		const value = encodeCbor([
			directoryHeads.map((hash) => fromHex(hash, 32)),
			fromHex(signer, 32),
			servers.map(({ signingKey, addresses }) => [fromHex(signingKey, 32), addresses]),
		]);
		await store.rows.write([{ type: "put", key: rowKey, value }]);
	}

	/** Heads that are waited for; none once they came, and where nothing was ever waited for. */
	get heads(): readonly string[] {
		return this.#awaited?.directoryHeads ?? [];
	}

	/** Servers that the invitation named; none once the directory, which lists them, has come. */
	get servers(): readonly KnownServer[] {
		return this.#awaited?.servers ?? [];
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
	const [heads, signer, servers = []] = decodeCbor(row) as readonly CborValue[];
	return {
		directoryHeads: (heads as Uint8Array[]).map(toHex),
		signer: toHex(signer as Uint8Array),
		servers: (servers as [Uint8Array, string[]][]).map(([signingKey, addresses]) => ({
			signingKey: toHex(signingKey),
			addresses,
		})),
	};
}
