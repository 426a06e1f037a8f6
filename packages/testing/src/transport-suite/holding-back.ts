import { expect, it } from "vitest";
import { connected } from "./connected.js";
import { pattern, read } from "./reading.js";
import { stalled } from "./stalled.js";
import type { TransportSuite } from "./under-test.js";

/** What may wait at the reader's side. */
const waiting = 1_048_576;
const piece = 65_536;
const pieces = 1024;

export function testHoldingBack(suite: TransportSuite): void {
	it("holds the sender back while nobody reads, and loses nothing by it", async () => {
		const { near, far } = await connected(suite);
		const bytes = pattern(piece * pieces);
		let accepted = 0;
		const sending = (async () => {
			for (let at = 0; at < bytes.length; at += piece) {
				await near.send(bytes.slice(at, at + piece));
				accepted += piece;
			}
		})();
		await stalled(() => accepted);
		expect(accepted).toBeLessThanOrEqual(waiting + (suite.systemBuffers ?? 0));
		expect(accepted).toBeGreaterThan(0);
		expect(Buffer.compare(await read(far, bytes.length), bytes)).toBe(0);
		await sending;
	});

	it("lets the other direction pass meanwhile", async () => {
		const { near, far } = await connected(suite);
		const held = near.send(pattern(30_000_000));
		const ended = held.catch((error: unknown) => error);
		const [taken] = await Promise.all([read(near, 3_000_000), far.send(pattern(3_000_000))]);
		expect(Buffer.compare(taken, pattern(3_000_000))).toBe(0);
		near.abort();
		expect(await ended).toMatchObject({ code: "transport" });
	});
}
