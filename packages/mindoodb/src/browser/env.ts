import type { Clock, Env, Log, Random, StoreFactory } from "@mindoodb/core";
import { loadAutomerge } from "./automerge.js";
import { browserStores } from "./browser-stores.js";
import { browserClock } from "./clock.js";
import { webCrypto } from "./crypto.js";

export interface BrowserEnvOptions {
	/** @default stores in the browser's IndexedDB */
	readonly stores?: StoreFactory;
	/** @default the browser's */
	readonly random?: Random;
	/** @default the computer's clock */
	readonly clock?: Clock;
	/** @default nothing is told */
	readonly log?: Log;
}

/** What the database needs from a browser: cryptography, stores, clock, and Automerge's WebAssembly, loaded once. */
export async function browserEnv(options: BrowserEnvOptions = {}): Promise<Env> {
	const [crypto] = await Promise.all([webCrypto(), loadAutomerge()]);
	const { stores = browserStores(crypto), random = crypto, clock = browserClock(), log = () => {} } = options;
	return { crypto, random, clock, stores, log };
}
