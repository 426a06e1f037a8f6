import type { Crypto, Random } from "./crypto/crypto.js";
import type { StoreFactory } from "./store/store.js";
import type { Transport } from "./transport.js";

/** Wall clock. Times are milliseconds since 1970-01-01T00:00:00Z. */
export interface Clock {
	now(): number;
	/** Runs `task` once after `delay` milliseconds; never keeps a process alive. @returns a function that cancels it. */
	after(delay: number, task: () => void): () => void;
}

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Receives what is worth telling an operator; never plaintext, titles, user names or keys. */
export type Log = (
	level: LogLevel,
	message: string,
	data?: Readonly<Record<string, string | number | boolean>>,
) => void;

/** Everything that the database needs from its surroundings. */
export interface Env {
	readonly crypto: Crypto;
	/** Source of random bytes; adapters give `crypto` itself, tests a seeded one. */
	readonly random: Random;
	readonly clock: Clock;
	readonly stores: StoreFactory;
	readonly log: Log;
	/** The way to another replica by its address, such as `wss://…`; absent where addresses cannot be reached. @throws {UsageError} for one that it cannot reach. */
	readonly transportOf?: (address: string) => Transport;
}
