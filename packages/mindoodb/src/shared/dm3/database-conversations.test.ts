import {
	ConversationStorage,
	type Dm3Crypto,
	decodeExportRecord,
	type Envelope,
	MemoryContainerStore,
	messageHash,
} from "@mindoodb/formats/dm3";
import { nodeAead, nodeRandom } from "@mindoodb/formats/node";
import { type AliceAndBob, aliceAndBob, type TestReplica } from "@mindoodb/testing";
import fc from "fast-check";
import { ImmutableString, memoryStores, nodeEnv } from "mindoodb";
import { DatabaseConversations } from "mindoodb/dm3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const crypto: Dm3Crypto = { random: nodeRandom, aead: nodeAead("chacha20-poly1305") };
const keys = { storageKey: new Uint8Array(32).fill(7), signature: "signature" };
const contact = "max.eth";

const envelope = (timestamp: number, text: string): Envelope => ({
	message: { message: text, metadata: { timestamp, from: "alice.eth", to: contact } },
});

let world: AliceAndBob;
let phone: TestReplica;

beforeEach(async () => {
	world = await aliceAndBob({ env: await nodeEnv(), newStores: (of) => memoryStores(of) });
	phone = await world.fixture.device("phone", world.alice, ["directory", "default"]);
	await level();
});
afterEach(() => world.fixture.close());

const level = () => phone.level(world.alice, ["mail"]);

async function openAt(replica: TestReplica, more: { maxChunkSize?: number; dedupe?: boolean } = {}) {
	return new DatabaseConversations({ db: await replica.db("mail"), keys, crypto, ...more });
}

const textsOf = async (conversations: DatabaseConversations, range = {}) =>
	(await conversations.readConversation(contact, range)).flatMap(({ messages = [] }) =>
		messages.map(({ message }) => message.message),
	);

const documentsAt = async (replica: TestReplica) => (await (await replica.db("mail")).getAllDocumentIds()).length;

