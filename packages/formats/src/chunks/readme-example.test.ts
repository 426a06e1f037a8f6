import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeChunk, MessageAssembly, splitSource } from "@mindoodb/formats/chunks";
import { nodeHasher, openFileSource } from "@mindoodb/formats/node";
import { expect, test } from "vitest";

test("the example of the README", async () => {
	const before = process.cwd();
	const dir = await mkdtemp(join(tmpdir(), "mindoodb-chunks-readme-"));
	process.chdir(dir);
	await writeFile("photo.jpg", new Uint8Array(200_000));

	const options = { makeHasher: nodeHasher };
	const source = await openFileSource("photo.jpg");
	let assembly: MessageAssembly | undefined;
	for await (const packet of splitSource(source, options)) {
		// The other side, which may see packets in any order, twice, or not at all:
		const chunk = decodeChunk(packet, options);
		assembly ??= new MessageAssembly(chunk.datum, options);
		assembly.add(chunk);
	}
	console.log(assembly?.complete, assembly?.missing(), assembly?.message()?.length);
	await source.close();

	expect(assembly?.message()?.length).toBe(200_000);
	process.chdir(before);
	await rm(dir, { recursive: true });
});

test("the README shows what is run here", async () => {
	const lines = (text: string) => text.split("\n").map((line) => line.trim());
	const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
	const example = /^## chunks.*?^```ts\n(.*?)^```/ms.exec(readme)?.[1] ?? "";
	const own = lines(await readFile(new URL(import.meta.url), "utf8"));
	const wanted = lines(example).filter((line) => line !== "");
	expect(wanted.length).toBeGreaterThan(8);
	for (const line of wanted) expect(own).toContain(line);
});
