/** Several databases follow one directory: what befalls one of them is not the others' concern. */
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
import type { MindooDB } from "../database/mindoo-db.js";

let fixture: TenantFixture;
let alice: TestReplica;
let bob: TestReplica;
let notes: MindooDB;
/** Alice's engines: directory, notes, then what a test opens. */
let disks: FaultyLevel[];

beforeEach(async () => {
	disks = [];
	({ fixture, alice, bob, notes } = await aliceAndBob({
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

it("a database that cannot follow the directory stops no other, and follows when it can again", async () => {
	const other = await alice.db("other");
	const { id } = await notes.createDocument({ title: "a" });
	const elsewhere = await other.createDocument({ title: "a" });
	await alice.level(bob, ["notes", "other"]);
	const directory = await alice.directory();
	// Alice revokes Bob by what she has; what he wrote meanwhile reaches her only then, as nobody has told her database yet.
	await (await bob.db("notes")).changeDoc(id, setField("title", "bob's"));
	await (await bob.db("other")).changeDoc(elsewhere.id, setField("title", "bob's"));
	const revoker = await fixture.device("alice's other device", alice, ["directory", "default"]);
	await revoker.level(alice, ["notes", "other"]);
	await (await revoker.directory()).revokeUser("bob");
	await bob.level(alice, ["notes", "other"]);
	const titles = async () => [
		(await notes.getDocument(id))?.getData().title,
		(await other.getDocument(elsewhere.id))?.getData().title,
	];
	expect(await titles()).toEqual(["bob's", "bob's"]);

	disks[1]?.failWrites();
	await directory.db.pullChangesFrom((await revoker.directory()).store);
	expect(await directory.isUserRevoked("bob")).toBe(true);
	expect((await titles())[1]).toBe("a");
	disks[1]?.repair();
	await fixture.member("carol");
	expect(await titles()).toEqual(["a", "a"]);
});

it("a database that does not open stops no other, and opens when it can", async () => {
	const { id } = await notes.createDocument({ title: "a" });
	await (await alice.db("other")).createDocument({ title: "b" });
	await (await alice.db("other")).close();
	disks[2]?.failReads();
	await expect(alice.db("other")).rejects.toMatchObject({ code: "store-io" });
	await notes.changeDoc(id, setField("title", "edited"));
	expect((await notes.getDocument(id))?.getData()).toEqual({ title: "edited" });
	await fixture.member("carol");
	expect(await (await alice.directory()).listUsers()).toHaveLength(3);
	disks[2]?.repair();
	expect(await (await alice.db("other")).getAllDocumentIds()).toHaveLength(1);
});
