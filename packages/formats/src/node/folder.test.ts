import { mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { nodeFolder } from "./folder.js";

const dir = await mkdtemp(join(tmpdir(), "mindoodb-folder-"));
afterAll(() => rm(dir, { recursive: true }));

test("files are made, replaced, listed and removed; the folder comes with the first", async () => {
	const path = join(dir, "a", "b");
	const folder = nodeFolder(path);
	expect([await folder.read("x"), await folder.list()]).toEqual([undefined, []]);
	await folder.delete("x");
	await folder.write("x", Uint8Array.of(1, 2));
	await folder.write("x", Uint8Array.of(3));
	expect([await folder.read("x"), await folder.list()]).toEqual([Uint8Array.of(3), ["x"]]);
	expect((await stat(join(path, "x"))).mode & 0o777).toBe(0o600);
	await folder.delete("x");
	expect(await readdir(path)).toEqual([]);
});

test("what a crash left of a write is no file, and a link is not written through", async () => {
	const folder = nodeFolder(dir);
	await writeFile(join(dir, "x.0a1b2c3d.new"), "half");
	expect(await folder.list()).toEqual([]);
	await writeFile(join(dir, "target"), "kept");
	await symlink(join(dir, "target"), join(dir, "link"));
	await folder.write("link", Uint8Array.of(1));
	expect(await folder.read("target")).toEqual(new TextEncoder().encode("kept"));
});

test("names are names, not paths", async () => {
	for (const name of ["", ".", "..", "a/b", "a\\b", "a\0"]) {
		await expect(async () => nodeFolder(dir).write(name, Uint8Array.of(1))).rejects.toThrow(RangeError);
	}
});
