import { TenantFixture } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { expect, it } from "vitest";

const fixture = async () => TenantFixture.create({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) });

it("a database is opened once, also when two ask at once, and again after it was closed", async () => {
	const tenant = await fixture();
	const [first, second] = await Promise.all([tenant.creator.db(), tenant.creator.db()]);
	expect(first).toBe(second);
	const doc = await first.createDocument({ n: 1 });
	await first.close();
	await expect(first.getDocument(doc.id)).rejects.toMatchObject({ code: "closed" });
	const again = await tenant.creator.db();
	expect(again).not.toBe(first);
	expect((await again.getDocument(doc.id))?.getData()).toEqual({ n: 1 });
	await tenant.close();
});

it("stores can be given, but not those of another database or of one that is open", async () => {
	const tenant = await fixture();
	const { env, tenant: own } = tenant.creator;
	const { tenantRoot } = own.identity;
	const stores = memoryStores(env.crypto);
	const docStore = await stores.open({ tenantRoot, dbId: "files", purpose: "documents" });
	const attachmentStore = await stores.open({ tenantRoot, dbId: "files", purpose: "attachments" });
	const db = await own.openDB("files", { docStore, attachmentStore });
	await db.createDocument({ n: 1 });
	expect((await docStore.position()).arrival).toBe(1);
	await expect(own.openDB("files", { docStore })).rejects.toMatchObject({ code: "usage" });
	const other = await stores.open({ tenantRoot, dbId: "others", purpose: "documents" });
	await expect(own.openDB("notes", { docStore: other })).rejects.toMatchObject({ code: "usage" });
	await tenant.close();
});

it("an id of no bytes, of too many, or ill-formed is refused before anything is made", async () => {
	const tenant = await fixture();
	const { tenant: own } = tenant.creator;
	for (const dbId of ["", "x".repeat(129), "\ud800"]) {
		await expect(own.openDB(dbId)).rejects.toMatchObject({ name: "FormatError" });
	}
	expect(await own.listDatabases()).toEqual([]);
	await tenant.close();
});
