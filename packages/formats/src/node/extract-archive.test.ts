import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { bytesSource, createArchive, MemorySink, openArchive } from "../apack/index.js";
import { createFileSink, extractArchive, nodeApack, openFileSource } from "./index.js";

let folder: string;
let target: string;

beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "apack-extract-"));
	target = join(folder, "target");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i).join(" ");
const bytes = (text: string) => new TextEncoder().encode(text);

async function archiveOf(...names: readonly string[]) {
	const platform = await nodeApack();
	const sink = new MemorySink();
	const writer = await createArchive(sink, { platform, chunkSize: 1024 });
	for (const name of names) await writer.add({ name }, bytes(`content of ${name}`.repeat(200)));
	await writer.close();
	return openArchive(bytesSource(sink.toBytes()), { platform });
}

it("a file is written, read by offsets, and its entries become files", async () => {
	const platform = await nodeApack();
	const path = join(folder, "a.apack");
	const sink = await createFileSink(path);
	const writer = await createArchive(sink, { platform, chunkSize: 1024 });
	for (let i = 0; i < 100; i++) {
		const text = bytes(numbers(i * 30));
		// In small pieces, so that the writer collects them in a buffer that it uses again.
		const pieces = Array.from({ length: Math.ceil(text.length / 100) }, (_, k) =>
			text.subarray(100 * k, 100 * k + 100),
		);
		await writer.add({ name: `f/${i}` }, pieces);
	}
	await writer.close();
	await sink.close();
	await expect(createFileSink(path)).rejects.toThrow("EEXIST");
	await using source = await openFileSource(path);
	const reader = await openArchive(source, { platform });
	expect(reader.header).toMatchObject({ entryCount: 100 });
	expect(await extractArchive(reader, target)).toBe(100);
	for (let i = 0; i < 100; i++) expect(await readFile(join(target, "f", String(i)), "utf8")).toBe(numbers(i * 30));
});

it("a name that leaves the folder: nothing is written at all", async () => {
	for (const name of ["../out", "/tmp/out", "a/../../out", "C:\\out", "a\0b", "nul"]) {
		await expect(extractArchive(await archiveOf("good", name), target)).rejects.toMatchObject({ code: "name" });
	}
	expect(await readdir(folder)).toEqual([]);
});

it("a symbolic link in the target is neither followed nor replaced", async () => {
	const outside = join(folder, "outside");
	await mkdir(outside);
	await mkdir(target);
	await writeFile(join(outside, "file"), "kept");
	await symlink(outside, join(target, "link"));
	await symlink(join(outside, "file"), join(target, "file"));
	for (const overwrite of [false, true]) {
		for (const name of ["link/x", "link", "file"]) {
			const extracted = extractArchive(await archiveOf(name), target, { overwrite });
			await expect(extracted).rejects.toMatchObject({ code: "name" });
		}
	}
	expect(await readdir(outside)).toEqual(["file"]);
	expect(await readFile(join(outside, "file"), "utf8")).toBe("kept");
	expect((await lstat(join(target, "file"))).isSymbolicLink()).toBe(true);
});

it("what is there is replaced only when asked for, and a damaged entry leaves no file", async () => {
	await mkdir(target);
	await writeFile(join(target, "a"), "old");
	await expect(extractArchive(await archiveOf("a"), target)).rejects.toMatchObject({ code: "name" });
	expect(await readFile(join(target, "a"), "utf8")).toBe("old");
	await extractArchive(await archiveOf("a"), target, { overwrite: true });
	expect(await readFile(join(target, "a"), "utf8")).toMatch(/^content of a/);

	const platform = await nodeApack();
	const sink = new MemorySink();
	const writer = await createArchive(sink, { platform, chunkSize: 1024 });
	await writer.add({ name: "b" }, new Uint8Array(5000).fill(1));
	await writer.close();
	const damaged = sink.toBytes();
	damaged[5000] = 2;
	const reader = await openArchive(bytesSource(damaged), { platform });
	await expect(extractArchive(reader, target)).rejects.toMatchObject({ code: "checksum" });
	expect(await readdir(target)).toEqual(["a"]);
	await expect(extractArchive(await archiveOf("c", "c"), target)).rejects.toMatchObject({ code: "name" });
});
