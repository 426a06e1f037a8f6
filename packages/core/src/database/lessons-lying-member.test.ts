/** What a member, or somebody who was one, can try. Numbers are those of docs/lessons.md. */
import { aliceAndBob, setField, type TenantFixture, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { DocumentExplanation, EntryExplanation } from "./explain.js";
import { forgeries } from "./forgeries.test.js";
import { HostileWriter } from "./hostile-writer.test.js";
import type { MindooDB } from "./mindoo-db.js";

let fixture: TenantFixture;
let alice: TestReplica;
let mallory: TestReplica;
let notes: MindooDB;

beforeEach(async () => {
	const options = { env: await nodeEnv(), member: "mallory" };
	const made = await aliceAndBob({ ...options, newStores: (crypto) => memoryStores(crypto) });
	({ fixture, alice, bob: mallory, notes } = made);
});

afterEach(() => fixture.close());

const setTitle = (title: string) => (draft: Record<string, unknown>) => {
	draft.title = title;
};

it("lesson 13: a revoked member gains nothing by a clock set back, or by fields left out", async () => {
	const { id } = await notes.createDocument({ title: "a" });
	await alice.level(mallory);
	const theirs = await mallory.db();
	await theirs.changeDoc(id, setTitle("before"));
	await alice.level(mallory);
	const before = await (await HostileWriter.of(mallory)).directoryHeads();
	await (await alice.directory()).revokeUser("mallory");
	// Honest software that has not heard of it, with its clock set back a year.
	mallory.clock.set(mallory.clock.now() - 365 * 86_400_000);
	await theirs.changeDoc(id, setTitle("set back"));
	expect((await theirs.pushChangesTo(notes.store)).refused).toEqual([]);
	const writer = await HostileWriter.of(mallory);
	const attempts = [
		await writer.honest(id, setTitle("1"), { createdAt: 1, directoryHeads: before }),
		await writer.honest(id, setTitle("2"), { directoryHeads: [] }),
		await writer.honest(id, setTitle("3"), { directoryHeads: before, previousByAuthor: undefined }),
		await writer.honest(id, setTitle("4"), { directoryHeads: before.slice(0, 1) }),
	];
	expect((await notes.store.putEntries(attempts)).refused).toEqual([]);
	const explained = (await notes.explain(id)) as DocumentExplanation;
	const refused = explained.entries.filter(({ verdict }) => verdict.kind === "refused");
	expect(refused).toHaveLength(5);
	for (const { words, createdBy } of refused) {
		expect(createdBy).toBe(mallory.publicKey);
		expect(words).toMatch(/^Refused: its author was (revoked|not a member)/);
	}
	expect((await notes.getDocument(id))?.getData()).toEqual({ title: "before" });
	// Nor does the member who learns of it write on through the library.
	await alice.level(mallory);
	await expect(theirs.changeDoc(id, setTitle("after"))).rejects.toMatchObject({ code: "trust" });
});

it("lesson 14: one garbage change makes nothing unreadable and stops nothing behind it", async () => {
	const { id } = await notes.createDocument({ title: "a", body: "kept" });
	await alice.level(mallory);
	for (const [name, { make }] of Object.entries(forgeries)) {
		if (name === "a delete of a delete") continue;
		const made = await make(await HostileWriter.of(mallory), id, 1);
		await notes.store.putEntries(made);
	}
	await notes.changeDoc(id, (draft) => {
		draft.later = true;
	});
	expect((await notes.getDocument(id))?.getData()).toMatchObject({ body: "kept", later: true });
	const explained = (await notes.explain(id)) as DocumentExplanation;
	expect(explained.entries.filter(({ verdict }) => verdict.kind === "refused").length).toBeGreaterThan(8);
	const late = await fixture.relay("late", ["directory", "default"]);
	await (await late.directory()).db.pullChangesFrom((await alice.directory()).store);
	const fresh = await late.db();
	await fresh.pullChangesFrom(notes.store);
	expect((await fresh.getDocument(id))?.getData()).toEqual((await notes.getDocument(id))?.getData());
});

it("lesson 16: two entries at one place of a chain are both kept, both count, and the fork is told", async () => {
	const { id } = await notes.createDocument({ title: "a" });
	await alice.level(mallory);
	await (await mallory.db()).createDocument({ title: "before" });
	await alice.level(mallory);
	const writer = await HostileWriter.of(mallory);
	const first = await writer.honest(id, setField("left", 1), { previousByAuthor: writer.previous });
	const second = await writer.honest(id, setField("right", 2), { previousByAuthor: writer.previous });
	await notes.store.putEntries([first]);
	expect(await notes.listForks()).toEqual([]);
	await notes.store.putEntries([second]);
	expect(await notes.listForks()).toEqual([{ createdBy: mallory.publicKey, heads: [first.hash, second.hash].sort() }]);
	expect((await notes.getDocument(id))?.getData()).toEqual({ title: "a", left: 1, right: 2 });
	expect(await notes.store.hasEntries([first.hash, second.hash])).toHaveLength(2);
});

it("lesson 16: of two changes at one place of an actor every replica takes the same one", async () => {
	const { id } = await notes.createDocument({ title: "a" });
	await alice.level(mallory);
	const forgery = forgeries["two changes at one place of an actor, apart"] as (typeof forgeries)[string];
	const pair = await forgery.make(await HostileWriter.of(mallory), id, 5);
	const shown: unknown[] = [];
	for (const order of [pair, [...pair].reverse()]) {
		const replica = await fixture.relay(`late ${shown.length}`, ["directory", "default"]);
		await (await replica.directory()).db.pullChangesFrom((await alice.directory()).store);
		const db = await replica.db();
		await db.pullChangesFrom(notes.store);
		for (const entry of order) await db.store.putEntries([entry]);
		const verdicts = await Promise.all(
			pair.map(async ({ hash }) => ((await db.explain(hash)) as EntryExplanation).verdict),
		);
		// Nothing else tells them apart, so the lower hash counts.
		const [lower, higher] = [...pair]
			.sort((a, b) => (a.hash < b.hash ? -1 : 1))
			.map((entry) => verdicts[pair.indexOf(entry)]);
		expect(lower).toEqual({ kind: "accepted" });
		expect(higher).toMatchObject({ kind: "refused", reason: "actor-fork" });
		shown.push([verdicts, (await db.getDocument(id))?.getData()]);
	}
	expect(shown[1]).toEqual(shown[0]);
});
