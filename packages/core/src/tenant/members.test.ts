import { TenantFixture } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { expect, it } from "vitest";

it("timing", async () => {
	const env = await nodeEnv();
	const k = await env.crypto.generateWrappingKeyPair();
	for (let i = 0; i < 3; i++) {
		const t = performance.now();
		await env.crypto.importUnwrappingKey(k.privateKey);
		console.log("import", performance.now() - t);
	}
});
it("two members write apart, level, and show the same", async () => {
	const t0 = performance.now();
	const fixture = await TenantFixture.create({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) });
	console.log("create", performance.now() - t0);
	const alice = fixture.creator;
	const bob = await fixture.member("bob");
	console.log("member", performance.now() - t0);
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
	console.log("end", performance.now() - t0);
});
