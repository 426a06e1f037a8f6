import type { Clock } from "@mindoodb/core";

/** What every transport waits for at most. */
export interface TransportOptions {
	readonly clock: Clock;
	/** Milliseconds until a connection has to stand. @default 20000 */
	readonly connectTime?: number;
	/** Milliseconds that the other side has to take what waits at `close`. @default 10000 */
	readonly closingTime?: number;
}

export const defaultConnectTime = 20_000;
export const defaultClosingTime = 10_000;
