import { type FaultyLevel, faultyLevel, setField, TenantFixture } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { expect, it } from "vitest";
import { stubOf } from "../entry/entry.js";
import type { Level } from "../store/level.js";
import type { MindooDB } from "./mindoo-db.js";
import { noEffects, type TrustEffects } from "./trust-port.js";

const judgeAll: TrustEffects = { ...noEffects, everything: true };

async function newTenant(wrapLevel: (level: Level) => Level = (level) => level): Promise<TenantFixture> {
	return TenantFixture.create({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto, { wrapLevel }) });
}

async function told(db: MindooDB, cursor?: string): Promise<readonly (readonly [string, unknown])[]> {
	const items: [string, unknown][] = [];
	for await (const { docId, doc } of db.iterateChangesSince(cursor)) items.push([docId, doc?.getData()]);
	return items;
}

it("verdicts of a revoked author's other documents stay when one was purged here", async () => {
	const tenant = await newTenant();
	const bob = await tenant.member("bob");
	const theirs = await bob.db();
	const before = await theirs.createDocument({ title: "before" });
	const gone = await theirs.createDocument({ title: "gone" });
	await theirs.changeDoc(before.id, (draft) => {
		draft.title = "after";
	});
	const db = await tenant.creator.db();
	await tenant.creator.level(bob);
	await (await tenant.creator.directory()).revokeUser("bob");
	// Nobody but Bob has it, so it lies in no run.
	await theirs.changeDoc(before.id, (draft) => {
		draft.title = "too late";
	});
	await db.pullChangesFrom(theirs.store);
	const explained = await db.explain(before.id);
	expect(explained).toMatchObject({
		entries: [{ verdict: { kind: "accepted" } }, { verdict: { kind: "accepted" } }, { verdict: { kind: "refused" } }],
	});

	await db.store.purgeDocHistory(gone.id);
	await tenant.creator.reopen();
	const again = await tenant.creator.db();
	await again.followTrust(judgeAll);
	expect(await again.explain(before.id)).toEqual(explained);
	expect((await again.getDocument(before.id))?.getData()).toEqual({ title: "after" });
	expect(await again.getDocument(gone.id)).toBeUndefined();
	await tenant.close();
});

it("a purge that the crash of a process cuts short shows nothing of the document afterwards", async () => {
	const disks: FaultyLevel[] = [];
	const tenant = await newTenant((level) => {
		const disk = faultyLevel(level);
		disks.push(disk);
		return disk.level;
	});
	const db = await tenant.creator.db();
	const disk = disks.at(-1) as FaultyLevel;
	const { id } = await db.createDocument({ title: "gone" });
	const cursor = db.changeCursor;
	// The first batch is written, and nothing behind it.
	disk.failWrites({ after: 1 });
	await expect(db.store.purgeDocHistory(id)).rejects.toMatchObject({ code: "store-io" });
	await tenant.creator.tenant.close().catch(() => undefined);
	disk.repair();
	await tenant.creator.reopen();
	const again = await tenant.creator.db();
	expect(await again.getDocument(id)).toBeUndefined();
	expect(await told(again, cursor)).toEqual([[id, undefined]]);
	expect(await told(again)).toEqual([[id, undefined]]);
	await tenant.close();
});

it("a relay cannot put a stub in the place of an entry that nobody purged", async () => {
	const tenant = await newTenant();
	const bob = await tenant.member("bob");
	const theirs = await bob.db();
	const db = await tenant.creator.db();
	const { id } = await db.createDocument({ title: "whole" });
	const entries = await db.store.findNewEntries([]);
	const stubs = await Promise.all(
		entries.map((entry) => (entry.kind === "entry" ? stubOf(bob.env.crypto, entry) : entry)),
	);
	const report = await theirs.store.putEntries(stubs);
	expect(report).toMatchObject({ stored: [], refused: [{ reason: "stub" }] });
	await bob.level(tenant.creator);
	expect((await theirs.getDocument(id))?.getData()).toEqual({ title: "whole" });
	await tenant.close();
});

it("what was written together with a document that is erased here alone can be passed on all the same", async () => {
	const tenant = await newTenant();
	const bob = await tenant.member("bob");
	const db = await tenant.creator.db();
	const [stays, gone] = (await db.createDocuments([{ title: "a" }, { title: "b" }])).map(({ id }) => id) as [
		string,
		string,
	];
	// One group: only the last entry is signed, and it is the one that goes.
	await Promise.all([stays, gone].map((id) => db.changeDoc(id, setField("title", "edited"))));
	const [hash] = (await db.getAllChangeHashesForDoc(stays)).slice(-1) as [string];
	expect((await db.store.getEntries([hash]))[0]?.signature).toBeUndefined();
	await db.store.purgeDocHistory(gone);

	const theirs = await bob.db();
	await bob.level(tenant.creator);
	expect((await theirs.getDocument(stays))?.getData()).toEqual({ title: "edited" });
	expect(await theirs.getDocument(gone)).toBeUndefined();
	await tenant.creator.reopen();
	expect((await (await tenant.creator.db()).getDocument(stays))?.getData()).toEqual({ title: "edited" });
	await tenant.close();
});
