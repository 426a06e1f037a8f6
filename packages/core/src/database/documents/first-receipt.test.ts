import { setField, TenantFixture } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterEach, expect, it, vi } from "vitest";
import { CrdtDocument } from "../../automerge/crdt-document.js";

afterEach(() => {
	vi.restoreAllMocks();
});

it("documents of one simple change are received and read without Automerge", async () => {
	const fixture = await TenantFixture.create({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) });
	try {
		const bob = await fixture.member("bob");
		const notes = await fixture.creator.db();
		const values = (i: number) => ({ title: `number ${i}`, count: i, ratio: i / 3, at: new Date(i), done: null });
		const made = await Promise.all(Array.from({ length: 20 }, (_, i) => notes.createDocument(values(i))));
		await (await bob.directory()).db.pullChangesFrom((await fixture.creator.directory()).store);
		const created = vi.spyOn(CrdtDocument, "create");
		await fixture.creator.level(bob);
		const theirs = await bob.db();
		for (const [i, { id }] of made.entries()) expect((await theirs.getDocument(id))?.getData()).toEqual(values(i));
		expect(created).toHaveBeenCalledTimes(0);
		const nested = await notes.createDocument({ list: [1] });
		await fixture.creator.level(bob);
		expect((await theirs.getDocument(nested.id))?.getData()).toEqual({ list: [1] });
		expect(created).toHaveBeenCalledTimes(1);

		const { id } = made[3] as (typeof made)[number];
		await theirs.changeDoc(id, setField("title", "edited"));
		await bob.level(fixture.creator);
		expect((await notes.getDocument(id))?.getData()).toEqual({ ...values(3), title: "edited" });
		expect((await notes.getDocument(id))?.getData()).toEqual((await theirs.getDocument(id))?.getData());
	} finally {
		await fixture.close();
	}
});