describe("two devices of one user", () => {
	let here: DatabaseConversations;
	let there: DatabaseConversations;
	beforeEach(async () => {
		[here, there] = [await openAt(world.alice), await openAt(phone)];
	});

	const both = async () => {
		const shown = await textsOf(here);
		expect(await textsOf(there)).toEqual(shown);
		expect(await textsOf(await openAt(phone))).toEqual(shown);
		return shown;
	};

	it("messages that were appended apart are there on both, in order", async () => {
		await here.append(contact, envelope(1, "first"));
		await level();
		await here.append(contact, envelope(3, "third"));
		await there.append(contact, envelope(2, "second"));
		await there.append("zoe.eth", envelope(0, "before"));
		await level();
		expect(await both()).toEqual(["first", "second", "third"]);
		expect(await here.listConversations()).toEqual(["zoe.eth", contact]);
		expect(await there.listConversations()).toEqual(["zoe.eth", contact]);
	});

	it("an envelope that both imported is one message, edited and deleted as one", async () => {
		const [one, two, three] = [envelope(1, "one"), envelope(2, "two"), envelope(3, "three")];
		expect([await here.appendMany(contact, [one, two]), await there.appendMany(contact, [one, two])]).toEqual([2, 2]);
		await here.edit(contact, messageHash(one), envelope(5, "one, edited"));
		await here.delete(contact, messageHash(two));
		expect(await here.appendMany(contact, [three, three, envelope(5, "one, edited")])).toBe(1);
		await level();
		expect(await documentsAt(phone)).toBe(4);
		expect(await both()).toEqual(["three", "one, edited"]);
		expect(await there.appendMany(contact, [one, one, three])).toBe(0);
		expect(await there.delete(contact, messageHash(one))).toBe(false);
		expect(await there.delete(contact, messageHash(envelope(5, "one, edited")))).toBe(true);
		await level();
		expect(await both()).toEqual(["three"]);
		await there.append(contact, two);
		await level();
		expect(await both()).toEqual(["two", "three"]);
		await there.append(contact, one);
		expect(await textsOf(there)).toEqual(["one", "two", "three"]);
	});

	it("a copy that comes late does not bring an old text back", async () => {
		const old = Array.from({ length: 8 }, (_, time) => envelope(time, `old ${time}`));
		await here.appendMany(contact, old);
		await there.appendMany(contact, old);
		for (const [time, each] of old.entries()) {
			for (const text of ["newer", "newest"]) {
				const shown = text === "newer" ? each : envelope(time, `newer ${time}`);
				await here.edit(contact, messageHash(shown), envelope(time, `${text} ${time}`));
			}
		}
		await level();
		expect(await both()).toEqual(old.map((_, time) => `newest ${time}`));
	});

	it("whatever both do apart, they show the same, with every message that nobody deleted or edited", async () => {
		const time = fc.nat(5);
		const step = fc.oneof(
			fc.record({ does: fc.constantFrom("append", "delete"), who: fc.nat(1), time }),
			fc.record({ does: fc.constant("edit"), who: fc.nat(1), time, to: time }),
			fc.record({ does: fc.constant("level") }),
		);
		let run = 0;
		await fc.assert(
			fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
				const name = `${run++}.eth`;
				const [appended, touched] = [new Set<string>(), new Set<string>()];
				for (const each of steps) {
					if (!("who" in each)) {
						await level();
						continue;
					}
					const conversations = each.who === 0 ? here : there;
					const text = `message ${each.time}`;
					const message = envelope(each.time, text);
					(each.does === "append" ? appended : touched).add(text);
					if (each.does === "append") await conversations.append(name, message);
					if (each.does === "delete") await conversations.delete(name, messageHash(message));
					if ("to" in each)
						await conversations.edit(name, messageHash(message), envelope(each.to, `edit ${each.time}`));
				}
				await level();
				const [hers, his] = [await here.readConversation(name), await there.readConversation(name)];
				expect(his).toEqual(hers);
				const messages = hers.flatMap((reading) => reading.messages ?? []).map(({ message }) => message);
				const times = messages.map(({ metadata }) => metadata.timestamp);
				expect(times).toEqual([...times].sort());
				for (const text of appended) {
					if (!touched.has(text)) expect(messages.filter(({ message }) => message === text)).toHaveLength(1);
				}
			}),
			{ numRuns: 10 },
		);
	});

	it("edits of one message made apart end in the same one, and a deletion beside an edit stays", async () => {
		const [one, two] = [envelope(1, "one"), envelope(2, "two")];
		await here.appendMany(contact, [one, two]);
		await level();
		await here.edit(contact, messageHash(one), envelope(1, "here"));
		await there.edit(contact, messageHash(one), envelope(1, "there"));
		await here.edit(contact, messageHash(two), envelope(2, "kept"));
		await there.delete(contact, messageHash(two));
		await level();
		const shown = await both();
		expect(shown).toHaveLength(1);
		expect(["here", "there"]).toContain(shown[0]);
	});
});

it("chunks are computed as a store would have them; paging and search by time read only what they show", async () => {
	const conversations = await openAt(world.alice, { maxChunkSize: 250 });
	const messages = [5, 1, 4, 2, 3].map((time) => envelope(time, `message ${time}`));
	await conversations.appendMany(contact, messages);
	const stored = new ConversationStorage({ store: new MemoryContainerStore(), keys, crypto, maxChunkSize: 250 });
	for (const each of [...messages].sort((a, b) => a.message.metadata.timestamp - b.message.metadata.timestamp)) {
		await stored.append(contact, each);
	}
	const chunks = await stored.listChunks(contact);
	expect(chunks.length).toBeGreaterThan(2);
	expect(await conversations.listChunks(contact)).toEqual(chunks);
	expect(await conversations.readConversation(contact)).toEqual(await stored.readConversation(contact));
	for (const [from, to] of [
		[2, 4],
		[3, 3],
		[6, 9],
		[0, 0],
	] as const) {
		expect(await conversations.readConversation(contact, { from, to })).toEqual(
			await stored.readConversation(contact, { from, to }),
		);
	}
	for (const chunk of chunks) {
		expect(await conversations.readChunk(contact, chunk)).toEqual(await stored.readChunk(contact, chunk));
	}
	await expect(conversations.readChunk(contact, { id: 0, timestamp: 9 })).rejects.toMatchObject({ code: "missing" });
	await expect(conversations.append(contact, envelope(9, "x".repeat(250)))).rejects.toMatchObject({
		code: "too-large",
	});
	expect(await documentsAt(world.alice)).toBe(5);
	expect(await conversations.readConversation("nobody.eth")).toEqual([]);
});

