/** What looks back sees every change, also of a document that was loaded from a snapshot. */
import { type AliceAndBob, aliceAndBob, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Crypto } from "../../crypto/crypto.js";
import type { MindooDB } from "../mindoo-db.js";
import type { SnapshotPolicy } from "./policy.js";

let world: AliceAndBob;
let alice: TestReplica;
let bob: TestReplica;
/** Payloads that anybody decrypted. */
let opened: number;
/** What anybody hashed. */
let hashed: number;

beforeEach(async () => {
	const env = await nodeEnv();
	opened = 0;
	hashed = 0;
	const crypto: Crypto = {
		...env.crypto,
		open(...given) {
			opened++;
			return env.crypto.open(...given);
		},
		sha256(data) {
			hashed++;
			return env.crypto.sha256(data);
		},
	};
	world = await aliceAndBob({ env: { ...env, crypto }, newStores: (each) => memoryStores(each) });
	({ alice, bob } = world);
	await world.notes.close();
});

afterEach(() => world.fixture.close());

const open = (replica: TestReplica, snapshots: SnapshotPolicy | "off"): Promise<MindooDB> =>
	replica.tenant.openDB("notes", { snapshots });

/** A minute for each edit. */
async function edit(db: MindooDB, docId: string, count: number, key = "no"): Promise<void> {
	for (let no = 0; no < count; no++) {
		alice.clock.advance(60_000);
		bob.clock.advance(60_000);
		await db.changeDoc(docId, (draft) => {
			draft[key] = no;
		});
	}
}

/** A document with edits of both, one of them beside the snapshot, deleted and brought back; cold, at Alice's. */
async function longLived(): Promise<{ readonly id: string; readonly notes: MindooDB }> {
	let notes = await open(alice, { changes: 5 });
	const copy = await open(bob, "off");
	const { id } = await notes.createDocument({ no: -1 });
	await copy.pullChangesFrom(notes.store);
	await edit(copy, id, 2, "beside");
	await edit(notes, id, 6);
	await notes.deleteDocument(id);
	await notes.undeleteDocument(id);
	await notes.close();
	notes = await open(alice, { changes: 5 });
	await edit(notes, id, 7, "later");
	await notes.pullChangesFrom(copy.store);
	await edit(notes, id, 1, "joined");
	await edit(copy, id, 1, "no");
	await notes.pullChangesFrom(copy.store);
	await notes.close();
	notes = await open(alice, "off");
	await edit(notes, id, 1, "cold");
	return { id, notes };
}

/** When its entries were written. */
async function timesOf(db: MindooDB, docId: string): Promise<number[]> {
	const entries = await db.store.getEntries(await db.getAllChangeHashesForDoc(docId));
	return entries.flatMap((entry) => (entry.kind === "entry" ? [entry.common.createdAt] : []));
}

async function allThatIsTold(db: MindooDB, docId: string) {
	const history = [];
	for await (const item of db.getDocumentHistory(docId)) history.push(item);
	const heads = history.flatMap(({ change }) => (change === undefined ? [] : [change]));
	const states = [];
	for (const head of heads) states.push((await db.getDocumentAtHashes(docId, [head]))?.getData());
	return {
		history,
		states,
		blame: await db.blame(docId),
		conflicts: await db.getConflicts(docId),
		diff: await db.diff(docId, heads.slice(0, 1), heads.slice(-1)),
	};
}

it("history, states, blame, conflicts and differences are those of all changes", async () => {
	const { id, notes } = await longLived();
	const rested = await allThatIsTold(notes, id);
	const carol = await world.fixture.device("tablet", alice);
	await carol.level(alice);
	expect(rested).toEqual(await allThatIsTold(await carol.db(), id));
	expect(rested.history.length).toBeGreaterThan(15);
	expect(rested.conflicts).toHaveLength(1);
	await notes.restore(id, [rested.history[0]?.change as string]);
	expect((await notes.getDocument(id))?.getData()).toEqual({ no: -1 });
});

it("a state at a moment is the same from a snapshot and from all changes, at every moment", async () => {
	const { id, notes } = await longLived();
	const tablet = await world.fixture.device("tablet", alice);
	await tablet.level(alice);
	const whole = await tablet.db();
	// Reads all changes into memory.
	await whole.blame(id);
	const times = await timesOf(notes, id);
	await notes.close();
	const cold = await open(alice, "off");
	for (const time of [0, ...times, Number.MAX_SAFE_INTEGER]) {
		const [found, told] = [await cold.getDocumentAtTimestamp(id, time), await whole.getDocumentAtTimestamp(id, time)];
		expect(found?.getData()).toEqual(told?.getData());
		for (const field of ["isDeleted", "createdAt", "createdBy", "lastModifiedAt", "lastModifiedBy", "heads"] as const)
			expect(found?.[field]).toEqual(told?.[field]);
	}
});

it("a state at a moment decrypts and hashes a snapshot and what was written since, however long the document is", async () => {
	const figures: number[][] = [];
	for (const changes of [30, 120]) {
		let notes = await open(alice, { changes: 10 });
		const { id } = await notes.createDocument({ no: -1 });
		for (let done = 0; done < changes; done += 10) {
			await edit(notes, id, 10);
			await notes.close();
			notes = await open(alice, { changes: 10 });
		}
		const times = await timesOf(notes, id);
		await notes.close();
		notes = await open(alice, "off");
		[opened, hashed] = [0, 0];
		expect((await notes.getDocumentAtTimestamp(id, times[25] as number))?.getData()).toBeDefined();
		figures.push([opened, hashed]);
		await notes.close();
	}
	expect(figures[1]).toEqual(figures[0]);
	expect(Math.max(...(figures[0] ?? []))).toBeLessThan(15);
});

it("files of an earlier state are read, and a file is added, where the document was loaded from a snapshot", async () => {
	let notes = await open(alice, { changes: 5 });
	const { id } = await notes.createDocument({ no: -1 });
	const bytes = new Uint8Array(300_000).fill(7);
	let first = "";
	await notes.changeDoc(id, async (_, attachments) => {
		first = await attachments.addAttachment(bytes, "first.bin", "application/octet-stream");
	});
	const { heads } = (await notes.getDocument(id)) ?? {};
	await notes.changeDoc(id, (_, attachments) => attachments.removeAttachment(first));
	await edit(notes, id, 6);
	await notes.close();
	notes = await open(alice, "off");
	await notes.changeDoc(id, async (_, attachments) => {
		await attachments.addAttachment(Uint8Array.of(1, 2), "second.bin", "application/octet-stream");
	});
	const now = await notes.getDocument(id);
	expect(now?.getAttachments().map(({ fileName }) => fileName)).toEqual(["second.bin"]);
	const before = await notes.getDocumentAtHashes(id, heads ?? []);
	expect(await before?.getAttachment(first)).toEqual(bytes);
});
