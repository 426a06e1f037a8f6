import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConversationStorage, deriveStorageKeys, FolderContainerStore, messageHash } from "@mindoodb/formats/dm3";
import { nodeAead, nodeEd25519, nodeFolder, nodeRandom } from "@mindoodb/formats/node";
import { expect, test } from "vitest";

test("the example of the README", async () => {
	const before = process.cwd();
	const dir = await mkdtemp(join(tmpdir(), "mindoodb-dm3-readme-"));
	process.chdir(dir);
	const walletSignature = `0x${"ab".repeat(65)}`;

	const keys = await deriveStorageKeys(walletSignature, "alice.eth", nodeEd25519);
	const store = new FolderContainerStore(nodeFolder("conversations"));
	const crypto = { random: nodeRandom, aead: nodeAead("chacha20-poly1305") };
	const storage = new ConversationStorage({ store, keys, crypto });

	const envelope = { message: { message: "Hello Bob", metadata: { timestamp: 1706084571962, to: "bob.eth" } } };
	await storage.append("bob.eth", envelope);
	for (const { messages } of await storage.readConversation("bob.eth", { from: 1706000000000 })) console.log(messages);
	const received = { ...envelope, postmark: { incommingTimestamp: 1706084571963 } };
	await storage.edit("bob.eth", messageHash(envelope), received);

	const [chunk] = await storage.readConversation("bob.eth");
	expect(chunk?.messages).toEqual([received]);
	process.chdir(before);
	await rm(dir, { recursive: true });
});

test("the README shows what is run here", async () => {
	const lines = (text: string) => text.split("\n").map((line) => line.trim());
	const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
	const example = /^## dm3.*?^```ts\n(.*?)^```/ms.exec(readme)?.[1] ?? "";
	const own = lines(await readFile(new URL(import.meta.url), "utf8"));
	const wanted = lines(example).filter((line) => line !== "");
	expect(wanted.length).toBeGreaterThan(8);
	for (const line of wanted) expect(own).toContain(line);
});
