import {
	aliceAndBob,
	type FaultyLevel,
	faultyLevel,
	setField,
	type TenantFixture,
	type TestReplica,
} from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, expect, it } from "vitest";
import { headOf } from "../../automerge/change-head.js";
import { HostileWriter } from "../hostile-writer.test.js";

let fixture: TenantFixture;
let alice: TestReplica;
/** Alice's engines: directory, notes. */
let disks: FaultyLevel[];

beforeEach(async () => {
	disks = [];
	({ fixture, alice } = await aliceAndBob({
		env: await nodeEnv(),
		newStores: (crypto, replica) =>
			memoryStores(crypto, {
				wrapLevel(level) {
					const faulty = faultyLevel(level);
					if (replica === "alice") disks.push(faulty);
					return faulty.level;
				},
			}),
	}));
});

afterEach(() => fixture.close());

/** The places in its actors' sequences that the changes of a document take. */
async function places(docId: string): Promise<string[]> {
	const { changes } = await (await HostileWriter.of(alice)).base(docId);
	return changes.map(headOf).map(({ actor, seq }) => `${actor} ${seq}`);
}

it("no place in an actor's sequence is taken twice, whatever restarts and failed writes lie between", async () => {
	const { id } = await (await alice.db()).createDocument({ n: 0 });
	const disk = disks[1] as FaultyLevel;
	let n = 0;
	const edit = async () => (await alice.db()).changeDoc(id, setField("n", ++n));
	for (const interruption of ["restart", "failed write", "failed flush", "restart"]) {
		for (let i = 0; i < 3; i++) await edit();
		if (interruption === "restart") await alice.reopen();
		else {
			disk.failWrites({ times: 1, written: interruption === "failed flush" });
			await expect(edit()).rejects.toMatchObject({ code: "store-io" });
			disk.repair();
		}
	}
	await edit();
	const taken = await places(id);
	// The edit whose write failed after it had reached the disk is there; the other one is not.
	expect(taken).toHaveLength(1 + 12 + 1 + 1);
	expect(new Set(taken).size).toBe(taken.length);
	expect((await (await alice.db()).getDocument(id))?.getData()).toEqual({ n });
	const actors = new Set(taken.map((place) => place.split(" ")[0]));
	expect(actors.size).toBe(5);
});
