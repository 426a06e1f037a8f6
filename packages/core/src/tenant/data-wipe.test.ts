import { setField, TenantFixture, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { expect, it } from "vitest";
import { type PrivateUserId, toPublicUserId } from "../keys/user-id.js";

const newTenant = async () =>
	TenantFixture.create({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) });

const storesOf = (replica: TestReplica) => replica.env.stores.list(replica.tenant.identity.tenantRoot);

async function contents(replica: TestReplica): Promise<unknown> {
	const db = await replica.db();
	const directory = await replica.directory();
	const docs: unknown[] = [];
	for await (const doc of db.iterateDocuments()) docs.push([doc.id, doc.getData()]);
	return [
		docs,
		await db.store.getAllHashes(),
		(await directory.store.getAllHashes()).length,
		replica.keyBag.listKeys(),
	];
}

it("a revoked member's replica erases itself when it learns that it has to, and no other one loses a byte", async () => {
	const tenant = await newTenant();
	const { creator } = tenant;
	const [bob, carol] = [await tenant.member("bob"), await tenant.member("carol")];
	const notes = await creator.db();
	const { id } = await notes.createDocument({ title: "shared" });
	for (const each of [bob, carol]) await creator.level(each);
	await (await bob.db()).changeDoc(id, setField("by", "bob"));
	for (const each of [bob, carol]) await creator.level(each);

	await (await creator.directory()).revokeUser("bob", { requestDataWipe: true });
	const before = await contents(creator);
	await creator.level(carol);
	// Nothing happens where nobody was revoked, however often the directory is read.
	await creator.reopen();
	await carol.reopen();
	expect([creator.tenant.wiping, carol.tenant.wiping]).toEqual([undefined, undefined]);
	expect(await contents(creator)).toEqual(before);
	expect(((await contents(carol)) as unknown[]).slice(0, 2)).toEqual((before as unknown[]).slice(0, 2));

	// Bob has not heard of it yet.
	expect((await (await bob.db()).getDocument(id))?.getData()).toEqual({ title: "shared", by: "bob" });
	expect(bob.tenant.wiping).toBeUndefined();
	const pulled = await (await bob.directory()).db.pullChangesFrom((await creator.directory()).store);
	expect(pulled.stored).toBeGreaterThan(0);
	await bob.tenant.wiping;
	expect(bob.tenant.wiping).toBeDefined();
	expect(await storesOf(bob)).toEqual([]);
	expect(bob.keyBag.listKeys()).toEqual([]);
	await expect(bob.db()).rejects.toMatchObject({ code: "closed" });
	expect(await contents(creator)).toEqual(before);
	await creator.tenant.close();
	await carol.tenant.close();
});

it("a revocation that does not ask for it erases nothing, and neither does one that a new grant lifts", async () => {
	const tenant = await newTenant();
	const { creator } = tenant;
	const [bob, carol] = [await tenant.member("bob"), await tenant.member("carol")];
	for (const each of [bob, carol]) await creator.level(each);
	const directory = await creator.directory();
	await directory.revokeUser("bob");
	await directory.revokeUser("carol", { requestDataWipe: true });
	await directory.registerUser(toPublicUserId(carol.userId as PrivateUserId));
	for (const each of [bob, carol]) {
		await creator.level(each);
		expect(each.tenant.wiping).toBeUndefined();
		expect(await storesOf(each)).not.toEqual([]);
	}
	await tenant.close();
});

it("a wipe that was cut short begins again when the tenant is opened", async () => {
	const tenant = await newTenant();
	const { creator } = tenant;
	const bob = await tenant.member("bob");
	await (await bob.db()).createDocument({ title: "secret" });
	await creator.level(bob);
	await (await creator.directory()).revokeUser("bob", { requestDataWipe: true });
	const drop = bob.env.stores.drop.bind(bob.env.stores);
	let failing = true;
	bob.env.stores.drop = (tenantRoot, dbId) =>
		failing ? Promise.reject(new Error("no power")) : drop(tenantRoot, dbId);
	await (await bob.directory()).db.pullChangesFrom((await creator.directory()).store);
	await expect(bob.tenant.wiping).rejects.toThrow("no power");
	expect(await storesOf(bob)).not.toEqual([]);
	failing = false;
	await bob.reopen();
	await bob.tenant.wiping;
	expect(await storesOf(bob)).toEqual([]);
	expect(bob.keyBag.listKeys()).toEqual([]);
	await creator.tenant.close();
});
