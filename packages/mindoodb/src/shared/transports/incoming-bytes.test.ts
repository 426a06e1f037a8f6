import { TransportError } from "@mindoodb/core";
import { describe, expect, it } from "vitest";
import { IncomingBytes } from "./incoming-bytes.js";

describe("incoming bytes", () => {
	it("joins small pieces that wait, and keeps their order among larger ones", async () => {
		const incoming = new IncomingBytes(() => {});
		const sent: number[] = [];
		const push = (bytes: Uint8Array) => {
			sent.push(...bytes);
			incoming.push(bytes);
		};
		for (let index = 0; index < 40_000; index++) push(Uint8Array.of(index));
		push(new Uint8Array(5000).fill(9));
		for (let index = 0; index < 100; index++) push(Uint8Array.of(index));
		incoming.end();
		expect(incoming.held).toBe(sent.length);
		const pieces: Uint8Array[] = [];
		for await (const piece of incoming) pieces.push(piece);
		expect(pieces.length).toBeLessThan(10);
		expect(Buffer.concat(pieces).equals(Buffer.from(sent))).toBe(true);
		expect(incoming.held).toBe(0);
	});

	it("joins nothing to what the reader has", async () => {
		const incoming = new IncomingBytes(() => {});
		for (const byte of [1, 2, 3]) incoming.push(Uint8Array.of(byte));
		await incoming.next();
		const { value: joined } = await incoming.next();
		incoming.push(Uint8Array.of(4));
		incoming.push(Uint8Array.of(5));
		expect(joined).toEqual(Uint8Array.of(2, 3));
		expect((await incoming.next()).value).toEqual(Uint8Array.of(4));
		expect((await incoming.next()).value).toEqual(Uint8Array.of(5));
	});

	it("keeps no buffer alive that is much larger than what waits of it", async () => {
		const incoming = new IncomingBytes(() => {});
		const buffer = new Uint8Array(65_536);
		incoming.push(buffer.subarray(0, 4096));
		incoming.push(buffer.subarray(4096, 8192));
		for (const { value } of [await incoming.next(), await incoming.next()]) {
			expect(value?.buffer.byteLength).toBe(4096);
		}
	});

	it("gives what came before an error, then the error, again and again", async () => {
		const taken: number[] = [];
		const incoming = new IncomingBytes((bytes) => taken.push(bytes));
		incoming.push(Uint8Array.of(1, 2));
		incoming.fail(new TransportError("broke", { retryable: true }));
		incoming.end();
		incoming.push(Uint8Array.of(3));
		expect((await incoming.next()).value).toEqual(Uint8Array.of(1, 2));
		await expect(incoming.next()).rejects.toMatchObject({ code: "transport" });
		await expect(incoming.next()).rejects.toMatchObject({ code: "transport" });
		expect(taken).toEqual([2]);
	});
});
