import { type GateLevel, gateLevel, TenantFixture } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { expect, it } from "vitest";
import { tags } from "../../store/row-keys.js";

it("a document that is being stored for the first time holds up nobody who reads others", async () => {
	const gates: GateLevel[] = [];
	const wrapLevel = (level: Parameters<typeof gateLevel>[0]) => {
		const gate = gateLevel(level);
		gates.push(gate);
		return gate.level;
	};
	const fixture = await TenantFixture.create({
		env: await nodeEnv(),
		newStores: (crypto) => memoryStores(crypto, { wrapLevel }),
	});
	const bob = await fixture.member("bob");
	const notes = await bob.db();
	const gate = gates.at(-1) as GateLevel;
	const { id: own } = await notes.createDocument({ title: "own" });
	const theirs = await fixture.creator.db();
	const { id } = await theirs.createDocument({ title: "theirs" });
	const entries = await theirs.store.getEntries(await theirs.store.getAllHashes());
	const storing = gate.hold("batch", (key) => key[0] === tags.record);
	const stored = notes.store.putEntries(entries);
	await storing.reached;
	expect(await notes.getAllDocumentIds()).toEqual([own]);
	// Projections are written behind.
	bob.clock.advance(5000);
	expect((await notes.getDocument(own))?.getData()).toEqual({ title: "own" });
	storing.release();
	await stored;
	expect((await notes.getDocument(id))?.getData()).toEqual({ title: "theirs" });
	await fixture.close();
});
