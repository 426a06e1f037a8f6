import type { Clock, Env, Log, Random, StoreFactory } from "@mindoodb/core";
import { memoryStores } from "../memory-stores.js";
import { loadAutomerge } from "./automerge.js";
import { nodeClock } from "./clock.js";
import { nodeCrypto } from "./crypto.js";
import { transportOf } from "./transports/transport-of.js";

export interface NodeEnvOptions {
	/** @default stores in memory, gone with the process */
	readonly stores?: StoreFactory;
	/** @default the operating system's */
	readonly random?: Random;
	/** @default the computer's clock */
	readonly clock?: Clock;
	/** @default nothing is told */
	readonly log?: Log;
}

/** What the database needs from Node: cryptography, stores, clock, and Automerge's WebAssembly, loaded once. */
export async function nodeEnv(options: NodeEnvOptions = {}): Promise<Env> {
	await loadAutomerge();
	const crypto = nodeCrypto();
	const { stores = memoryStores(crypto), random = crypto, clock = nodeClock(), log = () => {} } = options;
	return { crypto, random, clock, stores, log, transportOf };
}
