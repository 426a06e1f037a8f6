import { describe, expect, it } from "vitest";
import { connected } from "./connected.js";
import { pattern, read, readAll, readPiece } from "./reading.js";
import type { TransportSuite } from "./under-test.js";

const gone = { name: "TransportError", code: "transport", retryable: true };

export function testEnding(suite: TransportSuite): void {
	for (const side of ["near", "far"] as const) {
		describe(`ended by the ${side} side`, () => {
			const open = async () => {
				const { near, far } = await connected(suite);
				return side === "near" ? { ending: near, other: far } : { ending: far, other: near };
			};

			it("close: the other side gets everything, then the end", async () => {
				const { ending, other } = await open();
				const sent = ending.send(pattern(5_000_000));
				const closed = ending.close();
				const all = await readAll(other);
				expect(Buffer.compare(all, pattern(5_000_000))).toBe(0);
				await sent;
				await closed;
				await expect(other.send(Uint8Array.of(1))).rejects.toMatchObject(gone);
			});

			it("close: its own reader ends, and it sends no more", async () => {
				const { ending, other } = await open();
				const reading = readAll(ending);
				await ending.close();
				expect(await reading).toEqual(new Uint8Array(0));
				await expect(ending.send(Uint8Array.of(1))).rejects.toMatchObject(gone);
				expect(await readAll(other)).toEqual(new Uint8Array(0));
			});

			it("close: what the other side was still sending fails", async () => {
				const { ending, other } = await open();
				const sending = other.send(pattern(50_000_000)).catch((error: unknown) => error);
				await readPiece(ending);
				await ending.close();
				expect(await sending).toMatchObject(gone);
			});

			it("close: twice, at once and later, after the other side, and after abort", async () => {
				const { ending, other } = await open();
				await Promise.all([ending.close(), ending.close()]);
				await ending.close();
				await other.close();
				ending.abort();
				other.abort();
				await other.close();
			});

			it("abort: the other side gets what had come, then an error", async () => {
				const { ending, other } = await open();
				await ending.send(pattern(1000));
				expect(await read(other, 1000)).toEqual(pattern(1000));
				const reading = readAll(other);
				ending.abort();
				await expect(reading).rejects.toMatchObject(gone);
				await expect(readAll(other)).rejects.toMatchObject(gone);
				await expect(other.send(Uint8Array.of(1))).rejects.toMatchObject(gone);
				await other.close();
			});

			it("abort: its own reader, and what it was sending, fail", async () => {
				const { ending } = await open();
				const reading = readAll(ending);
				const sending = ending.send(pattern(50_000_000));
				const outcomes = Promise.allSettled([reading, sending]);
				ending.abort();
				ending.abort();
				for (const outcome of await outcomes) {
					expect(outcome).toMatchObject({ status: "rejected", reason: gone });
				}
				await expect(ending.send(Uint8Array.of(1))).rejects.toMatchObject(gone);
				await ending.close();
			});

			it("abort: takes a close that waits along", async () => {
				const { ending } = await open();
				const sending = ending.send(pattern(50_000_000)).catch((error: unknown) => error);
				const closing = ending.close();
				ending.abort();
				expect(await sending).toMatchObject(gone);
				await closing;
			});
		});
	}

	it("close on both sides at once", async () => {
		const { near, far } = await connected(suite);
		await Promise.all([near.close(), far.close()]);
	});
}
