import { type Command, command, deliver, type FeedConsumer, History, observe, TenantFixture, type TestReplica } from "@mindoodb/testing";
import fc from "fast-check";
import { memoryStores, nodeEnv } from "mindoodb";
import { expect, it } from "vitest";

const dbIds = ["directory", "notes"];
const runs = Number(process.env.CONVERGENCE_RUNS ?? 15);
const commands = Number(process.env.CONVERGENCE_COMMANDS ?? 60);
const seed = process.env.CONVERGENCE_SEED;
const path = process.env.CONVERGENCE_PATH;

/** What a consumer must hold: the documents that are shown and not deleted. */
function living(observation: Awaited<ReturnType<typeof observe>>) {
	return Object.fromEntries(Object.entries(observation.documents).filter(([, { deleted }]) => !deleted));
}

async function database(replica: TestReplica, dbId: string) {
	return dbId === "directory" ? (await replica.directory()).db : replica.db(dbId);
}

async function converge(history: readonly Command[], seeds: readonly number[]): Promise<void> {
	let t = performance.now();
	const lap = (w: string) => { if (process.env.LAP) { const n = performance.now(); process.stderr.write(`${w} ${(n - t).toFixed(0)}\n`); t = n; } };
	const newStores = (crypto: Parameters<typeof memoryStores>[0]) => memoryStores(crypto);
	const fixture = await TenantFixture.create({ env: await nodeEnv(), newStores, seed: 7 });
	const { creator } = fixture;
	creator.keyBag.set("secret", new Uint8Array(32).fill(7), creator.clock.now());
	await creator.keyBag.settled();
	for (const name of ["bob", "carol"]) await fixture.member(name);
	await fixture.stranger("dave");
	const happening = new History(fixture, async () => []);
	lap("setup");
	for (const each of history) { await happening.do(each); lap(JSON.stringify(each)); }

	const entries = new Map<string, Awaited<ReturnType<History["entries"]>>>();
	for (const dbId of dbIds) entries.set(dbId, await happening.entries(dbId));
	const keys = ["default", "secret"].map((keyId) => ({ keyId, key: creator.keyBag.get(keyId) as Uint8Array }));
	const lived = [...fixture.replicas];
	const reference = await fixture.relay("reference", ["directory", "default", "secret"]);
	const plain = await deliver(reference, { entries, keys: [], seed: 0, inOrder: true });

	lap("reference");
	for (const dbId of dbIds) {
		const expected = await observe(await database(reference, dbId));
		compareFeed(plain.consumers.get(dbId), expected);
	}
	const replicas: { readonly replica: TestReplica; readonly seed: number }[] = lived.map((replica, i) => ({ replica, seed: i }));
	for (const [i, each] of seeds.entries()) replicas.push({ replica: await fixture.relay(`late ${i}`), seed: each });
	for (const { replica, seed } of replicas) {
		const { consumers, left } = await deliver(replica, { entries, keys, seed });
		expect(left, `left at ${replica.name}`).toEqual(plain.left);
		for (const dbId of dbIds) {
			const expected = await observe(await database(reference, dbId));
			const found = await observe(await database(replica, dbId));
			expect(found, `${dbId} at ${replica.name}`).toEqual(expected);
			compareFeed(consumers.get(dbId), found);
		}
		lap(`delivered ${replica.name} ${[...entries.values()].map((e) => e.length)}`);
		await replica.reopen();
		for (const dbId of dbIds) {
			const expected = await observe(await database(reference, dbId));
			expect(await observe(await database(replica, dbId)), `${dbId} at ${replica.name}, reopened`).toEqual(expected);
		}
	}
	await fixture.close();
}

function compareFeed(consumer: FeedConsumer | undefined, observation: Awaited<ReturnType<typeof observe>>): void {
	expect(Object.fromEntries(consumer?.documents ?? []), "feed").toEqual(living(observation));
}

it("equal entries, directory and keys give equal documents, verdicts and feeds, whatever the order", { timeout: 600_000 }, async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.array(command, { minLength: 5, maxLength: commands, size: "max" }),
			fc.array(fc.nat(), { minLength: 2, maxLength: 2 }),
			converge,
		),
		{ numRuns: runs, ...(seed && { seed: Number(seed) }), ...(path && { path }), endOnFailure: process.env.CONVERGENCE_SHRINK === undefined },
	);
});
