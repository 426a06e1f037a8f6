import type { Crypto } from "../../crypto/crypto.js";
import { ReplicaStore } from "../../database/levelling/replica-store.js";
import type { StoredEntry } from "../../entry/entry.js";
import type { Clock } from "../../env.js";
import { UsageError } from "../../errors.js";
import type { PutReport } from "../../store/store.js";
import type { SyncedStore } from "../../sync/host.js";
import { PeerMemory, rememberedOf } from "../../sync/levelling/peer-memory.js";
import { Pull } from "../../sync/levelling/pull.js";
import type { KeptStore } from "./kept-store.js";

export interface OfferedEntries {
	readonly dbId: string;
	readonly entries: readonly StoredEntry[];
}

/** What stands between a session and the stores: counts what comes in through it, holds it back, or refuses it. */
export interface SessionGate {
	take(offered: OfferedEntries, put: () => Promise<PutReport>): Promise<PutReport>;
	/** What the peer says that it did not take of what is here. */
	declined(count: number): void;
}

/** A store of a kept tenant as one session gets it: nothing that the other side asks for erases anything. */
export function servedStore(
	dbId: string,
	kept: KeptStore,
	{ crypto, clock, gate }: { readonly crypto: Crypto; readonly clock: Clock; readonly gate: SessionGate },
): SyncedStore {
	const { store, purpose } = kept;
	let memory: { readonly of: string; readonly peer: PeerMemory } | undefined;
	const memoryOf = (peer: string, storeId: string) => {
		const of = `${peer}/${storeId}`;
		if (memory?.of !== of) memory = { of, peer: new PeerMemory({ store, clock, storeId, peer, direction: "pull" }) };
		return memory.peer;
	};
	const take = (entries: readonly StoredEntry[]) => gate.take({ dbId, entries }, () => kept.receive(entries));
	return {
		dbId,
		purpose,
		store: new ReplicaStore(store, take, refusePurge, { crypto, beside: undefined, chunks: undefined }),
		remembered: (peer, storeId) => rememberedOf(store, peer, storeId),
		async pull(remote, { peer, ...options }) {
			const { storeId } = await remote.identity();
			const pull = new Pull({
				ownArrivals: async () => (await store.position()).arrival,
				remote,
				memory: memoryOf(peer, storeId),
				take,
				own: {
					crypto,
					index: async () => store,
					missing: async (hashes) => {
						const here = await store.arrivalsOf(hashes);
						return hashes.filter((_, index) => here[index] === undefined);
					},
				},
				options,
			});
			return kept.pullWith(`${peer}/${storeId}`, (changed) => pull.run(changed ? ["directory", "again"] : ["again"]));
		},
		met: (remote) => kept.addSource(remote),
		lacksContents: () => kept.lacksContents(),
		fetchContents: (remote, { signal }) => kept.fetchContents(remote, signal),
		acknowledged: (_peer, _position, declined) => gate.declined(declined.length),
		onAppended: (listener) => kept.onAppended(listener),
	};
}

async function refusePurge(): Promise<string[]> {
	throw new UsageError("a server erases what the directory's purge requests name, and nothing else");
}
