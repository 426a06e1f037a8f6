/** A member's new device: it shows the newest documents before the history is complete. */
import { type AliceAndBob, aliceAndBob, setField, type TestReplica } from "@mindoodb/testing";
import { listenInMemory, memoryStores, nodeClock, nodeEnv } from "mindoodb";
import { beforeEach, expect, it } from "vitest";
import type { Transport } from "../../transport.js";

const edits = 3;

let place: AliceAndBob;

beforeEach(async () => {
	place = await aliceAndBob({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) });
	return () => place.fixture.close();
});

function wayTo({ tenant }: TestReplica): Transport {
	return listenInMemory((duplex) => void tenant.acceptSync(duplex), { clock: nodeClock() }).transport;
}

it("shows documents by recency, and all of them in the end", async () => {
	const { alice, bob } = place;
	const notes = await alice.db();
	const made: string[] = [];
	for (let i = 0; i < 12; i++) made.push((await notes.createDocument({ title: "new" })).id);
	for (const id of made) for (let i = 0; i < edits; i++) await notes.changeDoc(id, setField("title", `${i}`));
	const theirs = await bob.db();
	await bob.tenant.sync(wayTo(alice), { history: "dense" }).done;
	const shown: string[] = [];
	for await (const { docId } of theirs.iterateChangesSince()) shown.push(docId);
	expect(shown).toEqual(made.toReversed());
	for (const id of made) expect((await theirs.getDocument(id))?.getData().title).toBe(`${edits - 1}`);
});
