/** A key that comes late opens what waited for it, at the cost of that alone. */
import { aliceAndBob, type CountingLevel, countingLevel } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { expect, it } from "vitest";

interface Load {
	/** Documents under the key that comes. */
	readonly locked: number;
	/** Documents under a key that does not come. */
	readonly lockedElse: number;
	readonly open: number;
}

/** What Bob's engine of the database is asked when the key comes. */
async function costOf({ locked, lockedElse, open }: Load) {
	const levels: CountingLevel[] = [];
	const { fixture, alice, bob, notes } = await aliceAndBob({
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
	for (const [i, keyId] of ["late", "never"].entries()) alice.keyBag.set(keyId, new Uint8Array(32).fill(i + 1), 1);
	await alice.keyBag.settled();
	const titles = (count: number) => Array.from({ length: count }, (_, i) => ({ title: `document ${i}` }));
	await notes.createDocuments(titles(open));
	await notes.createDocuments(titles(locked), "late");
	await notes.createDocuments(titles(lockedElse), "never");
	await bob.level(alice);
	const theirs = await bob.db();
	expect(await theirs.getAllDocumentIds()).toHaveLength(open);
	for (const each of levels) each.reset();
	await alice.handOver("late", bob);
	const cost = levels.reduce((sum, { counts }) => sum + counts.gets + counts.rows + counts.puts, 0);
	expect(await theirs.getAllDocumentIds()).toHaveLength(open + locked);
	await fixture.close();
	return cost;
}

it("what a late key costs grows with what is locked under it, not with what else there is", async () => {
	const small = await costOf({ locked: 10, lockedElse: 10, open: 10 });
	const among = await costOf({ locked: 10, lockedElse: 300, open: 300 });
	const larger = await costOf({ locked: 40, lockedElse: 10, open: 10 });
	expect(among).toBeLessThanOrEqual(small * 1.2);
	expect(larger).toBeLessThanOrEqual(small * 4.2);
	expect(larger).toBeGreaterThan(small);
});
