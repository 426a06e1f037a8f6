import { countingLevel, entryMaker, testClock } from "@mindoodb/testing";
import { MemoryLevel } from "memory-level";
import { nodeCrypto } from "mindoodb";
import { beforeEach, expect, it } from "vitest";
import { tenantSubkeys } from "../../keys/subkeys.js";
import { openLevelStore } from "../../store/level-store.js";
import type { LocalStore } from "../../store/store.js";
import { type CommitJob, CommitQueue, type Draft } from "./commit-queue.js";

const crypto = nodeCrypto();

let store: LocalStore;
let batches: () => number;
let makeQueue: (onAppended?: () => Promise<void>) => CommitQueue;
let draftOf: (docId: string, wish?: Partial<Draft>) => Draft;
let logged: string[];

beforeEach(async () => {
	const maker = await entryMaker({ crypto });
	const { tenantRoot, dbId, publicKey, signingKey } = maker;
	const options = { keyEncoding: "view", valueEncoding: "view", storeEncoding: "view" } as const;
	const counting = countingLevel(new MemoryLevel<Uint8Array, Uint8Array>(options));
	store = await openLevelStore(counting.level, { crypto, random: crypto, tenantRoot, dbId });
	counting.reset();
	batches = () => counting.counts.batches;
	const subkeys = await tenantSubkeys(crypto, crypto.randomBytes(32), tenantRoot);
	const key = { decryptionKeyId: "default", keyCommitment: await subkeys.keyCommitment("default"), subkeys };
	logged = [];
	makeQueue = (onAppended) =>
		new CommitQueue({
			env: {
				crypto,
				random: crypto,
				clock: testClock(),
				log: (level, _, data) => logged.push(`${level} ${data?.error}`),
			},
			store,
			tenantRoot,
			dbId,
			author: { publicKey, signingKey },
			directoryHeads: () => [],
			isDirectory: false,
			onAppended,
		});
	draftOf = (docId, wish = {}) => ({
		entryType: "doc_create",
		docId,
		key,
		changes: [Uint8Array.of(1)],
		lastChange: "00".repeat(32),
		dependencies: () => [],
		onSealed: () => {},
		...wish,
	});
});

/** What became of jobs that fall into one group. */
async function together(queue: CommitQueue, jobs: readonly Pick<CommitJob, "drafts">[]): Promise<string[]> {
	const became: string[] = jobs.map(() => "nothing");
	for (const [i, { drafts }] of jobs.entries()) {
		queue.add({
			drafts,
			rows: async () => [],
			onDurable: () => {
				became[i] = "durable";
			},
			onFailed: (error) => {
				became[i] = (error as Error).message;
			},
		});
	}
	await queue.idle();
	return became;
}

const fails = (message: string) => () => {
	throw new Error(message);
};

it("a job that fails does not fail its neighbours in the group, and leaves no gap in the chain", async () => {
	const became = await together(makeQueue(), [
		{ drafts: () => [draftOf("first")] },
		{ drafts: fails("no drafts") },
		{ drafts: () => [draftOf("half"), draftOf("half", { dependencies: fails("no dependencies") })] },
		{ drafts: () => [draftOf("last")] },
	]);
	expect(became).toEqual(["durable", "no drafts", "no dependencies", "durable"]);
	expect(batches()).toBe(1);
	const [first, last] = await store.findNewEntries([]);
	expect([first?.kind, last?.kind, await store.getAllHashes()]).toMatchObject(["entry", "entry", { length: 2 }]);
	expect(last).toMatchObject({ common: { docId: "last", previousByAuthor: first?.hash } });
});

it("what goes wrong after the entries are durable is logged, and their writers are told that they are", async () => {
	const queue = makeQueue(async () => {
		throw new TypeError("the directory could not be folded");
	});
	expect(await together(queue, [{ drafts: () => [draftOf("kept")] }])).toEqual(["durable"]);
	expect(await store.getAllHashes()).toHaveLength(1);
	expect(logged).toEqual(["error TypeError"]);
	expect(await together(queue, [{ drafts: () => [draftOf("after")] }])).toEqual(["durable"]);
});
