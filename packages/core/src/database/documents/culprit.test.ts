import { entryMaker, TenantFixture } from "@mindoodb/testing";
import fc from "fast-check";
import { memoryStores, nodeCrypto, nodeEnv } from "mindoodb";
import { afterEach, expect, it, vi } from "vitest";
import { CrdtDocument } from "../../automerge/crdt-document.js";
import type { Entry } from "../../entry/entry.js";
import type { EntryExplanation } from "../explain.js";
import { HostileWriter } from "../hostile-writer.test.js";
import { canonicalOrder, findCulprit } from "./culprit.js";

afterEach(() => {
	vi.restoreAllMocks();
});

it("asks for as many loads as the entries have binary digits", async () => {
	await fc.assert(
		fc.asyncProperty(fc.integer({ min: 1, max: 5000 }), fc.nat(), async (count, pick) => {
			const order = Array.from({ length: count }, (_, i) => `${i}`);
			const bad = `${pick % count}`;
			let loads = 0;
			const found = await findCulprit(order, async (entries) => {
				loads++;
				return !entries.has(bad);
			});
			expect(found).toBe(bad);
			expect(loads).toBeLessThanOrEqual(Math.ceil(Math.log2(count)));
		}),
	);
});

it("the order in which entries are tried follows from the set alone", async () => {
	const maker = await entryMaker({ crypto: nodeCrypto() });
	const first = await maker.make();
	const entries: Entry[] = [first];
	const on = async (...below: Entry[]) => {
		const dependencyHashes = below.map(({ hash }) => hash).sort();
		const entry = await maker.make({ entryType: "doc_change", docId: first.common.docId, dependencyHashes });
		entries.push(entry);
		return entry;
	};
	const [left, right, third] = [await on(first), await on(first), await on(first)];
	const joined = await on(left, right);
	await on(joined, third);
	const expected = canonicalOrder(inOrder(entries));
	expect([...expected].sort()).toEqual(entries.map(({ hash }) => hash).sort());
	for (const { hash, fields } of entries) {
		for (const below of fields?.dependencyHashes ?? []) {
			expect(expected.indexOf(below)).toBeLessThan(expected.indexOf(hash));
		}
	}
	fc.assert(
		fc.property(fc.shuffledSubarray(entries, { minLength: entries.length }), (shuffled) => {
			expect(canonicalOrder(inOrder(shuffled))).toEqual(expected);
		}),
	);
});

function inOrder(entries: readonly Entry[]): Parameters<typeof canonicalOrder>[0] {
	return { inCausalOrder: () => entries.map((entry) => ({ entry })) };
}

it("one change that does not load back is found in a few loads, and refused alone", async () => {
	const fixture = await TenantFixture.create({
		env: await nodeEnv(),
		newStores: (crypto) => memoryStores(crypto),
		creator: "alice",
	});
	try {
		const mallory = await fixture.member("mallory");
		const notes = await fixture.creator.db();
		const { id } = await notes.createDocument({ title: "a" });
		for (let i = 0; i < 40; i++) {
			await notes.changeDoc(id, (draft) => {
				draft[`field ${i % 4}`] = i;
			});
		}
		await fixture.creator.level(mallory);
		const writer = await HostileWriter.of(mallory);
		const base = await writer.base(id);
		const bad = writer.change(base, await writer.actor(), (draft) => {
			draft.title = "bad";
		});
		const entry = await writer.seal({
			docId: id,
			changes: [bad],
			dependencyHashes: writer.dependencies(base, bad),
		});
		for (let i = 0; i < 20; i++) {
			await notes.changeDoc(id, (draft) => {
				draft[`later ${i % 4}`] = i;
			});
		}
		// No change is known that passes rules (a) to (d) and fails (e), so one is made to.
		const real = CrdtDocument.prototype.loadsBack;
		const loadsBack = vi.spyOn(CrdtDocument.prototype, "loadsBack").mockImplementation(function (this: CrdtDocument) {
			return this.change(bad.hash) === undefined && real.call(this);
		});
		expect((await notes.store.putEntries([entry])).refused).toEqual([]);
		const explained = (await notes.explain(entry.hash)) as EntryExplanation;
		expect(explained.verdict).toMatchObject({ kind: "refused", reason: "loads-back" });
		expect((await notes.getDocument(id))?.getData()).toMatchObject({ title: "a", "field 3": 39, "later 3": 19 });
		// The batch, all of it, six halves of 62 entries, and all without it.
		expect(loadsBack.mock.calls.length).toBeLessThanOrEqual(9);
	} finally {
		await fixture.close();
	}
});
