import { TenantFixture } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { expect, it } from "vitest";

/**
 * Bob and Carol work while they are apart from the creator, who revokes Bob meanwhile: Bob's unknown work is refused, and Carol's, which
 * builds on it.
 */
async function revokedMeanwhile() {
	const tenant = await TenantFixture.create({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) });
	const bob = await tenant.member("bob");
	const carol = await tenant.member("carol");
	const db = await tenant.creator.db();
	const doc = await db.createDocument({ title: "plan" });
	for (const replica of [bob, carol]) await tenant.creator.level(replica);
	await (await bob.db()).changeDoc(doc.id, (draft) => {
		draft.bob = true;
	});
	await (await carol.db()).pullChangesFrom((await bob.db()).store);
	await (await carol.db()).changeDoc(doc.id, (draft) => {
		draft.carol = true;
	});
	await (await tenant.creator.directory()).revokeUser("bob");
	await tenant.creator.level(carol);
	return { tenant, carol, db, doc };
}

it("honest work on a refused entry is refused, its author is told, and a pardon of the document's heads brings all of it back", async () => {
	const { tenant, carol, db, doc } = await revokedMeanwhile();
	const told: string[] = [];
	(await carol.db()).onRefused(({ docId }) => told.push(docId));
	expect((await db.getDocument(doc.id))?.getData()).toEqual({ title: "plan" });
	const refused = [];
	for await (const each of db.refusedDocuments()) refused.push(each);
	expect(refused).toMatchObject([{ docId: doc.id, entries: 2, reasons: ["dependency", "revoked"] }]);
	expect(refused[0]?.heads).toHaveLength(1);

	await carol.level(tenant.creator);
	expect((await (await carol.db()).getDocument(doc.id))?.getData()).toEqual({ title: "plan" });

	const directory = await tenant.creator.directory();
	await directory.acceptEntries({ dbId: "notes", entries: refused[0]?.heads ?? [] });
	expect((await db.getDocument(doc.id))?.getData()).toEqual({ title: "plan", bob: true, carol: true });
	await tenant.creator.level(carol);
	expect((await (await carol.db()).getDocument(doc.id))?.getData()).toEqual({ title: "plan", bob: true, carol: true });
	await tenant.close();
});

it("tells the author at once when the revocation arrives", async () => {
	const tenant = await TenantFixture.create({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) });
	const bob = await tenant.member("bob");
	const carol = await tenant.member("carol");
	const doc = await (await tenant.creator.db()).createDocument({ n: 0 });
	for (const replica of [bob, carol]) await tenant.creator.level(replica);
	await (await bob.db()).changeDoc(doc.id, (draft) => {
		draft.bob = true;
	});
	const db = await carol.db();
	await db.pullChangesFrom((await bob.db()).store);
	await db.changeDoc(doc.id, (draft) => {
		draft.carol = true;
	});
	const told: (readonly string[])[] = [];
	db.onRefused(({ entries }) => told.push(entries));
	await (await tenant.creator.directory()).revokeUser("bob");
	await (await carol.directory()).db.pullChangesFrom((await tenant.creator.directory()).store);
	expect(told).toHaveLength(1);
	expect(await db.explain(told[0]?.[0] ?? "")).toMatchObject({
		createdBy: carol.publicKey,
		verdict: { kind: "refused", reason: "dependency" },
	});
	await tenant.close();
});

it("only administrators pardon", async () => {
	const { tenant, carol, doc } = await revokedMeanwhile();
	const directory = await carol.directory();
	const explained = await (await carol.db()).explain(doc.id);
	expect(explained).toMatchObject({ docId: doc.id });
	await expect(directory.acceptEntries({ dbId: "notes", entries: ["00".repeat(32)] })).rejects.toMatchObject({
		code: "not-administrator",
	});
	await tenant.close();
});

it("an administrator is revoked with the administration key alone, and administers no more", async () => {
	const tenant = await TenantFixture.create({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) });
	const directory = await tenant.creator.directory();
	await expect(directory.revokeUser("admin")).rejects.toMatchObject({ code: "not-administrator" });
	await directory.revokeUser("admin", tenant.administrator);
	expect(await directory.listUsers()).toMatchObject([{ username: "admin", isRevoked: true, isAdministrator: false }]);
	const bob = await tenant.stranger("bob");
	await expect(tenant.register(bob)).rejects.toMatchObject({ code: "not-administrator" });
	await tenant.close();
});
