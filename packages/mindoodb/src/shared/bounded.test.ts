import { describe, expect, it } from "vitest";
import { mapBounded } from "./bounded.js";
import { once } from "./once.js";

describe("mapBounded", () => {
	it("answers in order, with no more than the bound under way", async () => {
		let running = 0;
		let most = 0;
		const items = Array.from({ length: 100 }, (_, index) => index);
		const doubled = await mapBounded(
			items,
			async (item) => {
				most = Math.max(most, ++running);
				await new Promise((resolve) => setTimeout(resolve, item % 3));
				running--;
				return item * 2;
			},
			7,
		);
		expect(doubled).toEqual(items.map((item) => item * 2));
		expect(most).toBe(7);
		expect(await mapBounded([], async () => 1)).toEqual([]);
	});

	it("rejects with the first failure", async () => {
		const failing = mapBounded([1, 2, 3], async (item) => {
			if (item === 2) throw new Error("two");
			return item;
		});
		await expect(failing).rejects.toThrow("two");
	});
});

describe("once", () => {
	it("runs a task once, and again after a failure", async () => {
		let runs = 0;
		const load = once(async () => {
			if (++runs === 1) throw new Error("not yet");
		});
		await expect(load()).rejects.toThrow("not yet");
		await Promise.all([load(), load()]);
		await load();
		expect(runs).toBe(2);
	});
});
