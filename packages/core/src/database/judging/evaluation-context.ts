import type { Crypto } from "../../crypto/crypto.js";
import type { Entry } from "../../entry/entry.js";
import { linkOf } from "../../entry/entry.js";
import type { Keyring } from "../../keys/keyring.js";
import type { Membership } from "../../trust/author-chain.js";
import type { DatabaseContext } from "../context.js";
import type { DatabaseTrust } from "../trust-port.js";
import { chainOrder } from "./chain-order.js";

export interface EvaluationContext {
	readonly crypto: Crypto;
	readonly tenantRoot: string;
	readonly dbId: string;
	readonly docId: string;
	/** Whether a run that builds on nothing is the root of a settings document; `undefined` outside of the directory. */
	readonly isSettingsRoot: ((changes: readonly Uint8Array[]) => Promise<boolean>) | undefined;
	readonly keyring: Keyring;
	readonly trust: DatabaseTrust;
	/** Those of `hashes` that are entries of another document of this database. */
	readonly foreign: (hashes: readonly string[]) => Promise<ReadonlySet<string>>;
	/** Whether `earlier` comes before `later` on their author's chain: "inside" the way back from it. */
	readonly precedes: (earlier: Entry, later: Entry) => Promise<Membership>;
}

/** What the evaluation of one document works with. */
export function evaluationContext(context: DatabaseContext, docId: string): EvaluationContext {
	const { env, tenantRoot, dbId, keyring, trust, store, isSettingsRoot } = context;
	return {
		crypto: env.crypto,
		tenantRoot,
		dbId,
		docId,
		isSettingsRoot: isSettingsRoot === undefined ? undefined : (changes) => isSettingsRoot(docId, changes),
		keyring,
		trust,
		foreign: async (hashes) => {
			const arrivals = (await store.arrivalsOf(hashes)).filter((arrival) => arrival !== undefined);
			const elsewhere = await store.getArrivals(arrivals, { payload: false, purged: true });
			return new Set(elsewhere.filter(({ entry }) => linkOf(entry).docId !== docId).map(({ entry }) => entry.hash));
		},
		precedes: chainOrder(store),
	};
}
