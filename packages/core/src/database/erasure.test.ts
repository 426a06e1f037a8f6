import { setField, TenantFixture, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { expect, it } from "vitest";
import type { DocumentExplanation } from "./explain.js";
import type { MindooDB } from "./mindoo-db.js";

const newTenant = async () =>
	TenantFixture.create({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) });

async function fed(db: MindooDB, cursor?: string): Promise<readonly (readonly [string, unknown])[]> {
	const items: [string, unknown][] = [];
	for await (const { docId, doc } of db.iterateChangesSince(cursor)) items.push([docId, doc?.getData()]);
	return items;
}

const kinds = async (replica: TestReplica) =>
	(await (await replica.db()).store.findNewEntries([])).map((entry) => entry.kind);

const fingerprint = async (replica: TestReplica) => {
	const hashes = await (await replica.db()).store.getAllHashes();
	return hashes.toSorted();
};

it("a purge request erases the document on every replica that learns of it, and nowhere comes it back", async () => {
	const tenant = await newTenant();
	const { creator } = tenant;
	const [bob, carol] = [await tenant.member("bob"), await tenant.member("carol")];
	const notes = await creator.db();
	const gone = await notes.createDocument({ title: "gone" });
	const stays = await notes.createDocument({ title: "stays" });
	await creator.level(bob);
	await creator.level(carol);
	const theirs = await bob.db();
	await theirs.changeDoc(gone.id, setField("title", "edited"));
	const cursor = theirs.changeCursor;

	await (await creator.directory()).requestPurge({ dbId: "notes", docId: gone.id });
	expect(await notes.getDocument(gone.id)).toBeUndefined();
	expect(await kinds(creator)).toEqual(["stub", "entry"]);
	// Bob learns of it with an entry that the creator has not seen, and brings that as its stub.
	await bob.level(creator);
	expect(await theirs.getDocument(gone.id)).toBeUndefined();
	expect(await fed(theirs, cursor)).toEqual([[gone.id, undefined]]);
	expect(await kinds(bob)).toEqual(["stub", "entry", "stub"]);
	await creator.level(bob);
	expect((await kinds(creator)).toSorted()).toEqual(["entry", "stub", "stub"]);

	// Carol still has it whole, and does not know: what she offers is kept as stubs.
	const hers = await carol.db();
	expect((await hers.getDocument(gone.id))?.getData()).toEqual({ title: "gone" });
	await notes.pullChangesFrom(hers.store);
	expect((await kinds(creator)).filter((kind) => kind === "entry")).toHaveLength(1);
	await carol.level(creator);
	expect(await hers.getDocument(gone.id)).toBeUndefined();
	expect(await hers.getAllDocumentIds()).toEqual([stays.id]);

	for (const replica of [creator, bob, carol]) await replica.reopen();
	expect(await fingerprint(creator)).toEqual(await fingerprint(bob));
	expect(await fingerprint(creator)).toEqual(await fingerprint(carol));
	for (const replica of [creator, bob, carol]) {
		const db = await replica.db();
		expect(await db.getDocument(gone.id)).toBeUndefined();
		expect(await db.getAllDocumentIds()).toEqual([stays.id]);
		expect(await db.explain(gone.id)).toMatchObject({
			entries: [{ verdict: { kind: "purged" } }, { verdict: { kind: "purged" } }],
		});
	}
	await tenant.close();
});

it("a replica that gets the directory first, or nothing but stubs, shows the same", async () => {
	const tenant = await newTenant();
	const { creator } = tenant;
	const [bob, carol] = [await tenant.member("bob"), await tenant.member("carol")];
	const notes = await creator.db();
	const { id } = await notes.createDocument({ title: "gone" });
	await notes.changeDoc(id, setField("title", "gone soon"));
	const entries = await notes.store.getEntries(await notes.store.getAllHashes());
	await (await creator.directory()).requestPurge({ dbId: "notes", docId: id });

	await (await bob.directory()).db.pullChangesFrom((await creator.directory()).store);
	const theirs = await bob.db();
	const report = await theirs.store.putEntries(entries);
	expect(report).toMatchObject({ refused: [], stored: [{}, {}] });
	await carol.level(creator);
	for (const replica of [bob, carol]) {
		expect(await kinds(replica)).toEqual(["stub", "stub"]);
		expect(await (await replica.db()).getDocument(id)).toBeUndefined();
		expect(await (await replica.db()).getAllDocumentIds()).toEqual([]);
	}
	expect(await fingerprint(bob)).toEqual(await fingerprint(carol));
	await tenant.close();
});

