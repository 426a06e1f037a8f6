import { testClock } from "@mindoodb/testing";
import { memoryPair } from "mindoodb";
import { describe, expect, it } from "vitest";
import { VerifyError } from "../../errors.js";
import type { Duplex } from "../../transport.js";
import { sendMessage } from "./first-messages.js";
import { askToKeep, dismiss, greet } from "./greeting.js";

const encryptionKey = Uint8Array.of(1, 2, 3);

function pair(): [client: Duplex, server: Duplex] {
	return memoryPair({ clock: testClock() });
}

async function first(duplex: Duplex, length: number): Promise<Uint8Array> {
	let bytes = new Uint8Array(0);
	for await (const piece of duplex.incoming) {
		bytes = Uint8Array.of(...bytes, ...piece);
		if (bytes.length >= length) break;
	}
	return bytes;
}

describe("a greeting", () => {
	it("tells the server's key, takes the request, and leaves the rest as it came", async () => {
		const [client, server] = pair();
		const requests: Uint8Array[] = [];
		const greeted = greet(server, { encryptionKey, keep: async (request) => void requests.push(request.slice()) });
		const asked = await askToKeep(client, async (key) => Uint8Array.of(...key, 9));
		expect(requests).toEqual([Uint8Array.of(1, 2, 3, 9)]);
		// A ping, in pieces, and what may be anything.
		await asked.send(Uint8Array.of(2));
		await asked.send(Uint8Array.of(0x52, 0, 77, 78));
		const session = await greeted;
		expect(await first(session, 5)).toEqual(Uint8Array.of(2, 0x52, 0, 77, 78));
		await session.send(Uint8Array.of(5, 6));
		expect(await first(asked, 2)).toEqual(Uint8Array.of(5, 6));
	});

	it.each([
		["a session's message", [4, 0x0a, 2, 0x18, 1]],
		["a chunk", [0, 0, 0, 0, 1]],
		["an unknown message", [3, 0xa2, 0x06, 0]],
		["a length that has no end", [255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255]],
	])("is left out before %s", async (_, bytes) => {
		const [client, server] = pair();
		const greeted = greet(server, { encryptionKey, keep: async () => undefined });
		for (const byte of bytes) await client.send(Uint8Array.of(byte));
		await client.close();
		expect(await first(await greeted, bytes.length)).toEqual(Uint8Array.from(bytes));
	});

	it("ends with the connection", async () => {
		const [client, server] = pair();
		const greeted = greet(server, { encryptionKey, keep: async () => undefined });
		await client.send(Uint8Array.of(9, 0xb2));
		await client.close();
		expect(await first(await greeted, 3)).toEqual(Uint8Array.of(9, 0xb2));
	});

	it("tells a refusal and its reason, of errors that nobody foresaw nothing", async () => {
		for (const [error, told] of [
			[new VerifyError("not on the list\n"), /not on the list $/],
			[new Error("secret"), /could not be carried out/],
		] as const) {
			const [client, server] = pair();
			const greeted = greet(server, { encryptionKey, keep: () => Promise.reject(error) });
			greeted.catch(() => undefined);
			await expect(askToKeep(client, async () => Uint8Array.of(1))).rejects.toThrow(told);
			await expect(greeted).rejects.toBe(error);
		}
	});

	it("takes no request that is too large, nor one after the other without end", async () => {
		const [client, server] = pair();
		let kept = 0;
		const greeted = greet(server, { encryptionKey, keep: async () => void kept++ });
		greeted.catch(() => undefined);
		// 1 MiB of request 22, announced.
		await client.send(Uint8Array.of(0x80, 0x80, 0x40, 0xb2, 0x01));
		await expect(greeted).rejects.toMatchObject({ code: "limit" });
		const [other, again] = pair();
		const second = greet(again, { encryptionKey, keep: async () => void kept++ });
		second.catch(() => undefined);
		for (let i = 0; i < 5; i++) await other.send(Uint8Array.of(3, 0xb2, 0x01, 0));
		await expect(second).rejects.toMatchObject({ code: "limit" });
		expect(kept).toBe(4);
	});

	it("believes nothing of a server that answers otherwise", async () => {
		const [client, server] = pair();
		const asking = askToKeep(client, async () => Uint8Array.of(1));
		asking.catch(() => undefined);
		await sendMessage(server, { case: "tenantKept", value: { refusal: `no\u001b[31m${"x".repeat(300)}` } });
		await expect(asking).rejects.toThrow(/^the server refuses: no \[31mx{190,194}$/);
		const [busy, full] = pair();
		await dismiss(full, { reason: "limit" });
		await expect(askToKeep(busy, async () => Uint8Array.of(1))).rejects.toThrow("the server refuses: limit");
		const [other, wrong] = pair();
		await wrong.send(Uint8Array.of(3, 0xba, 0x01, 0));
		await expect(askToKeep(other, async () => Uint8Array.of(1))).rejects.toMatchObject({ code: "format" });
	});
});
