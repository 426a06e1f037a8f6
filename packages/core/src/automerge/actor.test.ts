import { createHash } from "node:crypto";
import { nodeCrypto } from "mindoodb";
import { describe, expect, it } from "vitest";
import { actorPrefix, isActorOf, makeActor } from "./actor.js";

describe("an actor", () => {
	it("names its author and one opening of a store", async () => {
		const crypto = nodeCrypto();
		const publicKey = new Uint8Array(32).fill(3);
		const prefix = createHash("sha256").update(publicKey).digest("hex").slice(0, 32);
		expect(await actorPrefix(crypto, publicKey)).toBe(prefix);
		const actor = await makeActor(crypto, { randomBytes: (length) => new Uint8Array(length).fill(9) }, publicKey);
		expect(actor).toBe(`${prefix}${"09".repeat(8)}`);
		expect(isActorOf(actor, prefix)).toBe(true);
	});

	it("belongs to nobody else, and has no other length", async () => {
		const crypto = nodeCrypto();
		const actor = await makeActor(crypto, crypto, new Uint8Array(32).fill(3));
		expect(await makeActor(crypto, crypto, new Uint8Array(32).fill(3))).not.toBe(actor);
		const other = await actorPrefix(crypto, new Uint8Array(32).fill(4));
		const own = actor.slice(0, 32);
		expect([isActorOf(actor, other), isActorOf(`${actor}00`, own), isActorOf(own, own)]).toEqual([false, false, false]);
	});
});
