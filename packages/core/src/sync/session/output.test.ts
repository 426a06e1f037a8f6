import { expect, it } from "vitest";
import { Output } from "./output.js";

const frame = (...bytes: number[]) => Uint8Array.from(bytes);

it("what is held goes out before the next frame and with it, and wakes nobody", () => {
	const output = new Output(1000, () => undefined);
	let woken = 0;
	output.onOutput(() => woken++);
	output.hold(frame(1, 2));
	expect([output.take(), output.size, woken]).toEqual([undefined, 0, 0]);
	output.push(frame(3));
	expect([output.size, woken]).toEqual([3, 1]);
	expect(output.take()).toEqual(frame(1, 2, 3));
	expect([output.take(), output.size]).toEqual([undefined, 0]);
});

it("what is held goes nowhere when nobody wants it any more", () => {
	const output = new Output(1000, () => undefined);
	output.hold(frame(1));
	output.clear();
	output.push(frame(2));
	expect(output.take()).toEqual(frame(2));
});