it("what is exported opens as any other store of the account", async () => {
	const conversations = await openAt(world.alice);
	await conversations.appendMany(contact, [envelope(2, "two"), envelope(1, "one")]);
	const store = new MemoryContainerStore();
	for (const [key, value] of decodeExportRecord(await conversations.exportRecord())) store.values.set(key, value);
	const stored = new ConversationStorage({ store, keys, crypto });
	expect(await stored.listConversations()).toEqual([contact]);
	expect(await stored.readConversation(contact)).toEqual(await conversations.readConversation(contact));
});

it("another member of the tenant sees documents and no messages; other accounts are passed over", async () => {
	const { alice, bob } = world;
	await (await openAt(alice)).append(contact, envelope(1, "for max alone"));
	for (const key of alice.keyBag.getAllKeys("default")) bob.keyBag.set("default", key, bob.clock.now());
	await bob.level(alice, ["mail"]);
	const db = await bob.db("mail");
	const seen = [];
	for await (const doc of db.iterateDocuments()) seen.push(JSON.stringify(doc.getData()));
	expect(seen).toHaveLength(1);
	expect(seen.join()).not.toMatch(/max\.eth|alice\.eth|for max/);
	const other = { storageKey: new Uint8Array(32).fill(8), signature: "signature" };
	const bobs = new DatabaseConversations({ db, keys: other, crypto });
	await bobs.append(contact, envelope(1, "from bob"));
	await bob.level(alice, ["mail"]);
	expect(await textsOf(await openAt(alice))).toEqual(["for max alone"]);
	expect(await bobs.listDamaged()).toEqual([]);
});

it("a value that somebody put into another document, or changed, is told and shows nowhere", async () => {
	const conversations = await openAt(world.alice);
	await conversations.appendMany(contact, [envelope(1, "one"), envelope(2, "two"), envelope(3, "three")]);
	const db = await world.alice.db("mail");
	const [first, second] = await db.getDocuments(await db.getAllDocumentIds());
	if (first === undefined || second === undefined) throw new Error("expected documents");
	const setValue = (id: string, value: unknown) =>
		db.changeDoc(id, (draft: Record<string, unknown>) => {
			draft.value = value;
		});
	await setValue(first.id, new ImmutableString(second.getData<{ value: string }>().value));
	await setValue(second.id, 7);
	expect(await textsOf(conversations)).toEqual(["three"]);
	expect((await conversations.listDamaged()).map(({ docId, error }) => [docId, error.code]).sort()).toEqual(
		[
			[first.id, "container"],
			[second.id, "payload"],
		].sort(),
	);
});

it("the same message with another postmark is another envelope, unless `dedupe` says otherwise", async () => {
	const plain = envelope(1, "one");
	const marked = { ...plain, postmark: { incommingTimestamp: 2 } };
	const deduping = await openAt(world.alice, { dedupe: true });
	expect(await deduping.appendMany(contact, [plain, marked])).toBe(1);
	expect(await deduping.appendMany(contact, [marked])).toBe(0);
	const conversations = await openAt(world.alice);
	expect(await conversations.appendMany(contact, [plain, marked])).toBe(1);
	expect(await conversations.edit(contact, messageHash(plain), envelope(1, "both"))).toBe(true);
	expect(await textsOf(conversations)).toEqual(["both"]);
	expect(await conversations.delete(contact, messageHash(envelope(1, "both")))).toBe(true);
	expect(await conversations.listConversations()).toEqual([]);
});
