/** A key that comes late opens what waited for it, at the cost of that alone. */
import { aliceAndBob, type CountingLevel, countingLevel, setField, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { expect, it } from "vitest";
import type { DocumentExplanation } from "../database/explain.js";
import type { KeyBag } from "../keys/key-bag.js";

/** Two members, and what the second one's engines are asked. */
async function counted() {
	const levels: CountingLevel[] = [];
	const members = await aliceAndBob({
		env: await nodeEnv(),
		newStores: (crypto, replica) =>
			memoryStores(crypto, {
				wrapLevel(level) {
					const counting = countingLevel(level);
					if (replica === "bob") levels.push(counting);
					return counting.level;
				},
			}),
	});
	const reset = () => {
		for (const each of levels) each.reset();
	};
	const cost = () => levels.reduce((sum, { counts }) => sum + counts.gets + counts.rows + counts.puts, 0);
	return { ...members, reset, cost };
}

async function verdicts(replica: TestReplica, docId: string) {
	const { entries } = (await (await replica.db()).explain(docId)) as DocumentExplanation;
	return Object.fromEntries(entries.map(({ hash, verdict }) => [hash, verdict]));
}

interface Load {
	/** Documents under the key that comes. */
	readonly locked: number;
	/** Documents under a key that does not come. */
	readonly lockedElse: number;
	readonly open: number;
}

/** What Bob's engine of the database is asked when the key comes. */
async function costOf({ locked, lockedElse, open }: Load) {
	const { fixture, alice, bob, notes, reset, cost } = await counted();
	for (const [i, keyId] of ["late", "never"].entries()) alice.keyBag.set(keyId, new Uint8Array(32).fill(i + 1), 1);
	await alice.keyBag.settled();
	const titles = (count: number) => Array.from({ length: count }, (_, i) => ({ title: `document ${i}` }));
	await notes.createDocuments(titles(open));
	await notes.createDocuments(titles(locked), "late");
	await notes.createDocuments(titles(lockedElse), "never");
	await bob.level(alice);
	const theirs = await bob.db();
	expect(await theirs.getAllDocumentIds()).toHaveLength(open);
	reset();
	await alice.handOver("late", bob);
	const spent = cost();
	expect(await theirs.getAllDocumentIds()).toHaveLength(open + locked);
	await fixture.close();
	return spent;
}

it("what a late key costs grows with what is locked under it, not with what else there is", async () => {
	const small = await costOf({ locked: 10, lockedElse: 10, open: 10 });
	const among = await costOf({ locked: 10, lockedElse: 300, open: 300 });
	const larger = await costOf({ locked: 40, lockedElse: 10, open: 10 });
	expect(among).toBeLessThanOrEqual(small * 1.2);
	expect(larger).toBeLessThanOrEqual(small * 4.2);
	expect(larger).toBeGreaterThan(small);
});

/** What it costs Bob, who has the document in memory, that a key opens some entries of it. */
async function costInOneDocument({ locked, open }: Omit<Load, "lockedElse">) {
	const { fixture, alice, bob, notes, reset, cost } = await counted();
	alice.keyBag.set("late", new Uint8Array(32).fill(1), 1);
	await alice.keyBag.settled();
	await alice.handOver("late", bob);
	const { id } = await notes.createEncryptedDocument("late", { count: 0 });
	for (let i = 1; i < open; i++) await notes.changeDoc(id, setField("count", i));
	alice.keyBag.set("late", new Uint8Array(32).fill(2), 2);
	await alice.keyBag.settled();
	for (let i = 0; i < locked; i++) await notes.changeDoc(id, setField("later", i));
	await bob.level(alice);
	const theirs = await bob.db();
	await theirs.changeDoc(id, setField("bob", true));
	reset();
	await alice.handOver("late", bob);
	const spent = cost();
	const shown = { count: open - 1, later: locked - 1, bob: true };
	expect((await theirs.getDocument(id))?.getData()).toEqual(shown);
	// As if the key had been there from the start.
	const reader = await fixture.relay("reader", ["directory", "default"]);
	await alice.handOver("late", reader);
	await reader.level(bob);
	expect((await (await reader.db()).getDocument(id))?.getData()).toEqual(shown);
	expect(await verdicts(bob, id)).toEqual(await verdicts(reader, id));
	await fixture.close();
	return spent;
}

it("in a document that is in memory a late key costs what is locked under it, however long the document is", async () => {
	const short = await costInOneDocument({ locked: 3, open: 5 });
	expect(await costInOneDocument({ locked: 3, open: 200 })).toBeLessThanOrEqual(short);
	expect(await costInOneDocument({ locked: 30, open: 5 })).toBeLessThanOrEqual(short * 10);
});

it("of several versions that come late one by one, each says of what still waits for another that it does", async () => {
	const { fixture, alice, bob, notes } = await counted();
	const keys = [1, 2, 3].map((version) => new Uint8Array(32).fill(version));
	const give = async (keyBag: KeyBag, version: number) => {
		keyBag.set("late", keys[version] as Uint8Array, version + 1);
		await keyBag.settled();
	};
	for (const each of [alice, bob]) await give(each.keyBag, 0);
	const { id } = await notes.createEncryptedDocument("late", { count: 0 });
	for (const version of [1, 2]) {
		await give(alice.keyBag, version);
		for (const field of ["first", "second"]) await notes.changeDoc(id, setField(field, version));
	}
	await bob.level(alice);
	const theirs = await bob.db();
	await theirs.changeDoc(id, setField("bob", true));
	for (const [i, version] of [1, 2].entries()) {
		await give(bob.keyBag, version);
		const reader = await fixture.relay(`reader ${version}`, ["directory", "default"]);
		for (let held = 0; held <= version; held++) await give(reader.keyBag, held);
		await reader.level(bob);
		expect(await verdicts(bob, id)).toEqual(await verdicts(reader, id));
		const shown = { count: 0, bob: true, first: i + 1, second: i + 1 };
		expect((await theirs.getDocument(id))?.getData()).toEqual(shown);
	}
	await fixture.close();
});
