import { setField, TenantFixture, type TestReplica } from "@mindoodb/testing";
import fc from "fast-check";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { concatBytes } from "../../bytes/concat.js";
import { type Entry, parseEntry } from "../../entry/entry.js";
import { limits } from "../../entry/limits.js";
import type { DocumentExplanation, EntryExplanation } from "../explain.js";
import { forgeries } from "../forgeries.test.js";
import { HostileWriter } from "../hostile-writer.test.js";
import type { MindooDB } from "../mindoo-db.js";
import type { Verdict } from "./verdict.js";

let fixture: TenantFixture;
let member: TestReplica;

beforeAll(async () => {
	fixture = await TenantFixture.create({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) });
	member = await fixture.member("mallory");
});

afterAll(() => fixture.close());

function nameOf(verdict: Verdict): string {
	return "reason" in verdict ? `${verdict.kind} ${verdict.reason}` : verdict.kind;
}

describe("an entry of a member's own making gets its verdict, and the document stays readable:", () => {
	for (const [name, { make, expected }] of Object.entries(forgeries)) {
		it(name, async () => {
			const notes = await fixture.creator.db();
			const { id } = await notes.createDocument({ title: "genuine", body: "kept" });
			await notes.changeDoc(id, (draft) => {
				draft.title = "edited";
			});
			await fixture.creator.level(member);
			const made = await make(await HostileWriter.of(member), id, 3);
			const report = await notes.store.putEntries(made);
			expect(report.refused).toEqual([]);
			const verdicts: string[] = [];
			for (const { hash } of made) {
				const explained = (await notes.explain(hash)) as EntryExplanation;
				expect(explained.words.length).toBeGreaterThan(20);
				verdicts.push(nameOf(explained.verdict));
			}
			expect(verdicts.length).toBe(expected.length);
			for (const [i, verdict] of verdicts.entries()) expect(expected[i]?.split("|")).toContain(verdict);
			expect((await notes.getDocument(id))?.getData()).toMatchObject({ body: "kept" });
			if (made.some(({ common }) => common.docId === id) && !(await notes.getDocument(id))?.isDeleted) {
				await notes.changeDoc(id, (draft) => {
					draft.after = true;
				});
				expect((await notes.getDocument(id))?.getData()).toMatchObject({ body: "kept", after: true });
			}
		});
	}
});

describe("bytes that are not what they were", () => {
	async function genuineEntry(): Promise<{ readonly entry: Entry; readonly db: MindooDB; readonly docId: string }> {
		const notes = await fixture.creator.db();
		const { id } = await notes.createDocument({ title: "genuine" });
		const [hash] = await notes.getAllChangeHashesForDoc(id);
		const [entry] = await notes.store.getEntries([hash as string]);
		const db = await member.db();
		await (await member.directory()).db.pullChangesFrom((await fixture.creator.directory()).store);
		return { entry: entry as Entry, db, docId: id };
	}

	function flipped(bytes: Uint8Array, bit: number): Uint8Array {
		const changed = bytes.slice();
		changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
		return changed;
	}

	it("one bit flipped, anywhere: nothing is stored, and the genuine entry still comes in", async () => {
		const { entry, db, docId } = await genuineEntry();
		const parts = ["header", "payload", "signature"] as const;
		const bits = parts.flatMap((part) => (entry[part] as Uint8Array).length * 8);
		await fc.assert(
			fc.asyncProperty(fc.nat(2), fc.nat(), async (which, at) => {
				const part = parts[which] as (typeof parts)[number];
				const spoilt = { ...entry, [part]: flipped(entry[part] as Uint8Array, at % (bits[which] as number)) };
				const report = await db.store.putEntries([spoilt]);
				expect(report.stored).toEqual([]);
				expect(report.refused).toHaveLength(1);
				// Under the address that it would then have, too.
				const renamed = await parseEntry(fixture.creator.env.crypto, spoilt).catch(() => undefined);
				if (renamed !== undefined && renamed.hash !== entry.hash) {
					expect((await db.store.putEntries([renamed])).stored).toEqual([]);
				}
			}),
			{ numRuns: 150 },
		);
		expect((await db.store.putEntries([entry])).stored).toHaveLength(1);
		expect((await db.getDocument(docId))?.getData()).toEqual({ title: "genuine" });
	});

	it("cut short at any place, or longer than allowed", async () => {
		const { entry, db } = await genuineEntry();
		const payload = entry.payload as Uint8Array;
		const attempts: (readonly [Entry, string])[] = [
			[{ ...entry, payload: new Uint8Array(0) }, "limit"],
			[{ ...entry, payload: payload.slice(0, 28) }, "limit"],
			[{ ...entry, payload: payload.slice(0, -1) }, "address"],
			[{ ...entry, payload: concatBytes(payload, Uint8Array.of(0)) }, "address"],
			[{ ...entry, payload: new Uint8Array(limits.payloadBytes + 1) }, "limit"],
			[{ ...entry, header: new Uint8Array(limits.headerBytes + 1) }, "limit"],
			[{ ...entry, header: new Uint8Array(0) }, "format"],
		];
		for (let length = 1; length < entry.header.length; length += 7) {
			attempts.push([{ ...entry, header: entry.header.slice(0, length) }, "format"]);
		}
		for (const [attempt, reason] of attempts) {
			const report = await db.store.putEntries([attempt]);
			expect(report.stored).toEqual([]);
			expect(report.refused).toMatchObject([{ reason }]);
		}
	});

	it("the same fields in other bytes", async () => {
		const { entry, db } = await genuineEntry();
		// Array of 16: its longer form, and the indefinite one.
		const forms = [
			concatBytes(Uint8Array.of(0x98, 0x10), entry.header.subarray(1)),
			concatBytes(Uint8Array.of(0x9f), entry.header.subarray(1), Uint8Array.of(0xff)),
		];
		for (const header of forms) {
			expect((await db.store.putEntries([{ ...entry, header }])).refused).toMatchObject([{ reason: "format" }]);
		}
	});

	it("the same entry many times, at once and again, counts once", async () => {
		const { entry, db, docId } = await genuineEntry();
		const report = await db.store.putEntries([entry, entry, { ...entry, signature: undefined }, entry]);
		expect(report.stored).toHaveLength(1);
		expect(await db.store.putEntries([entry, entry])).toMatchObject({ stored: [], refused: [] });
		expect(await db.getAllChangeHashesForDoc(docId)).toEqual([entry.hash]);
	});
});

