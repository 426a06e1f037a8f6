import { type GateLevel, gateLevel, setField, TenantFixture } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { expect, it } from "vitest";
import { tags } from "../../store/row-keys.js";
import { rowKinds } from "../document-rows.js";

it.each([0, 1, 2, 4, 8, 16])(
	"a change that is on its way when the last snapshot is looked up counts, %d turns after it was begun",
	async (turns) => {
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
		const { creator } = fixture;
		const notes = await creator.tenant.openDB("notes", { snapshots: { changes: 4 } });
		const gate = gates.at(-1) as GateLevel;
		const { id } = await notes.createDocument({ no: 0 });
		// The first look is that of opening the document.
		const looking = gate.hold("scan", (key) => key[0] === tags.above && key[1] === rowKinds.snapshot, 1);
		await notes.changeDoc(id, setField("no", 1));
		await looking.reached;
		const second = notes.changeDoc(id, setField("no", 2));
		for (let turn = 0; turn < turns; turn++) await Promise.resolve();
		looking.release();
		await second;
		await notes.changeDoc(id, setField("no", 3));
		await notes.close();
		const again = await creator.tenant.openDB("notes", { snapshots: "off" });
		const whole = await again.getAllChangeHashesForDoc(id);
		expect((await again.getAllChangeHashesForDoc(id, true)).length).toBeLessThan(whole.length);
		await fixture.close();
	},
);
