import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testClock } from "@mindoodb/testing";
import { describe, expect, it } from "vitest";
import { folderMeter } from "./folder-meter.js";
import { addressGroup, Places } from "./places.js";
import { TenantStorage } from "./tenant-storage.js";
import { pause, TokenBucket } from "./token-bucket.js";

describe("a rate", () => {
	it("lets a burst through, then what time gives back, and lets nobody save up more", () => {
		const clock = testClock();
		const bucket = new TokenBucket(clock, { perSecond: 100, burst: 50 });
		expect([bucket.take(50), bucket.take(10), bucket.take(10)]).toEqual([0, 100, 200]);
		clock.advance(200);
		expect(bucket.take(1)).toBe(10);
		clock.advance(3_600_000);
		expect([bucket.take(50), bucket.take(1)]).toEqual([0, 10]);
	});

	it("takes what is larger than a burst, and makes the next wait for it", () => {
		const bucket = new TokenBucket(testClock(), { perSecond: 10, burst: 10 });
		expect(bucket.take(110)).toBe(10_000);
	});

	it("gains nothing by a clock that is set back and forth", () => {
		const clock = testClock(1_000_000);
		const bucket = new TokenBucket(clock, { perSecond: 100, burst: 100 });
		bucket.take(100);
		clock.set(0);
		expect(bucket.take(1)).toBe(10);
		clock.set(10);
		expect(bucket.take(0)).toBe(0);
	});

	it("is waited for until its time, or until nobody waits any more", async () => {
		const clock = testClock();
		const ending = new AbortController();
		const done: string[] = [];
		const first = pause(clock, 100, ending.signal).then(() => done.push("time"));
		clock.advance(100);
		await first;
		const second = pause(clock, 100, ending.signal).then(() => done.push("ended"));
		ending.abort();
		await second;
		expect([done, clock.waiting]).toEqual([["time", "ended"], 0]);
	});
});

describe("places", () => {
	it("are given to each up to the limit, and given back once", () => {
		const places = new Places(2);
		const [first, second] = [places.take("a"), places.take("a")];
		expect([places.take("a"), places.take("b")]).toEqual([undefined, expect.any(Function)]);
		first?.();
		first?.();
		expect(places.take("a")).toBeTypeOf("function");
		expect(places.take("a")).toBeUndefined();
		second?.();
		expect(places.take("a")).toBeTypeOf("function");
	});

	it("keep nothing of who has left", () => {
		const places = new Places(1);
		for (let i = 0; i < 100; i++) places.take(String(i))?.();
		expect(places.size).toBe(0);
	});

	it.each([
		["203.0.113.9", "203.0.113.9"],
		["::ffff:203.0.113.9", "203.0.113.9"],
		["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
		["2001:0DB8:1:2::6", "2001:db8:1:2"],
		["2001:db8::1", "2001:db8:0:0"],
		["::1", "0:0:0:0"],
		["fe80::1%eth0", "fe80:0:0:0"],
		[undefined, "unknown"],
	])("the address %s counts as %s", (address, group) => {
		expect(addressGroup(address)).toBe(group);
	});
});

describe("storage of a tenant", () => {
	it("ends at the limit, and goes on when something was erased", async () => {
		const clock = testClock();
		let bytes = 900;
		let measured = 0;
		const meter = {
			async bytes() {
				measured++;
				return bytes;
			},
		};
		const storage = new TenantStorage({ meter, clock, most: 1000 });
		expect([await storage.take("a", 50), await storage.take("a", 40)]).toEqual([true, true]);
		bytes = 990;
		expect([await storage.take("a", 20), await storage.take("a", 10)]).toEqual([false, true]);
		expect(measured).toBe(2);
		bytes = 100;
		clock.advance(5_000);
		expect(await storage.take("a", 1)).toBe(false);
		clock.advance(6_000);
		expect(await storage.take("a", 1)).toBe(true);
	});

	it("is measured in folders, tenant by tenant", async () => {
		const dir = await mkdtemp(join(tmpdir(), "mindoodb-meter-"));
		try {
			await writeFile(join(dir, "ab"), "12345");
			expect([await folderMeter(dir).bytes(), await folderMeter(dir).bytes("cd".repeat(32))]).toEqual([5, 0]);
		} finally {
			await rm(dir, { recursive: true });
		}
	});
});
