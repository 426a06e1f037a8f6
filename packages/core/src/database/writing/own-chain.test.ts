/** Several devices of one user, each with a chain of its own. */
import { aliceAndBob, restoredLevel, setField, type TenantFixture, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, expect, it } from "vitest";
import { linkOf } from "../../entry/entry.js";
import type { Level } from "../../store/level.js";
import type { MindooDB } from "../mindoo-db.js";

let fixture: TenantFixture;
let alice: TestReplica;
let bob: TestReplica;
let notes: MindooDB;
let disks: Level[];

beforeEach(async () => {
	disks = [];
	({ fixture, alice, bob, notes } = await aliceAndBob({
		env: await nodeEnv(),
		newStores(crypto, replica) {
			let next = 0;
			return memoryStores(crypto, {
				wrapLevel(level) {
					if (replica === "alice") disks.push(level);
					return replica === "restored" ? restoredLevel(level, disks[next++] as Level) : level;
				},
			});
		},
	}));
});

afterEach(() => fixture.close());

/** Predecessors of the author's entries, `undefined` at the beginnings. */
async function chainsOf(db: MindooDB, author: string): Promise<(string | undefined)[]> {
	const entries = await db.store.getEntries(await db.store.getAllHashes());
	return entries
		.map(linkOf)
		.filter((link) => link.createdByPublicKey === author)
		.map((link) => link.previousByAuthor);
}

it("a second device that knows the first one's entries begins a chain of its own: no fork, nothing lost", async () => {
	const { id } = await notes.createDocument({ title: "a" });
	const second = await fixture.device("second", alice);
	await second.level(alice);
	const db = await second.db();
	await db.changeDoc(id, setField("second", 1));
	await notes.changeDoc(id, setField("first", 1));
	await alice.level(second);
	await second.reopen();
	await (await second.db()).changeDoc(id, setField("second", 2));
	await notes.changeDoc(id, setField("first", 2));
	await alice.level(second);
	for (const replica of [alice, second]) {
		const each = await replica.db();
		expect((await each.getDocument(id))?.getData()).toEqual({ title: "a", first: 2, second: 2 });
		expect(await each.listForks()).toEqual([]);
		const previous = await chainsOf(each, alice.publicKey);
		expect(previous.filter((hash) => hash === undefined)).toHaveLength(2);
		expect(new Set(previous).size).toBe(previous.length - 1);
	}
});

it("a revocation keeps the work of all devices that has arrived", async () => {
	const first = await (await bob.db()).createDocument({ device: 1 });
	const second = await fixture.device("bob's second", bob);
	await second.level(bob);
	const other = await (await second.db()).createDocument({ device: 2 });
	for (const replica of [bob, second]) await alice.level(replica);
	await (await alice.directory()).revokeUser("bob");
	const late = await (await second.db()).createDocument({ device: "late" });
	await alice.level(second);
	for (const { id } of [first, other]) expect(await notes.getDocument(id)).toBeDefined();
	expect(await notes.getDocument(late.id)).toBeUndefined();
});

it("a restored device that hears first of what it had written later goes on from there", async () => {
	const { id } = await notes.createDocument({ title: "a" });
	const restored = await fixture.device("restored", alice);
	await restored.db();
	await notes.changeDoc(id, setField("later", 1));
	await alice.level(bob);
	await restored.level(bob);
	await (await restored.db()).changeDoc(id, setField("restored", 1));
	await restored.level(bob);
	expect(await (await bob.db()).listForks()).toEqual([]);
	expect(new Set(await chainsOf(await bob.db(), alice.publicKey)).size).toBe(3);
});
