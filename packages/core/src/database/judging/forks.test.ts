import { setField, TenantFixture, type TestReplica } from "@mindoodb/testing";
import { memoryStores, nodeEnv } from "mindoodb";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { LocalChange } from "../../automerge/local-change.js";
import type { Entry } from "../../entry/entry.js";
import type { DocumentExplanation } from "../explain.js";
import { HostileWriter, nothing } from "../hostile-writer.test.js";

let fixture: TenantFixture;
let mallory: TestReplica;
let carol: TestReplica;

beforeAll(async () => {
	fixture = await TenantFixture.create({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) });
	mallory = await fixture.member("mallory");
	carol = await fixture.member("carol");
	await fixture.creator.level(carol);
	await fixture.creator.level(mallory);
});

afterAll(() => fixture.close());

/** Changes that claim the same place of one actor, each with its title. */
async function rivals(docId: string, titles: readonly string[]): Promise<Entry[]> {
	const writer = await HostileWriter.of(mallory);
	const base = await writer.base(docId);
	const actor = await writer.actor();
	const made: Entry[] = [];
	for (const title of titles) {
		const change = writer.change(base, actor, (draft) => {
			draft.title = title;
		});
		const dependencyHashes = writer.dependencies(base, change);
		made.push(await writer.seal({ docId, changes: [change], dependencyHashes, createdAt: made.length + 1 }));
	}
	return made;
}

async function newDocument(): Promise<string> {
	const { id } = await (await fixture.creator.db()).createDocument({ title: "genuine" });
	for (const replica of [mallory, carol]) await fixture.creator.level(replica);
	return id;
}

/** What replicas show that get all entries of the document in an order of their own. */
async function shownByFresh(docId: string, orders: readonly (readonly string[])[]): Promise<unknown[]> {
	const shown: unknown[] = [];
	for (const order of orders) {
		const fresh = await fixture.relay("fresh", ["directory", "default"]);
		await (await fresh.directory()).db.pullChangesFrom((await fixture.creator.directory()).store);
		const db = await fresh.db();
		const { store } = await fixture.creator.db();
		for (const hash of order) await db.store.putEntries(await store.getEntries([hash]));
		shown.push((await db.getDocument(docId))?.getData());
	}
	return shown;
}

it("the same change in two entries: which of them counts does not depend on the order", async () => {
	const docId = await newDocument();
	const notes = await fixture.creator.db();
	const writer = await HostileWriter.of(mallory);
	const base = await writer.base(docId);
	const change = writer.change(base, await writer.actor(), (draft) => {
		draft.title = "twice";
	});
	const dependencyHashes = writer.dependencies(base, change);
	const twice: Entry[] = [];
	for (const createdAt of [1, 2])
		twice.push(await writer.seal({ docId, changes: [change], dependencyHashes, createdAt }));
	const behind: Entry[] = [];
	for (const { hash } of twice) {
		const next = writer.change(
			{ ...base, changes: [...base.changes, change.change] },
			await writer.actor(),
			(draft) => {
				draft.body = hash;
			},
		);
		behind.push(await writer.seal({ docId, changes: [next], dependencyHashes: [hash] }));
	}
	await notes.store.putEntries([...twice, ...behind]);
	const all = await notes.getAllChangeHashesForDoc(docId);
	const [first, second] = twice.map(({ hash }) => hash) as [string, string];
	const others = all.filter((hash) => hash !== first && hash !== second);
	const [one, other] = await shownByFresh(docId, [
		[...others.slice(0, 1), first, second, ...others.slice(1)],
		[...others.slice(0, 1), second, first, ...others.slice(1).reverse()],
	]);
	expect(one).toEqual(other);
	expect((await notes.getDocument(docId))?.getData()).toEqual(one);
});

it("work of others on the change that lost decides for it, also while the document is open", async () => {
	const docId = await newDocument();
	const notes = await fixture.creator.db();
	await notes.changeDoc(docId, (draft) => {
		draft.open = true;
	});
	for (const replica of [mallory, carol]) await fixture.creator.level(replica);
	const writer = await HostileWriter.of(mallory);
	const [left, right] = await (async () => {
		const { previous } = writer;
		const base = await writer.base(docId);
		const actor = await writer.actor();
		const made: Entry[] = [];
		for (const title of ["left", "right"]) {
			const change = writer.change(base, actor, (draft) => {
				draft.title = title;
			});
			made.push(
				await writer.seal({
					docId,
					changes: [change],
					dependencyHashes: writer.dependencies(base, change),
					previousByAuthor: previous,
				}),
			);
		}
		return made.sort((a, b) => (a.hash < b.hash ? -1 : 1)) as [Entry, Entry];
	})();
	await notes.store.putEntries([left, right]);
	const lost = await (await carol.db()).store.putEntries([right]);
	expect(lost.refused).toEqual([]);
	await (await carol.db()).changeDoc(docId, (draft) => {
		draft.carol = "builds on it";
	});
	await (await carol.db()).pushChangesTo(notes.store);
	const all = await notes.getAllChangeHashesForDoc(docId);
	const [expected] = await shownByFresh(docId, [all]);
	expect(expected).toMatchObject({ carol: "builds on it" });
	expect((await notes.getDocument(docId))?.getData()).toEqual(expected);
});

