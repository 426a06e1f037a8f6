import type { Refusal, StorePosition } from "../../store/store.js";
import type { TransferOptions } from "./push.js";

export interface PullOptions extends TransferOptions {
	/**
	 * Told when everything up to a position of the other store is durable here, or noted: what of it since the last time was not
	 * stored, and why.
	 */
	readonly onRemembered?: (position: StorePosition, declined: readonly Refusal[]) => void;
}
