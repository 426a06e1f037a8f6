import { expect, it } from "vitest";
import { BackOff } from "./back-off.js";

const always = (byte: number) => ({ randomBytes: (length: number) => new Uint8Array(length).fill(byte) });

it("waits up to a bound that doubles, and never longer than the longest", () => {
	const backOff = new BackOff(always(255), { first: 100, most: 1000 });
	expect(Array.from({ length: 6 }, () => backOff.next())).toEqual([99, 199, 399, 799, 999, 999]);
	backOff.reset();
	expect(backOff.next()).toBe(99);
});

it("waits any time below the bound, and at least as long as the other side asked for", () => {
	expect(new BackOff(always(0)).next()).toBe(0);
	expect(new BackOff(always(128), { first: 100 }).next(2000)).toBe(2050);
});
