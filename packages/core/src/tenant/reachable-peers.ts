import type { MindooDB } from "../database/mindoo-db.js";
import { UsageError } from "../errors.js";
import type { ContentAddressedStore } from "../store/store.js";
import { directoryId } from "../trust/directory-record.js";

/** Another replica that can be asked now, however it is reached. */
export interface ReachablePeer {
	/** Its store of a database; `undefined` when it does not keep it. What it throws means that it could not be reached. */
	openStore(dbId: string): Promise<ContentAddressedStore | undefined>;
}

/** The peers of a tenant, as far as this replica was told of them. */
export class ReachablePeers {
	readonly #peers = new Set<ReachablePeer>();

	/** @returns a function that takes the peer out again. */
	add(peer: ReachablePeer): () => void {
		this.#peers.add(peer);
		return () => this.#peers.delete(peer);
	}

	/**
	 * Takes over what the peers have of a database and this replica has not.
	 * @returns whether all of it came; entries that are refused here do not count as missing.
	 */
	async bringLevel(db: MindooDB): Promise<boolean> {
		let level = true;
		for (const peer of this.#peers) if (!(await isLevel(db, peer))) level = false;
		return level;
	}
}

async function isLevel(db: MindooDB, peer: ReachablePeer): Promise<boolean> {
	try {
		const store = await peer.openStore(db.id);
		if (store === undefined) return true;
		const { complete, damaged } = await db.pullChangesFrom(store);
		return complete && damaged.length === 0;
	} catch {
		// Whatever stopped it, the caller needs to know that this database is not level, and of which one it is.
		return false;
	}
}

interface LevelledTenant {
	readonly peers: ReachablePeers;
	readonly listDatabases: () => Promise<readonly string[]>;
	readonly openDB: (dbId: string) => Promise<MindooDB>;
}

/**
 * Brings every known database level with the peers, the directory first: it says who has to be asked about.
 * @throws {UsageError} `not-level` with those that could not be, but for those of `without`.
 */
export async function bringAllLevel(
	{ peers, listDatabases, openDB }: LevelledTenant,
	without: readonly string[],
): Promise<void> {
	const databases: string[] = [];
	const bring = async (dbId: string) => {
		if (!(await peers.bringLevel(await openDB(dbId))) && !without.includes(dbId)) databases.push(dbId);
	};
	await bring(directoryId);
	for (const dbId of await listDatabases()) await bring(dbId);
	if (databases.length === 0) return;
	throw new UsageError("some databases could not be brought level with all peers; name them to leave them out", {
		code: "not-level",
		databases,
	});
}
