/** Documents that make room for others while somebody is about to write them. */
import { type GateLevel, gateLevel, setField, TenantFixture } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { expect, it } from "vitest";
import type { UnlockedUser } from "../../keys/user-id.js";
import { tags } from "../../store/row-keys.js";
import type { MindooDB } from "../mindoo-db.js";

/** More than stay in memory. */
const many = 70;

interface Scene {
	readonly fixture: TenantFixture;
	readonly notes: MindooDB;
	/** Of the engine of the notes. */
	readonly gate: GateLevel;
	/** A document that stands open, with nothing to be written behind. */
	readonly id: string;
	/** Lets `id` go from memory, if it can. */
	readonly crowdOut: () => Promise<void>;
}

async function openScene(): Promise<Scene> {
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
	const notes = await fixture.creator.db();
	const gate = gates[1] as GateLevel;
	const { id } = await notes.createDocument({ title: "shared" });
	const others = await notes.createDocuments(Array.from({ length: many }, (_, i) => ({ i })));
	await notes.changeDoc(id, setField("first", 1));
	await notes.explain(id);
	const crowdOut = async () => {
		for (const other of others) await notes.changeDoc(other, setField("edited", true));
	};
	return { fixture, notes, gate, id, crowdOut };
}

/** A promise that is resolved from outside. */
function newTurn(): { readonly come: Promise<void>; readonly go: () => void } {
	let go: () => void = () => {};
	const come = new Promise<void>((resolve) => {
		go = resolve;
	});
	return { come, go };
}

/** Lets everything happen that waits for nothing outside of this process. */
const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 20));

it("an edit that waited for a document which was let go meanwhile, and one that opened it anew, both stay", async () => {
	const { fixture, notes, gate, id, crowdOut } = await openScene();
	const { come, go } = newTurn();
	const lasting = notes.changeDoc(id, () => come);
	await settled();
	// The document is lent, so another copy is read, which takes its time.
	const reading = gate.hold("scan", (key) => key[0] === tags.documentListing && key[4] === 1);
	const waiting = notes.changeDoc(id, setField("waited", 2));
	await reading.reached;
	go();
	await lasting;
	await crowdOut();
	const batch = gate.hold("batch", (key) => key[0] === tags.record);
	reading.release();
	await batch.reached;
	const opening = notes.changeDoc(id, setField("opened", 3));
	await settled();
	batch.release();
	await Promise.all([waiting, opening]);
	const expected = { title: "shared", first: 1, waited: 2, opened: 3 };
	expect((await notes.getDocument(id))?.getData()).toEqual(expected);
	await fixture.creator.reopen();
	const again = await fixture.creator.db();
	expect((await again.getDocument(id))?.getData()).toEqual(expected);
	await fixture.close();
});

it("a document stays while another author's edit of it goes on, and stands in the feed once", async () => {
	const { fixture, notes, id, crowdOut } = await openScene();
	const bob = await fixture.member("bob");
	const { signingKey } = bob.user as UnlockedUser;
	const writer = await notes.writerFor({ publicKey: bob.publicKey, signingKey });
	const { come, go } = newTurn();
	const lasting = writer.change<Record<string, unknown>>(id, async (draft) => {
		await come;
		draft.bob = true;
	});
	await settled();
	await crowdOut();
	await notes.changeDoc(id, setField("own", true));
	go();
	await lasting;
	expect((await notes.getDocument(id))?.getData()).toEqual({ title: "shared", first: 1, own: true, bob: true });
	await notes.changeDoc(id, setField("last", true));
	const told: string[] = [];
	for await (const { docId } of notes.iterateChangesSince()) told.push(docId);
	expect(told.filter((docId) => docId === id)).toHaveLength(1);
	await fixture.close();
});
