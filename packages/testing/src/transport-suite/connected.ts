import type { Duplex } from "@mindoodb/core";
import { onTestFinished } from "vitest";
import type { TransportSuite, TransportUnderTest } from "./under-test.js";

export interface Connected extends TransportUnderTest {
	/** The side that connected. */
	readonly near: Duplex;
	/** The side that accepted. */
	readonly far: Duplex;
}

/** Opens what listens; it is closed when the test is over. */
export async function listening(suite: TransportSuite): Promise<TransportUnderTest> {
	const opened = await suite.open();
	onTestFinished(() => opened.close());
	return opened;
}

/** One connection, which is ended when the test is over. */
export async function connected(suite: TransportSuite): Promise<Connected> {
	const opened = await listening(suite);
	const accepted = opened.accept();
	const near = await opened.transport.connect();
	const far = await accepted;
	onTestFinished(() => {
		near.abort();
		far.abort();
	});
	return { ...opened, near, far };
}
