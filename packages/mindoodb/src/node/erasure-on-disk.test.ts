/** A purge request, as the files of every replica see it. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TenantFixture, type TestReplica } from "@mindoodb/testing";
import { folderStores, nodeCrypto, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, expect, it } from "vitest";

let dir = "";
let tenant: TenantFixture;

beforeEach(async () => {
	dir = await mkdtemp(join(tmpdir(), "mindoodb-erasure-"));
	tenant = await TenantFixture.create({
		env: await nodeEnv(),
		newStores: (crypto, replica) => folderStores(join(dir, replica), crypto),
	});
});

afterEach(async () => {
	await tenant.close();
	await rm(dir, { recursive: true, force: true });
});

/** Encrypted bytes of a document's entries and attachments, long enough to be met nowhere else. */
async function needlesOf(replica: TestReplica, docId: string): Promise<Buffer[]> {
	const { store } = await replica.db();
	const entries = await store.findNewEntriesForDoc([], docId);
	const whole = await store.getEntries(entries.map(({ hash }) => hash));
	return whole.flatMap((entry) =>
		entry.kind === "entry" && entry.payload !== undefined ? Buffer.from(entry.payload.slice(-32)) : [],
	);
}

/** How many of the needles lie in some file of a replica. */
async function found(replica: TestReplica, needles: readonly Buffer[]): Promise<number> {
	const files = await readdir(join(dir, replica.name), { recursive: true, withFileTypes: true });
	const paths = files.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
	const contents = await Promise.all(paths.map((path) => readFile(path)));
	return needles.filter((needle) => contents.some((content) => content.includes(needle))).length;
}

it("leaves no byte of the document and its files in any replica's folder, and a late-comer brings none back", async () => {
	const { creator } = tenant;
	const [bob, carol] = [await tenant.member("bob"), await tenant.member("carol")];
	const notes = await creator.db();
	const gone = await notes.createDocument({ title: "gone" });
	const stays = await notes.createDocument({ title: "stays" });
	const file = nodeCrypto().randomBytes(400_000);
	for (const { id } of [gone, stays]) {
		await notes.changeDoc(id, async (draft, attachments) => {
			draft.text = "x".repeat(6000);
			// A chunk of the file in both documents, and one in each alone.
			await attachments.addAttachment(file.subarray(0, 262_144), "shared", "text/plain");
			await attachments.addAttachment(nodeCrypto().randomBytes(5000), "own", "text/plain");
		});
	}
	for (const each of [bob, carol]) await each.level(creator);
	// What an opening finds in the log goes to a file of its own, other than that of the deletions to come.
	for (const each of [creator, bob, carol]) await each.reopen();
	const kept = await needlesOf(creator, stays.id);
	const shared = new Set(kept.map((each) => each.toString("hex")));
	const needles = (await needlesOf(creator, gone.id)).filter((each) => !shared.has(each.toString("hex")));
	expect([needles.length, kept.length]).toEqual([3, 4]);
	for (const each of [creator, bob, carol]) expect(await found(each, needles)).toBe(3);

	await (await creator.directory()).requestPurge({ dbId: "notes", docId: gone.id });
	await bob.level(creator);
	for (const each of [creator, bob]) expect(await found(each, needles)).toBe(0);
	expect(await found(carol, needles)).toBe(3);
	// Carol still has all of it, and pushes it to those who have not.
	const hers = await carol.db();
	for (const each of [creator, bob]) {
		await hers.pushChangesTo((await each.db()).store);
		await (await each.db()).pullChangesFrom(hers.store);
		await each.reopen();
		expect(await found(each, needles)).toBe(0);
	}
	await carol.level(bob);
	expect(await found(carol, needles)).toBe(0);
	for (const each of [creator, bob, carol]) {
		expect(await found(each, kept)).toBe(4);
		const doc = await (await each.db()).getDocument(stays.id);
		const [own] = (doc?.getAttachments() ?? []).filter(({ fileName }) => fileName === "shared");
		expect(await doc?.getAttachment(own?.id as string)).toEqual(file.slice(0, 262_144));
		expect(await (await each.db()).getDocument(gone.id)).toBeUndefined();
	}
}, 60_000);
