import { type CountingLevel, countingLevel, setField, TenantFixture, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { CrdtDocument } from "../../automerge/crdt-document.js";

let fixture: TenantFixture;
let bob: TestReplica;
/** Engines of Bob in the order in which they were opened: directory, notes. */
let levels: CountingLevel[];

beforeEach(async () => {
	levels = [];
	fixture = await TenantFixture.create({
		env: await nodeEnv(),
		newStores: (crypto, replica) =>
			memoryStores(crypto, {
				wrapLevel(level) {
					const counting = countingLevel(level);
					if (replica === "bob") levels.push(counting);
					return counting.level;
				},
			}),
	});
	bob = await fixture.member("bob");
});

afterEach(async () => {
	vi.restoreAllMocks();
	await fixture.close();
});

it("a document that others edit again and again is not read again for each edit", async () => {
	const notes = await fixture.creator.db();
	const { id } = await notes.createDocument({ title: "busy" });
	await fixture.creator.level(bob);
	const read: number[] = [];
	for (let edit = 0; edit < 20; edit++) {
		await notes.changeDoc(id, setField("edit", edit));
		const level = levels[1] as CountingLevel;
		level.reset();
		await (await bob.db()).pullChangesFrom(notes.store);
		read.push(level.counts.gets + level.counts.rows);
		expect((await (await bob.db()).getDocument(id))?.getData()).toEqual({ title: "busy", edit });
	}
	expect(read.at(-1)).toBe(read[9]);
});

it("of many documents that come at once none stays in memory", async () => {
	const notes = await fixture.creator.db();
	const made = await notes.createDocuments(Array.from({ length: 20 }, (_, i) => ({ list: [i] })));
	const created = vi.spyOn(CrdtDocument, "create");
	const freed = vi.spyOn(CrdtDocument.prototype, "free");
	await fixture.creator.level(bob);
	const theirs = await bob.db();
	for (const { id } of made) expect(await theirs.getDocument(id)).toBeDefined();
	expect(created).toHaveBeenCalledTimes(20);
	const documents = created.mock.results.map(({ value }) => value as CrdtDocument);
	expect(documents.filter((each) => !freed.mock.contexts.includes(each))).toEqual([]);
});
