import { TenantFixture } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { expect, it } from "vitest";

it("two members write apart, level, and show the same", async () => {
	const fixture = await TenantFixture.create({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) });
	const alice = fixture.creator;
	const bob = await fixture.member("bob");
	expect((await (await bob.directory()).listUsers()).map(({ username }) => username)).toEqual(["admin", "bob"]);
	expect(bob.keyBag.listKeys()).toEqual(["directory", "default"]);
	const notes = await alice.db();
	const doc = await notes.createDocument({ title: "hello", list: [1, 2], nested: { a: 1 } });
	await alice.level(bob);
	const copy = await bob.db();
	await notes.changeDoc<{ list: number[] }>(doc, (draft) => {
		draft.list.push(3);
	});
	await copy.changeDoc<{ nested: { a: number } }>(doc.id, (draft) => {
		draft.nested.a = 2;
	});
	await alice.level(bob);
	const shown = { title: "hello", list: [1, 2, 3], nested: { a: 2 } };
	expect((await notes.getDocument(doc.id))?.getData()).toEqual(shown);
	expect((await copy.getDocument(doc.id))?.getData()).toEqual(shown);
	await fixture.close();
});
