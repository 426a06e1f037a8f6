import { type FaultyLevel, faultyLevel, type GateLevel, gateLevel, setField, TenantFixture } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { expect, it } from "vitest";
import type { StoredEntry } from "../../entry/entry.js";
import { tags } from "../../store/row-keys.js";
import { rowKinds } from "../document-rows.js";
import type { MindooDB } from "../mindoo-db.js";

/** Has a change wait for what it builds on: where there is no verdict, nobody looks for one. */
async function leavePending(from: MindooDB, to: MindooDB): Promise<void> {
	const { id } = await from.createDocument({ title: "pending" });
	await from.changeDoc(id, setField("title", "later"));
	const [, change] = await from.store.getEntries(await from.getAllChangeHashesForDoc(id));
	await to.store.putEntries([change as StoredEntry]);
}

/** Lets everything happen that waits for nothing outside of this process. */
const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 20));
const isPurge = (key: Uint8Array) => key[0] === tags.purge;

it.each([
	["is not shown", false],
	["is not shown either when the disk fails in the middle of it", true],
])("a document whose first entry is being stored while its purge request is followed %s", async (_, fails) => {
	const disks: FaultyLevel[] = [];
	const gates: GateLevel[] = [];
	const fixture = await TenantFixture.create({
		env: await nodeEnv(),
		newStores: (crypto) =>
			memoryStores(crypto, {
				wrapLevel(level) {
					const disk = faultyLevel(level);
					const gate = gateLevel(disk.level);
					disks.push(disk);
					gates.push(gate);
					return gate.level;
				},
			}),
	});
	const { creator } = fixture;
	const bob = await fixture.member("bob");
	const notes = await bob.db();
	const [disk, gate] = [disks.at(-1) as FaultyLevel, gates.at(-1) as GateLevel];
	const theirs = await creator.db();
	const { id } = await theirs.createDocument({ title: "gone" });
	const [entry] = (await theirs.store.getEntries(await theirs.store.getAllHashes())) as [StoredEntry];
	await (await creator.directory()).requestPurge({ dbId: "notes", docId: id });
	await leavePending(theirs, notes);

	const storing = gate.hold("batch", (key) => key[0] === tags.record);
	const stored = notes.store.putEntries([entry]);
	await storing.reached;
	// The purge finds no document of this id yet, and waits for its place behind the batch.
	const erasing = gate.hold("batch", isPurge);
	const following = (await bob.directory()).db.pullChangesFrom((await creator.directory()).store);
	await settled();
	// The document has read its entry, and what it shows is not written yet.
	const judging = gate.hold("scan", (key) => key[0] === tags.above && key[1] === rowKinds.verdict);
	storing.release();
	await Promise.all([erasing.reached, judging.reached]);
	// Behind the mark that this time is over.
	const again = gate.hold("batch", isPurge, 1);
	erasing.release();
	while ((await notes.store.getEntries([entry.hash]))[0]?.kind !== "stub") await settled();
	judging.release();
	const done = Promise.all([stored, following]).catch(() => undefined);
	// What was written of it after the first time leaves the engine's files too.
	expect(await Promise.race([again.reached.then(() => "erased again"), done])).toBe("erased again");
	if (fails) disk.failWrites();
	again.release();
	await done;
	disk.repair();

	const expectErased = async () => {
		const db = await bob.db();
		expect(await db.getDocument(id)).toBeUndefined();
		expect(await db.getAllDocumentIds()).toEqual([]);
		expect(await db.explain(id)).toMatchObject({ shown: false, entries: [{ verdict: { kind: "purged" } }] });
	};
	if (!fails) await expectErased();
	await bob.reopen();
	await expectErased();
	await fixture.close();
});