it("of an erased document everybody tells the same entries, whoever had its attachments whole", async () => {
	const tenant = await newTenant();
	const { creator } = tenant;
	const [bob, carol] = [await tenant.member("bob"), await tenant.member("carol")];
	const notes = await creator.db();
	const { id } = await notes.createDocument({ title: "gone" });
	await notes.changeDoc(id, async (_, attachments) => {
		await attachments.addAttachment(new Uint8Array(50_000), "minutes", "text/plain");
	});
	await bob.level(creator);
	await (await creator.directory()).requestPurge({ dbId: "notes", docId: id });
	for (const each of [bob, carol]) await each.level(creator);
	const told = async (replica: TestReplica) => {
		const { entries } = (await (await replica.db()).explain(id)) as DocumentExplanation;
		return entries.map(({ hash, verdict }) => `${hash} ${verdict.kind}`).sort();
	};
	expect(await kinds(carol)).toEqual(["stub", "stub", "stub"]);
	for (const each of [creator, bob]) expect(await told(each)).toEqual(await told(carol));
	await tenant.close();
});

it("chains that go through an erased document hold: a revoked author's other documents keep their verdicts", async () => {
	const tenant = await newTenant();
	const { creator } = tenant;
	const [bob, carol] = [await tenant.member("bob"), await tenant.member("carol")];
	const theirs = await bob.db();
	const before = await theirs.createDocument({ title: "before" });
	const gone = await theirs.createDocument({ title: "gone" });
	await theirs.changeDoc(before.id, setField("title", "after"));
	await creator.level(bob);
	const directory = await creator.directory();
	await directory.revokeUser("bob");
	await directory.requestPurge({ dbId: "notes", docId: gone.id });
	// Carol gets the chain with a stub in its middle.
	await carol.level(creator);
	for (const replica of [creator, carol]) {
		const db = await replica.db();
		expect((await db.getDocument(before.id))?.getData()).toEqual({ title: "after" });
		expect(await db.getDocument(gone.id)).toBeUndefined();
	}
	await tenant.close();
});

it("only administrators ask for it, and not for the directory", async () => {
	const tenant = await newTenant();
	const bob = await tenant.member("bob");
	const { id } = await (await tenant.creator.db()).createDocument({ title: "stays" });
	await bob.level(tenant.creator);
	await expect((await bob.directory()).requestPurge({ dbId: "notes", docId: id })).rejects.toMatchObject({
		code: "not-administrator",
	});
	const directory = await tenant.creator.directory();
	for (const place of [
		{ dbId: "directory", docId: id },
		{ dbId: "", docId: id },
		{ dbId: "notes", docId: "" },
	]) {
		await expect(directory.requestPurge(place)).rejects.toThrow();
	}
	expect((await (await bob.db()).getDocument(id))?.getData()).toEqual({ title: "stays" });
	await tenant.close();
});

it("an edit that is under way while the document is erased leaves nothing of it", async () => {
	const tenant = await newTenant();
	const { creator } = tenant;
	const notes = await creator.db();
	const { id } = await notes.createDocument({ title: "gone" });
	let go: () => void = () => {};
	const gate = new Promise<void>((resolve) => {
		go = resolve;
	});
	const editing = notes.changeDoc(id, async (draft) => {
		draft.title = "edited";
		await gate;
		draft.title = "edited more";
	});
	const directory = await creator.directory();
	await directory.requestPurge({ dbId: "notes", docId: id });
	go();
	await editing.catch(() => undefined);
	await creator.reopen();
	const db = await creator.db();
	expect(await db.getDocument(id)).toBeUndefined();
	expect(new Set(await kinds(creator))).toEqual(new Set(["stub"]));
	await expect(db.changeDoc(id, setField("title", "again"))).rejects.toMatchObject({ code: "not-found" });
	await tenant.close();
});
