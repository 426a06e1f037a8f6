/**
 * The same histories every time, so that a change is judged by what it does. CONVERGENCE_RUNS and CONVERGENCE_COMMANDS make it deeper,
 * CONVERGENCE_SEED=random looks elsewhere; a number and CONVERGENCE_PATH repeat a run that failed, and CONVERGENCE_SHRINK looks for a
 * smaller one.
 */
import {
	type Command,
	command,
	deliver,
	type FeedConsumer,
	type Forge,
	History,
	type Observation,
	observe,
	TenantFixture,
	type TestReplica,
} from "@mindoodb/testing";
import fc from "fast-check";
import { memoryStores, nodeEnv } from "mindoodb";
import { expect, it } from "vitest";
import { toHex } from "../bytes/hex.js";
import { forgeries } from "../database/forgeries.test.js";
import { HostileWriter } from "../database/hostile-writer.test.js";

const dbIds = ["directory", "notes"];
const runs = Number(process.env.CONVERGENCE_RUNS ?? 10);
const commands = Number(process.env.CONVERGENCE_COMMANDS ?? 60);
const seed = process.env.CONVERGENCE_SEED ?? "-555893403";
const path = process.env.CONVERGENCE_PATH;

/** Something to work on, on both members' replicas. */
const prelude: readonly Command[] = [
	{ do: "create", who: 0, secret: false, value: 1 },
	{ do: "create", who: 0, secret: true, value: 2 },
	{ do: "attach", who: 0, doc: 0, value: 50 },
	{ do: "attach", who: 0, doc: 1, value: 70 },
	{ do: "handOver", who: 1 },
	{ do: "level", who: 0, other: 1, part: 3 },
	{ do: "level", who: 0, other: 2, part: 3 },
];

/** What a consumer must hold: the documents that are shown and not deleted. */
function living(observation: Observation) {
	return Object.fromEntries(Object.entries(observation.documents).filter(([, { deleted }]) => !deleted));
}

async function database(replica: TestReplica, dbId: string) {
	return dbId === "directory" ? (await replica.directory()).db : replica.db(dbId);
}

/** Any of the forgeries, where the replica can read what it is to forge upon. */
const forge: Forge = async ({ replica, db, docId, kind, value }) => {
	if (replica.user === undefined || (await db.getDocument(docId)) === undefined) return [];
	const all = Object.values(forgeries);
	return (all[kind % all.length] as (typeof all)[number]).make(await HostileWriter.of(replica), docId, value);
};

async function converge(history: readonly Command[], seeds: readonly number[]): Promise<void> {
	const newStores = (crypto: Parameters<typeof memoryStores>[0]) => memoryStores(crypto);
	// Whoever saw to the keys while entries are delivered would add to the set that is compared.
	const fixture = await TenantFixture.create({ env: await nodeEnv(), newStores, seed: 7, maintainKeys: false });
	const { creator } = fixture;
	await creator.reopen();
	creator.keyBag.set("secret", new Uint8Array(32).fill(7), creator.clock.now());
	await creator.keyBag.settled();
	for (const name of ["bob", "carol"]) await fixture.member(name);
	await fixture.stranger("dave");
	for (const replica of fixture.replicas) replica.snapshots = { changes: 1 };
	const happening = new History(fixture, forge);
	for (const each of prelude) await happening.do(each);
	for (const each of history) await happening.do(each);

	// From here on nobody writes.
	for (const replica of fixture.replicas) {
		replica.snapshots = "off";
		await replica.reopen();
	}
	const entries = new Map<string, Awaited<ReturnType<History["entries"]>>>();
	for (const dbId of dbIds) entries.set(dbId, await happening.entries(dbId));
	const lived = [...fixture.replicas];
	const keys = allKeys(lived);
	const reference = await fixture.relay("reference");
	for (const { keyId, key } of keys) reference.keyBag.set(keyId, key, reference.clock.now());
	await reference.keyBag.settled();
	const plain = await deliver(reference, { entries, keys: [], seed: 0, inOrder: true });

	const expected = new Map<string, Observation>();
	for (const dbId of dbIds) {
		const observation = await observe(await database(reference, dbId));
		compareFeed(plain.consumers.get(dbId), observation);
		expected.set(dbId, observation);
	}
	const replicas: { readonly replica: TestReplica; readonly seed: number }[] = lived.map((replica, i) => ({
		replica,
		seed: i,
	}));
	for (const [i, each] of seeds.entries()) replicas.push({ replica: await fixture.relay(`late ${i}`), seed: each });
	for (const { replica, seed } of replicas) {
		const { consumers, left } = await deliver(replica, { entries, keys, seed });
		expect(left, `left at ${replica.name}`).toEqual(plain.left);
		for (const dbId of dbIds) {
			const found = await observe(await database(replica, dbId));
			expect(found, `${dbId} at ${replica.name}`).toEqual(expected.get(dbId));
			compareFeed(consumers.get(dbId), found);
		}
		await replica.reopen();
		for (const dbId of dbIds) {
			const found = await observe(await database(replica, dbId));
			expect(found, `${dbId} at ${replica.name}, reopened`).toEqual(expected.get(dbId));
		}
	}
	await fixture.close();
}

/** Every version of every key that anybody holds: revocations make new ones. */
function allKeys(replicas: readonly TestReplica[]) {
	const keys = new Map<string, { readonly keyId: string; readonly key: Uint8Array }>();
	for (const { keyBag } of replicas) {
		for (const keyId of ["default", "directory", "secret"]) {
			for (const key of keyBag.getAllKeys(keyId)) keys.set(`${keyId} ${toHex(key)}`, { keyId, key });
		}
	}
	return [...keys.values()];
}

function compareFeed(consumer: FeedConsumer | undefined, observation: Observation): void {
	expect(Object.fromEntries(consumer?.documents ?? []), "feed").toEqual(living(observation));
}

it("equal entries, directory and keys give equal documents, verdicts and feeds, whatever the order", {
	timeout: 3_600_000,
}, async () => {
	await fc.assert(
		fc.asyncProperty(
			fc.array(command, { minLength: 5, maxLength: commands, size: "max" }),
			fc.array(fc.nat(), { minLength: 2, maxLength: 2 }),
			converge,
		),
		{
			numRuns: runs,
			...(seed !== "random" && { seed: Number(seed) }),
			...(path && { path }),
			timeout: 600_000,
			endOnFailure: process.env.CONVERGENCE_SHRINK === undefined,
		},
	);
});
