import fc from "fast-check";
import { expect, it } from "vitest";
import { connected } from "./connected.js";
import { pattern, read, readAll } from "./reading.js";
import type { TransportSuite } from "./under-test.js";

export function testCarrying(suite: TransportSuite): void {
	it("carries bytes in order, however they are cut", async () => {
		const { near, far } = await connected(suite);
		await fc.assert(
			fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 70_000 }), { maxLength: 12 }), async (sizes) => {
				const total = sizes.reduce((sum, size) => sum + size, 0);
				const bytes = pattern(total, sizes.length);
				const taken = read(far, total);
				let at = 0;
				for (const size of sizes) {
					await near.send(bytes.slice(at, at + size));
					at += size;
				}
				expect(Buffer.compare(await taken, bytes)).toBe(0);
			}),
			{ numRuns: 20 },
		);
	});

	it("carries many single bytes", async () => {
		const { near, far } = await connected(suite);
		const bytes = pattern(5_000);
		for (const byte of bytes) await near.send(Uint8Array.of(byte));
		expect(Buffer.compare(await read(far, bytes.length), bytes)).toBe(0);
	});

	it("carries 10 MB in one call, both ways at once", async () => {
		const { near, far } = await connected(suite);
		const [up, down] = [pattern(10_000_000, 1), pattern(10_000_000, 2)];
		const [, , atFar, atNear] = await Promise.all([
			near.send(up.slice()),
			far.send(down.slice()),
			read(far, up.length),
			read(near, down.length),
		]);
		expect(Buffer.compare(atFar, up)).toBe(0);
		expect(Buffer.compare(atNear, down)).toBe(0);
	});

	it("keeps the order of sends that nobody waited for", async () => {
		const { near, far } = await connected(suite);
		const bytes = pattern(3_000_000);
		const taken = read(far, bytes.length);
		const sends: Promise<void>[] = [];
		for (let at = 0; at < bytes.length; at += 300_000) sends.push(near.send(bytes.slice(at, at + 300_000)));
		await Promise.all(sends);
		expect(Buffer.compare(await taken, bytes)).toBe(0);
	});

	it("sends nothing for 0 bytes", async () => {
		const { near, far } = await connected(suite);
		await near.send(new Uint8Array(0));
		await near.send(Uint8Array.of(1));
		await near.send(new Uint8Array(0));
		await near.close();
		expect(await readAll(far)).toEqual(Uint8Array.of(1));
	});

	it("sends what a view shows, and nothing round it", async () => {
		const { near, far } = await connected(suite);
		const whole = pattern(1000);
		await near.send(whole.subarray(100, 200));
		await near.send(Buffer.from("pooled"));
		expect(await read(far, 106)).toEqual(new Uint8Array([...whole.subarray(100, 200), ...Buffer.from("pooled")]));
	});

	it("gives plain Uint8Arrays that belong to the reader", async () => {
		const { near, far } = await connected(suite);
		await near.send(pattern(100));
		for await (const piece of far.incoming) {
			expect(Object.getPrototypeOf(piece)).toBe(Uint8Array.prototype);
			piece.fill(0);
			break;
		}
		await near.send(pattern(100, 5));
		expect(await read(far, 100)).toEqual(pattern(100, 5));
	});

	it("lets a reader that stopped go on, and refuses a second one meanwhile", async () => {
		const { near, far } = await connected(suite);
		const [one, other] = [far.incoming[Symbol.asyncIterator](), far.incoming[Symbol.asyncIterator]()];
		const first = one.next();
		await expect(other.next()).rejects.toMatchObject({ code: "usage" });
		await near.send(Uint8Array.of(7));
		expect(await first).toEqual({ done: false, value: Uint8Array.of(7) });
	});
}
