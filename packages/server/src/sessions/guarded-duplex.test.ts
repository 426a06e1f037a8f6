import { testClock } from "@mindoodb/testing";
import { memoryPair } from "mindoodb";
import { describe, expect, it } from "vitest";
import { TokenBucket } from "../limits/token-bucket.js";
import { GuardedDuplex } from "./guarded-duplex.js";

function guarded() {
	const clock = testClock();
	const [client, inner] = memoryPair({ clock });
	const told: string[] = [];
	const bytes = { in: 0, out: 0 };
	const duplex = new GuardedDuplex(inner, {
		clock,
		idleTime: 1000,
		stalledTime: 2000,
		onBytes: (direction, count) => {
			bytes[direction] += count;
		},
		onSilence: (kind) => told.push(kind),
	});
	return { clock, client, duplex, told, bytes };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

async function readAll(duplex: GuardedDuplex, pieces: Uint8Array[]): Promise<string> {
	try {
		for await (const piece of duplex.incoming) pieces.push(piece);
		return "ended";
	} catch {
		return "broken";
	}
}

describe("a guarded connection", () => {
	it("carries and counts bytes, and leaves no timer behind", async () => {
		const { clock, client, duplex, bytes } = guarded();
		const pieces: Uint8Array[] = [];
		const reading = readAll(duplex, pieces);
		await client.send(new Uint8Array(10));
		await duplex.send(new Uint8Array(7));
		await client.close();
		expect([await reading, bytes]).toEqual(["ended", { in: 10, out: 7 }]);
		duplex.abort();
		expect(clock.waiting).toBe(0);
	});

	it("ends when the other side says nothing for too long, and not while it says something", async () => {
		const { clock, client, duplex, told } = guarded();
		const reading = readAll(duplex, []);
		await settled();
		for (let i = 0; i < 10; i++) {
			clock.advance(500);
			await client.send(Uint8Array.of(1));
			await settled();
		}
		expect(told).toEqual([]);
		clock.advance(1500);
		expect([await reading, told]).toEqual(["broken", ["idle"]]);
	});

	it("ends when the other side reads nothing, however much it says", async () => {
		const { clock, client, duplex, told } = guarded();
		void readAll(duplex, []);
		const sending = (async () => {
			for (;;) await duplex.send(new Uint8Array(262_144));
		})();
		sending.catch(() => undefined);
		for (let i = 0; i < 12; i++) {
			await client.send(Uint8Array.of(1)).catch(() => undefined);
			await settled();
			clock.advance(250);
		}
		await expect(sending).rejects.toMatchObject({ code: "transport" });
		expect(told).toEqual(["stalled"]);
	});

	it("does not count against the other side that nobody reads here", async () => {
		const { clock, client, told } = guarded();
		await client.send(new Uint8Array(100));
		await settled();
		clock.advance(60_000);
		expect(told).toEqual([]);
	});

	it("holds back what comes faster than its rate", async () => {
		const { clock, client, duplex } = guarded();
		duplex.limitBy(new TokenBucket(clock, { perSecond: 1000, burst: 100 }));
		const pieces: Uint8Array[] = [];
		const reading = readAll(duplex, pieces);
		for (let i = 0; i < 3; i++) await client.send(new Uint8Array(100));
		await settled();
		expect(pieces).toHaveLength(1);
		clock.advance(100);
		await settled();
		expect(pieces).toHaveLength(2);
		duplex.abort();
		await settled();
		expect(await reading).toBe("broken");
	});
});