it("of many at one place the same one counts in every order, in time", async () => {
	const docId = await newDocument();
	const notes = await fixture.creator.db();
	const made = await rivals(docId, ["a", "b", "c", "d", "e", "f"]);
	await notes.store.putEntries(made);
	const all = await notes.getAllChangeHashesForDoc(docId);
	const shown = await shownByFresh(docId, [all, [...all].reverse(), [...all.slice(3), ...all.slice(0, 3)]]);
	expect(new Set(shown.map((each) => JSON.stringify(each))).size).toBe(1);
	expect((await notes.getDocument(docId))?.getData()).toEqual(shown[0]);
});

it("what builds on a change that lost takes no place from the other side, in whatever order all of it comes", async () => {
	const docId = await newDocument();
	const notes = await fixture.creator.db();
	const writer = await HostileWriter.of(mallory);
	const base = await writer.base(docId);
	// A machine that was copied while it ran: both sides go on with one actor, and name operations of their own.
	const [actor, { previous }] = [await writer.actor(), writer];
	const writeSide = async (side: string): Promise<Entry[]> => {
		writer.previous = previous;
		const further: LocalChange[] = [];
		const made: Entry[] = [];
		for (const n of [1, 2, 3]) {
			const edit = (draft: Record<string, unknown>) => {
				if (n === 1) draft[side] = { n };
				else (draft[side] as { n: number }).n = n;
			};
			const change = writer.change(base, actor, edit, further);
			const below = made.at(-1)?.hash;
			const dependencyHashes = below === undefined ? writer.dependencies(base, change) : [below];
			made.push(await writer.seal({ docId, changes: [change], dependencyHashes }));
			further.push(change);
		}
		return made;
	};
	const [left, right] = [await writeSide("left"), await writeSide("right")];
	await notes.store.putEntries([...left, ...right]);
	const [create] = await notes.getAllChangeHashesForDoc(docId);
	const [l, r] = [left, right].map((side) => side.map(({ hash }) => hash)) as [string[], string[]];
	const orders = [
		[...l, ...r],
		[...r, ...l],
		[...[...l].reverse(), ...[...r].reverse()],
		[...l.flatMap((hash, i) => [r[i] as string, hash])],
		[l[0] as string, ...[...r].reverse(), ...l.slice(1)],
	];
	const shown = await shownByFresh(
		docId,
		orders.map((order) => [create as string, ...order]),
	);
	const winner = (l[0] as string) < (r[0] as string) ? "left" : "right";
	for (const each of shown) expect(each).toEqual({ title: "genuine", [winner]: { n: 3 } });
	const explained = (await notes.explain(docId)) as DocumentExplanation;
	const reasons = new Map(explained.entries.map(({ hash, verdict }) => [hash, verdict]));
	const [first, ...others] = winner === "left" ? r : l;
	expect(reasons.get(first as string)).toMatchObject({ kind: "refused", reason: "actor-fork" });
	for (const hash of others) expect(reasons.get(hash)).toMatchObject({ kind: "refused", reason: "dependency" });
});

it("a link that comes late, in another document, decides which of two is the earlier", async () => {
	const docId = await newDocument();
	const notes = await fixture.creator.db();
	const writer = await HostileWriter.of(mallory);
	const base = await writer.base(docId);
	const actor = await writer.actor();
	const claim = (title: string) => {
		const change = writer.change(base, actor, setField("title", title));
		return writer.seal({ docId, changes: [change], dependencyHashes: writer.dependencies(base, change) });
	};
	const earlier = await claim("earlier");
	const other = await writer.newDocumentId();
	const change = writer.change(nothing, await writer.actor(), setField("title", "between"));
	const link = await writer.seal({ docId: other, entryType: "doc_create", changes: [change] });
	const { previous } = writer;
	let later = await claim("later");
	// While the link is missing the lower hash counts.
	for (let i = 0; later.hash > earlier.hash; i++) {
		writer.previous = previous;
		later = await claim(`later ${i}`);
	}
	await notes.store.putEntries([earlier, later]);
	expect((await notes.getDocument(docId))?.getData().title).toMatch(/^later/);
	await notes.store.putEntries([link]);
	expect((await notes.getDocument(docId))?.getData().title).toBe("earlier");
});
