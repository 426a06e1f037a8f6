import { from, load, save } from "@automerge/automerge/slim";
import { describe, expect, it } from "vitest";
import { nodeEnv } from "./env.js";

describe("nodeEnv", () => {
	it("gives what the database needs, and Automerge ready to use, however often it is called", async () => {
		const [env, again] = await Promise.all([nodeEnv(), nodeEnv()]);
		expect(load(save(from({ title: "x" })))).toEqual({ title: "x" });
		expect(env.stores).not.toBe(again.stores);
		expect(env.random).toBe(env.crypto);
		expect(Math.abs(env.clock.now() - Date.now())).toBeLessThan(1000);
		env.log("info", "told to nobody");
	});

	it("takes stores, random source, clock and log from its caller", async () => {
		const { stores } = await nodeEnv();
		const random = { randomBytes: (length: number) => new Uint8Array(length).fill(4) };
		const clock = { now: () => 7, after: () => () => {} };
		const told: string[] = [];
		const env = await nodeEnv({ stores, random, clock, log: (level, message) => told.push(`${level} ${message}`) });
		env.log("warn", "a message");
		expect([env.stores, env.random, env.clock.now(), told]).toEqual([stores, random, 7, ["warn a message"]]);
	});

	it("runs a task once after a delay, and not when it is cancelled", async () => {
		const { clock } = await nodeEnv();
		const ran: string[] = [];
		clock.after(5, () => ran.push("kept"));
		clock.after(5, () => ran.push("cancelled"))();
		await new Promise((resolve) => setTimeout(resolve, 40));
		expect(ran).toEqual(["kept"]);
	});
});
