import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryLevel } from "memory-level";
import { afterAll, expect, test } from "vitest";
import { nodeAead } from "../../node/aead.js";
import { nodeFolder } from "../../node/folder.js";
import { nodeRandom } from "../../node/random.js";
import type { Envelope } from "../containers/envelope.js";
import { ConversationStorage } from "../conversation-storage.js";
import { sha256Text } from "../text/sha256-text.js";
import { type ContainerStore, DatabaseContainerStore, MemoryContainerStore } from "./container-store.js";
import { decodeExportRecord, RecordContainerStore } from "./export-record.js";
import { FolderContainerStore } from "./folder-store.js";

const crypto = { random: nodeRandom, aead: nodeAead("chacha20-poly1305") };
const keys = { storageKey: nodeRandom.randomBytes(32), signature: "signature" };
const envelope = (timestamp: number): Envelope => ({ message: { metadata: { timestamp } } });
const dir = await mkdtemp(join(tmpdir(), "mindoodb-dm3-"));
afterAll(() => rm(dir, { recursive: true }));

const database = new MemoryLevel<string, string>();
/** Each opens the same store anew. */
const realisations: Readonly<Record<string, () => Promise<ContainerStore>>> = {
	memory: async () => memory,
	"many files": async () => new FolderContainerStore(nodeFolder(join(dir, "many"))),
	"one file": () => RecordContainerStore.open(nodeFolder(dir), "record.json"),
	database: async () => new DatabaseContainerStore(database),
};
const memory = new MemoryContainerStore();

test.each(Object.entries(realisations))("%s: containers last, are replaced and deleted", async (_name, open) => {
	const [a, b] = [sha256Text("a"), sha256Text("b")];
	const store = await open();
	expect(await store.get(a)).toBeUndefined();
	await store.delete(a);
	await store.put(a, "first");
	await store.put(a, "value");
	await store.put(b, "other");
	await store.delete(b);
	const again = await open();
	expect([await again.get(a), await again.get(b)]).toEqual(["value", undefined]);
	await again.delete(a);
	expect(await (await open()).get(a)).toBeUndefined();

	const storage = new ConversationStorage({ store: await open(), keys, crypto, maxChunkSize: 60 });
	await storage.appendMany("bob.eth", [3, 1, 2].map(envelope));
	const reopened = new ConversationStorage({ store: await open(), keys, crypto });
	const readings = await reopened.readConversation("bob.eth");
	expect(readings.map(({ messages }) => messages)).toEqual([[envelope(1)], [envelope(2)], [envelope(3)]]);
	const record = decodeExportRecord(await reopened.exportRecord());
	expect(record.size).toBe(5);
});

test("one file is the export record, and many files bear the keys as names", async () => {
	const one = await RecordContainerStore.open(nodeFolder(dir), "record.json");
	const storage = new ConversationStorage({ store: one, keys, crypto });
	const record = await storage.exportRecord();
	expect(await readFile(join(dir, "record.json"), "utf8")).toBe(record);
	const many = new FolderContainerStore(nodeFolder(join(dir, "copied")));
	for (const [key, value] of decodeExportRecord(record)) await many.put(key, value);
	expect((await readdir(join(dir, "copied"))).sort()).toEqual([...decodeExportRecord(record).keys()]);
	const copied = new ConversationStorage({ store: many, keys, crypto });
	expect(await copied.readConversation("bob.eth")).toEqual(await storage.readConversation("bob.eth"));
});

test("a file that cannot be written leaves the record as it was", async () => {
	const folder = nodeFolder(join(dir, "failing"));
	const store = await RecordContainerStore.open(
		{ ...folder, write: () => Promise.reject(new Error("full")) },
		"r.json",
	);
	await expect(store.put(sha256Text("a"), "value")).rejects.toThrow("full");
	expect(await store.get(sha256Text("a"))).toBeUndefined();
});

test("no key leads out of the folder, and no other file is a record", async () => {
	const many = new FolderContainerStore(nodeFolder(join(dir, "many")));
	for (const key of ["../record.json", "", sha256Text("a").toUpperCase()]) {
		await expect(async () => many.get(key)).rejects.toMatchObject({ code: "argument" });
	}
	for (const text of ["", "[]", '{"a":"b"}', `{"${sha256Text("a")}":1}`, '{"__proto__":"x"}']) {
		await writeFile(join(dir, "bad.json"), text);
		await expect(RecordContainerStore.open(nodeFolder(dir), "bad.json")).rejects.toMatchObject({ code: "record" });
	}
});
