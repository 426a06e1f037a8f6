import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { capturedSurroundings } from "../../captured-surroundings.js";
import { runCommand } from "../../program.js";

const vectors = fileURLToPath(new URL("../../../../../vectors/apack/", import.meta.url));
let cwd: string;

async function run(line: string, env: Record<string, string> = {}) {
	const { surroundings, output, errors } = capturedSurroundings({ cwd, env });
	const code = await runCommand(line.split(" "), surroundings);
	return { code, out: output(), err: errors() };
}

async function ok(line: string, env: Record<string, string> = {}): Promise<string> {
	const { code, out, err } = await run(line, env);
	expect([line, err, code]).toEqual([line, err, 0]);
	return out.trim();
}

beforeEach(async () => {
	cwd = await mkdtemp(join(tmpdir(), "mindoodb-apack-"));
	await mkdir(join(cwd, "in", "sub"), { recursive: true });
	await writeFile(join(cwd, "in", "b.txt"), "text ".repeat(1000));
	await writeFile(join(cwd, "in", "sub", "a.txt"), "more");
});

afterEach(() => rm(cwd, { recursive: true, force: true }));

it("files are packed, listed, checked and written again", async () => {
	expect(await ok("apack create a.apack in --chunk-size 1024")).toMatch(/^2 files, 5\.0 kB, in /);
	const entries = JSON.parse(await ok("apack list a.apack --json")) as { name: string; size: number }[];
	expect(entries.map(({ name, size }) => [name, size])).toEqual([
		["b.txt", 5000],
		["sub/a.txt", 4],
	]);
	expect(await ok("apack list a.apack")).toMatch(/^bytes +stored +type +name\n5000/);
	expect(await ok("apack info a.apack")).toMatch(/container of 2 entries.*\n.*compression zstd\nnot encrypted/);
	expect(await ok("apack verify a.apack")).toBe("2 entries, 6 good chunks, nothing wrong.");
	await ok("apack extract a.apack --into out");
	expect(await readFile(join(cwd, "out", "sub", "a.txt"), "utf8")).toBe("more");
	expect((await run("apack extract a.apack --into out")).code).toBe(5);
	await ok("apack extract a.apack sub/a.txt --into out --overwrite");
	expect((await run("apack extract a.apack nothing --into out")).code).toBe(6);
});

it("an encrypted archive is listed without its password, and opened with it", async () => {
	const env = { MINDOODB_ARCHIVE_PASSWORD: "secret" };
	await ok("apack create a.apack in --encrypt chacha20-poly1305 --compression lz4 --checksum crc32", env);
	expect(await ok("apack list a.apack")).toContain("sub/a.txt");
	expect(await ok("apack info a.apack")).toContain("encrypted with chacha20-poly1305, opens with argon2id");
	expect((await run("apack verify a.apack")).code).toBe(3);
	expect((await run("apack verify a.apack", { MINDOODB_ARCHIVE_PASSWORD: "wrong" })).code).toBe(3);
	expect(await ok("apack verify a.apack --quick")).toContain("nothing wrong");
	expect(await ok("apack verify a.apack", env)).toContain("nothing wrong");
	await ok("apack extract a.apack --into out", env);
	expect(await readFile(join(cwd, "out", "b.txt"), "utf8")).toBe("text ".repeat(1000));

	await writeFile(join(cwd, "key"), `${"0f".repeat(32)}\n`);
	await ok("apack create k.apack in/b.txt --stream --encrypt aes-256-gcm --key-file key");
	expect((await run("apack extract k.apack --into k")).code).toBe(2);
	await ok("apack extract k.apack --into k --key-file key");
	expect(await readFile(join(cwd, "k", "b.txt"), "utf8")).toBe("text ".repeat(1000));
});

it("archives of the reference program: damage is named, names that lead out are refused", async () => {
	expect(await ok(`apack verify ${vectors}18-200-entries.apack`)).toContain("200 entries");
	const damaged = await run(`apack verify ${vectors}corrupt/c20-plain-data-bit.apack`);
	expect(damaged.code).toBe(1);
	expect(damaged.out).toMatch(
		/^entry 6 \(multi\.bin\), chunk 1: a chunk is damaged\n7 entries, 15 good chunks, 1 damaged\.\n$/,
	);
	expect((await run(`apack verify ${vectors}corrupt/c38-truncated-half.apack`)).code).toBe(5);
	const out = await run(`apack extract ${vectors}17-names.apack --into out`);
	expect(out).toMatchObject({ code: 5 });
	await expect(stat(join(cwd, "out"))).rejects.toThrow();
});

it("what cannot be done is told, and leaves no archive", async () => {
	await writeFile(join(cwd, "b.txt"), "another");
	for (const line of [
		"apack create a.apack nothing",
		"apack create a.apack in in",
		"apack create a.apack in b.txt in/b.txt",
		"apack create a.apack in --stream",
		"apack create a.apack in --compression gzip",
		"apack create a.apack in --level 23",
		"apack create a.apack in --chunk-size 7",
		"apack create a.apack in --checksum md5",
		"apack create a.apack in --encrypt rot13",
		"apack create a.apack in --encrypt aes-256-gcm",
		"apack list nothing.apack",
		"apack list b.txt",
	]) {
		expect([line, (await run(line)).code]).not.toEqual([line, 0]);
		expect([2, 3, 5, 6]).toContain((await run(line)).code);
	}
	await expect(stat(join(cwd, "a.apack"))).rejects.toThrow();
	await ok("apack create a.apack in");
	expect((await run("apack create a.apack in")).code).toBe(2);
});
