import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeAead, nodeFolder, nodeGzip, nodeRandom } from "@mindoodb/formats/node";
import { PampaChunkStore, parseEncryptionKey } from "@mindoodb/formats/pampa";
import { expect, test } from "vitest";

test("the example of the README", async () => {
	const before = process.cwd();
	const dir = await mkdtemp(join(tmpdir(), "mindoodb-pampa-readme-"));
	process.chdir(dir);

	const key = parseEncryptionKey(process.env.PAMPAX_ENCRYPTION_KEY);
	const ports = { gzip: nodeGzip, aead: nodeAead("aes-256-gcm"), random: nodeRandom };
	const store = new PampaChunkStore(nodeFolder(".pampa/chunks"), key === undefined ? ports : { ...ports, key });

	const written = await store.write("export const foo = 'bar';");
	console.log(written.fileName, await store.getChunk(written.sha));
	for await (const { sha, error } of store.verify()) if (error !== undefined) console.log(sha, error.code);

	expect(written.sha).toBe("08a62bfd03172fdb1fd66a9812bc86baff9bc8ba");
	process.chdir(before);
	await rm(dir, { recursive: true });
});

test("the README shows what is run here", async () => {
	const lines = (text: string) => text.split("\n").map((line) => line.trim());
	const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
	const example = /^## pampa.*?^```ts\n(.*?)^```/ms.exec(readme)?.[1] ?? "";
	const own = lines(await readFile(new URL(import.meta.url), "utf8"));
	const wanted = lines(example).filter((line) => line !== "");
	expect(wanted.length).toBeGreaterThan(6);
	for (const line of wanted) expect(own).toContain(line);
});
