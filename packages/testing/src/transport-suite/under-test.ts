import type { Duplex, Transport } from "@mindoodb/core";

/** One side that listens and the way to it, fresh for each test. */
export interface TransportUnderTest {
	readonly transport: Transport;
	/** The next connection that the listening side took. */
	accept(): Promise<Duplex>;
	/** Stops listening. Open connections stay. */
	close(): Promise<void>;
}

export interface TransportSuite {
	readonly name: string;
	readonly open: () => Promise<TransportUnderTest>;
	/** Bytes that the operating system may keep between both sides, beside what waits at the reader's. @default 0 */
	readonly systemBuffers?: number;
	/** What stays of closed connections for the whole process, as `process.getActiveResourcesInfo` names it. */
	readonly staying?: readonly string[];
}