describe("entries that come before those they build on", () => {
	it("wait, and open when the missing ones come, however far back", async () => {
		const notes = await fixture.creator.db();
		const { id } = await notes.createDocument({ n: 0 });
		for (let n = 1; n <= 6; n++) await notes.changeDoc(id, setField("n", n));
		const hashes = await notes.getAllChangeHashesForDoc(id);
		const db = await member.db();
		const cursor = db.changeCursor;
		for (const hash of hashes.slice(1).reverse()) {
			await db.store.putEntries(await notes.store.getEntries([hash]));
			expect(await db.getDocument(id)).toBeUndefined();
			expect(((await db.explain(hash)) as EntryExplanation).verdict).toMatchObject({
				kind: "pending",
				reason: "dependency",
			});
		}
		await db.store.putEntries(await notes.store.getEntries([hashes[0] as string]));
		expect((await db.getDocument(id))?.getData()).toEqual({ n: 6 });
		const told: string[] = [];
		for await (const { docId } of db.iterateChangesSince(cursor)) told.push(docId);
		expect(told).toEqual([id]);
	});

	it("count the same after a restart, when new ones build on them", async () => {
		const push = async (n: number) => {
			// A restart gives another actor: each change then has others in its causal past.
			await fixture.creator.reopen();
			await (await fixture.creator.db()).changeDoc<{ list: number[] }>(id, (draft) => {
				draft.list.push(n);
			});
		};
		const { id } = await (await fixture.creator.db()).createDocument({ list: [] });
		for (let n = 1; n <= 3; n++) await push(n);
		const first = await fixture.creator.db();
		const hashes = await first.getAllChangeHashesForDoc(id);
		const db = await member.db();
		for (const hash of [...hashes].reverse()) await db.store.putEntries(await first.store.getEntries([hash]));
		await member.reopen();
		await push(4);
		const again = await member.db();
		await again.pullChangesFrom((await fixture.creator.db()).store);
		expect((await again.getDocument(id))?.getData()).toEqual({ list: [1, 2, 3, 4] });
		const explained = (await again.explain(id)) as DocumentExplanation;
		expect(explained.entries.map(({ verdict }) => verdict.kind)).toEqual(new Array(5).fill("accepted"));
	});
});

it("a consumer hears that an own edit was undone before its projection was written", async () => {
	const notes = await fixture.creator.db();
	const { id } = await notes.createDocument({ title: "a" });
	await fixture.creator.level(member);
	const theirs = await member.db();
	await theirs.changeDoc(id, setField("title", "mine"));
	const held = new Map<string, unknown>();
	let cursor: string | undefined;
	const follow = async () => {
		cursor = await theirs.processChangesSince(cursor, 1000, ({ docId, doc }) => void held.set(docId, doc?.getData()));
	};
	await follow();
	expect(held.get(id)).toEqual({ title: "mine" });
	await (await fixture.creator.directory()).revokeUser("mallory");
	await (await member.directory()).db.pullChangesFrom((await fixture.creator.directory()).store);
	expect((await theirs.getDocument(id))?.getData()).toEqual({ title: "a" });
	await follow();
	expect(held.get(id)).toEqual({ title: "a" });
});

it("a hostile writer that behaves is taken for an honest one", async () => {
	const db = await fixture.creator.db();
	const doc = await db.createDocument({ title: "a" });
	const writer = await HostileWriter.of(fixture.creator);
	const entry = await writer.honest(doc.id, setField("title", "b"));
	expect((await db.store.putEntries([entry])).refused).toEqual([]);
	expect((await db.getDocument(doc.id))?.getData()).toEqual({ title: "b" });
	await db.changeDoc(doc.id, setField("title", "c"));
	expect((await db.getDocument(doc.id))?.getData()).toEqual({ title: "c" });
});
