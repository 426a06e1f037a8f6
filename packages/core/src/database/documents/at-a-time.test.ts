import { expect, it } from "vitest";
import { atATime } from "./at-a-time.js";

it("does every task once, and never more at a time than it may", async () => {
	let running = 0;
	let most = 0;
	const done: number[] = [];
	await atATime([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
		most = Math.max(most, ++running);
		await Promise.resolve();
		running--;
		done.push(item);
	});
	expect([done.sort(), most]).toEqual([[1, 2, 3, 4, 5, 6, 7], 3]);
	await atATime([], 3, () => Promise.reject(new Error("never")));
});

it("throws what failed first, when all that had begun are done, and begins no other", async () => {
	const done: string[] = [];
	let release = () => {};
	const gate = new Promise<void>((resolve) => {
		release = resolve;
	});
	const all = atATime(["slow", "fails", "never"], 2, async (item) => {
		if (item === "fails") throw new Error("first");
		await gate;
		done.push(item);
	});
	let settled = false;
	const watched = all.catch((error: Error) => {
		settled = true;
		return error.message;
	});
	await new Promise((resolve) => setImmediate(resolve));
	expect(settled).toBe(false);
	release();
	expect(await watched).toBe("first");
	expect(done).toEqual(["slow"]);
});
