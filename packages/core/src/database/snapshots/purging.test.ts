import { type GateLevel, gateLevel, TenantFixture } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { expect, it } from "vitest";

const recordTag = 0x10;

/** Lets everything happen that waits for nothing outside of this process. */
const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 20));

it("a snapshot that waits to be written while its document is purged does not bring it back", async () => {
	const gates: GateLevel[] = [];
	const fixture = await TenantFixture.create({
		env: await nodeEnv(),
		newStores: (crypto) =>
			memoryStores(crypto, {
				wrapLevel: (level) => {
					const gate = gateLevel(level);
					gates.push(gate);
					return gate.level;
				},
			}),
	});
	const { creator } = fixture;
	const notes = await creator.tenant.openDB("notes", { snapshots: { changes: 2 } });
	const gate = gates[1] as GateLevel;
	const [gone, stays] = [await notes.createDocument({ no: 0 }), await notes.createDocument({ no: 0 })];
	const edit = (id: string, no: number) =>
		notes.changeDoc(id, (draft) => {
			draft.no = no;
		});
	for (let no = 1; no <= 3; no++) await edit(gone.id, no);
	const batch = gate.hold("batch", (key) => key[0] === recordTag);
	const editing = edit(stays.id, 1);
	await batch.reached;
	creator.clock.advance(2000);
	await settled();
	const purging = notes.store.purgeDocHistory(gone.id);
	await settled();
	batch.release();
	await Promise.all([editing, purging]);
	await notes.close();
	await creator.reopen();
	const again = await creator.db();
	expect(await again.store.findNewEntriesForDoc([], gone.id)).toEqual([]);
	expect(await again.getDocument(gone.id)).toBeUndefined();
	expect((await again.getDocument(stays.id))?.getData()).toEqual({ no: 1 });
	await fixture.close();
});
