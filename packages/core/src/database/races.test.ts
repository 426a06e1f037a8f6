import { faultyLevel, TenantFixture, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { expect, it } from "vitest";
import { toHex } from "../bytes/hex.js";
import { unlockSigningKeyPair } from "../keys/key-pair.js";
import type { Level } from "../store/level.js";
import type { TrustEffects } from "./trust-port.js";

/** First byte of the keys under which entries lie. */
const recordTag = 0x10;

/** Holds batches with entries back until it is opened, and single reads until there is such a batch. */
class Gate {
	held = 0;
	#closed: Promise<void> | undefined;
	#open: () => void = () => {};

	close(): void {
		this.#closed = new Promise((resolve) => {
			this.#open = resolve;
		});
	}

	open(): void {
		this.#closed = undefined;
		this.#open();
	}

	readonly wrapLevel = (level: Level): Level => ({
		open: () => level.open(),
		close: () => level.close(),
		get: async (key) => {
			while (this.#closed !== undefined && this.held === 0) await pause(1);
			return level.get(key);
		},
		getMany: (keys) => level.getMany(keys),
		hasMany: (keys) => level.hasMany(keys),
		iterator: (range) => level.iterator(range),
		batch: () => {
			const batch = level.batch();
			let entries = false;
			return {
				put: (key, value) => {
					entries ||= key[0] === recordTag;
					return batch.put(key, value);
				},
				del: (key) => batch.del(key),
				close: () => batch.close(),
				write: async (options) => {
					if (entries && this.#closed !== undefined) {
						this.held++;
						await this.#closed;
					}
					await batch.write(options);
				},
			};
		},
	});
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function newTenant(wrapLevel: (level: Level) => Level = (level) => level): Promise<TenantFixture> {
	const newStores = (crypto: Parameters<typeof memoryStores>[0]) => memoryStores(crypto, { wrapLevel });
	return TenantFixture.create({ env: await nodeEnv(), newStores });
}

async function data(replica: TestReplica, docId: string): Promise<unknown> {
	return (await (await replica.db()).getDocument(docId))?.getData();
}

const everything: TrustEffects = {
	known: [],
	authors: [],
	pardoned: [],
	pardonedRuns: [],
	judged: [],
	keys: [],
	everything: true,
};

it("an own change that is being written while its document is judged anew is not forgotten", async () => {
	const gate = new Gate();
	const fixture = await newTenant(gate.wrapLevel);
	const { creator } = fixture;
	const notes = await creator.db();
	await notes.createDocument({ title: "judged first" });
	const { id } = await notes.createDocument({ title: "last" });
	await notes.changeDoc(id, (draft) => {
		draft.first = 1;
	});
	await notes.explain(id);
	gate.close();
	const following = notes.followTrust(everything);
	const writing = notes.changeDoc(id, (draft) => {
		draft.acknowledged = 2;
	});
	while (gate.held === 0) await pause(5);
	await pause(300);
	gate.open();
	await Promise.all([writing, following]);
	expect(await data(creator, id)).toEqual({ title: "last", first: 1, acknowledged: 2 });
	await notes.changeDoc(id, (draft) => {
		draft.later = 3;
	});
	await creator.reopen();
	expect(await data(creator, id)).toEqual({ title: "last", first: 1, acknowledged: 2, later: 3 });
	await fixture.close();
});

it("a cursor never passes a change that is not durable yet", async () => {
	const gate = new Gate();
	const fixture = await newTenant(gate.wrapLevel);
	const notes = await fixture.creator.db();
	await notes.createDocument({ title: "first" });
	gate.close();
	const writing = notes.createDocument({ title: "second" });
	while (gate.held === 0) await pause(5);
	const seen = await notes.getAllDocumentIds();
	const cursor = notes.changeCursor;
	gate.open();
	const { id } = await writing;
	for await (const { docId } of notes.iterateChangesSince(cursor)) seen.push(docId);
	expect(seen).toContain(id);
	await fixture.close();
});

it("settings that are first made twice at the same time are both there", async () => {
	const fixture = await newTenant();
	const directory = await fixture.creator.directory();
	const { administrator } = fixture.administrator;
	await Promise.all([
		directory.changeDBSettings("notes", (settings) => {
			settings.first = 1;
		}),
		directory.changeDBSettings("notes", (settings) => {
			settings.second = 2;
		}),
	]);
	await directory.changeDBSettings(
		"notes",
		(settings) => {
			settings.third = 3;
		},
		{ administrator },
	);
	expect(await directory.getDBSettings("notes")).toMatchObject({ first: 1, second: 2, third: 3 });
	await fixture.close();
});

it("writes under the administration key at the same time go on one chain and lose nothing", async () => {
	const fixture = await newTenant();
	const directory = await fixture.creator.directory();
	await directory.changeTenantSettings((settings) => {
		settings.first = 1;
	});
	const { env } = fixture.creator;
	const { key, ...unlock } = fixture.administrator.administrator;
	const signingKey = await unlockSigningKeyPair(env, key, { ...unlock, purpose: "administration" });
	const author = { publicKey: toHex(signingKey.publicKey), signingKey };
	await fixture.creator.reopen();
	const { db, getTenantSettings } = await fixture.creator.directory().then((opened) => ({
		db: opened.db,
		getTenantSettings: () => opened.getTenantSettings(),
	}));
	const [first, second] = await Promise.all([db.writerFor(author), db.writerFor(author)]);
	expect(first).toBe(second);
	const [docId] = (await db.getAllDocumentIds()).slice(-1);
	const set = (field: string) =>
		first.change<Record<string, unknown>>(docId as string, (draft) => {
			draft[field] = true;
		});
	await Promise.all([set("second"), set("third"), set("fourth")]);
	expect(await getTenantSettings()).toMatchObject({ first: 1, second: true, third: true, fourth: true });
	expect(await db.listForks()).toEqual([]);
	await fixture.close();
});

it("any number of callbacks may wait on one document, and it is read meanwhile", async () => {
	const fixture = await newTenant();
	const notes = await fixture.creator.db();
	const { id } = await notes.createDocument({ title: "shared" });
	let go: () => void = () => {};
	const gate = new Promise<void>((resolve) => {
		go = resolve;
	});
	const expected: Record<string, unknown> = { title: "shared" };
	const waiting = Array.from({ length: 20 }, (_, i) => {
		expected[`before ${i}`] = i;
		expected[`after ${i}`] = i;
		return notes.changeDoc(id, async (draft) => {
			draft[`before ${i}`] = i;
			await gate;
			draft[`after ${i}`] = i;
		});
	});
	expect(await data(fixture.creator, id)).toEqual({ title: "shared" });
	go();
	await Promise.all(waiting);
	expect(await data(fixture.creator, id)).toEqual(expected);
	await fixture.close();
});

it("what is not durable yet is in the document that is made while a callback has the other", async () => {
	const gate = new Gate();
	const fixture = await newTenant(gate.wrapLevel);
	const { creator } = fixture;
	const notes = await creator.db();
	const { id } = await notes.createDocument({ title: "shared" });
	await notes.changeDoc(id, (draft) => {
		draft.first = 1;
	});
	let release: () => void = () => {};
	const released = new Promise<void>((resolve) => {
		release = resolve;
	});
	gate.close();
	const writing = notes.changeDoc(id, (draft) => {
		draft.second = 2;
	});
	while (gate.held === 0) await pause(5);
	const lasting = notes.changeDoc(id, async (draft) => {
		draft.slow = true;
		await released;
	});
	const meanwhile = notes.changeDoc(id, (draft) => {
		draft.seen = [draft.first, draft.second];
	});
	await pause(100);
	release();
	gate.open();
	await Promise.all([writing, lasting, meanwhile]);
	expect(await data(creator, id)).toEqual({ title: "shared", first: 1, second: 2, slow: true, seen: [1, 2] });
	await fixture.close();
});

it("nothing of a write that failed is kept as what the document shows", async () => {
	const faulty: ReturnType<typeof faultyLevel>[] = [];
	const fixture = await newTenant((level) => {
		const made = faultyLevel(level);
		faulty.push(made);
		return made.level;
	});
	const notes = await fixture.creator.db();
	const { id } = await notes.createDocument({ title: "kept" });
	for (const each of faulty) each.failWrites({ times: 1 });
	const failing = notes.changeDoc(id, (draft) => {
		draft.title = "lost";
	});
	const reading = notes.explain(id);
	await expect(failing).rejects.toThrow();
	await reading.catch(() => undefined);
	for (const each of faulty) each.repair();
	expect(await data(fixture.creator, id)).toEqual({ title: "kept" });
	await fixture.creator.reopen();
	expect(await data(fixture.creator, id)).toEqual({ title: "kept" });
	await fixture.close();
});

it("a document that was purged here is not shown any more", async () => {
	const fixture = await newTenant();
	const notes = await fixture.creator.db();
	const kept = await notes.createDocument({ title: "kept" });
	const { id } = await notes.createDocument({ title: "erased" });
	const cursor = notes.changeCursor;
	await notes.store.purgeDocHistory(id);
	expect(await notes.getDocument(id)).toBeUndefined();
	expect(await notes.getAllDocumentIds()).toEqual([kept.id]);
	const told: [string, unknown][] = [];
	for await (const { docId, doc } of notes.iterateChangesSince(cursor)) told.push([docId, doc]);
	expect(told).toEqual([[id, undefined]]);
	await fixture.creator.reopen();
	expect(await (await fixture.creator.db()).getAllDocumentIds()).toEqual([kept.id]);
	await fixture.close();
});
