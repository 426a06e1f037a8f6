import { linkOf } from "../../entry/entry.js";
import type { DatabaseContext } from "../context.js";
import { chainOrder } from "./chain-order.js";
import type { EvaluationContext } from "./evaluation.js";

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
