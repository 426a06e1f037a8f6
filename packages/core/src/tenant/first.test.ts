import { cheapKdf } from "@mindoodb/testing";
import { nodeEnv, TenantFactory } from "mindoodb";
import { expect, it } from "vitest";

it("two members", async () => {
	const env = await nodeEnv();
	const factory = new TenantFactory(env);
	const alice = await factory.createUserId("alice", "pw", cheapKdf);
	const keyBag = factory.createKeyBag();
	const { tenant } = await factory.createTenant({
		tenantId: "acme",
		adminPassword: "a",
		tenantKeyPassword: "t",
		user: alice,
		userPassword: "pw",
		keyBag,
		...cheapKdf,
	});
	const directory = await tenant.openDirectory();
	console.log(JSON.stringify(await directory.listUsers(), (k, v) => (v instanceof Uint8Array ? "bytes" : v)));
	const db = await tenant.openDB("notes");
	const doc = await db.createDocument({ title: "hello", list: [1, 2], nested: { a: 1 } });
	expect(doc.getData()).toEqual({ title: "hello", list: [1, 2], nested: { a: 1 } });
	await db.changeDoc<any>(doc, (d) => {
		d.title = "x";
		d.list.push(3);
		d.nested.b = new Date(5);
	});
	const again = await db.getDocument(doc.id);
	expect(again?.getData()).toEqual({ title: "x", list: [1, 2, 3], nested: { a: 1, b: new Date(5) } });
	await db.changeDoc<any>(doc, async (d) => {
		d.title = "y";
		await new Promise((r) => setTimeout(r, 5));
		d.list.push(4);
	});
	expect((await db.getDocument(doc.id))?.getData()).toEqual({
		title: "y",
		list: [1, 2, 3, 4],
		nested: { a: 1, b: new Date(5) },
	});
	await db.deleteDocument(doc);
	expect((await db.getDocument(doc.id))?.isDeleted).toBe(true);
	await expect(db.changeDoc(doc, () => {})).rejects.toThrow(/deleted/);
	await db.undeleteDocument(doc);
	expect((await db.getDocument(doc.id))?.isDeleted).toBe(false);
	console.log(await db.explain(doc.id));

	// second member
	const envB = await nodeEnv();
	const factoryB = new TenantFactory(envB);
	const bob = await factoryB.createUserId("bob", "pw", cheapKdf);
	await directory.registerUser(factoryB.toPublicUserId(bob));
	const bagB = factoryB.createKeyBag();
	await bagB.decryptAndImportKey(
		"directory",
		await keyBag.encryptAndExportKey("directory", { password: "z", ...cheapKdf }),
		{ password: "z", ...cheapKdf },
	);
	const tenantB = await factoryB.openTenant({
		identity: tenant.identity,
		keyBag: bagB,
		user: { id: bob, password: "pw", ...cheapKdf },
	});
	const dirB = await tenantB.openDirectory();
	console.log(await dirB.db.pullChangesFrom(directory.store));
	expect((await dirB.listUsers()).map((u) => u.username)).toEqual(["alice", "bob"]);
	expect(bagB.listKeys()).toEqual(["directory", "default"]);
	const dbB = await tenantB.openDB("notes");
	console.log(await dbB.pullChangesFrom(db.store));
	expect((await dbB.getDocument(doc.id))?.getData()).toEqual((await db.getDocument(doc.id))?.getData());
	await dbB.changeDoc<any>(doc.id, (d) => {
		d.fromBob = true;
	});
	console.log(await dbB.pushChangesTo(db.store));
	expect((await db.getDocument(doc.id))?.getData()).toEqual((await dbB.getDocument(doc.id))?.getData());
	console.log(await db.explain(doc.id));
	await tenant.close();
	await tenantB.close();
});
