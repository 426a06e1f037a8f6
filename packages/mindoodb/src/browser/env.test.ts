import { from, load, save } from "@automerge/automerge/slim";
import { describe, expect, it } from "vitest";
import * as browser from "./index.js";

describe("browserEnv", () => {
	it("gives what the database needs by web means alone, and Automerge ready to use", async () => {
		const stores = browser.memoryStores(await browser.webCrypto());
		const env = await browser.browserEnv({ stores });
		const document = from({ title: "x" });
		// A second environment must not take the ground from under the first one's documents.
		await browser.browserEnv({ stores });
		expect(load(save(document))).toEqual({ title: "x" });
		expect(env.stores).toBe(stores);
		expect(env.random.randomBytes(12).length).toBe(12);
		expect(Math.abs(env.clock.now() - Date.now())).toBeLessThan(1000);
		const ran: string[] = [];
		env.clock.after(5, () => ran.push("kept"));
		env.clock.after(5, () => ran.push("cancelled"))();
		await new Promise((resolve) => setTimeout(resolve, 40));
		expect(ran).toEqual(["kept"]);
	});

	it("has IndexedDB stores by default", async () => {
		expect(Object.keys((await browser.browserEnv()).stores).sort()).toEqual(["drop", "list", "open"]);
	});
});
