import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cheapKdf } from "@mindoodb/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { capturedSurroundings } from "../../captured-surroundings.js";
import { runCommand } from "../../program.js";

const passwords = {
	MINDOODB_PASSWORD: "user word",
	MINDOODB_ADMIN_PASSWORD: "admin word",
	MINDOODB_KEY_PASSWORD: "key word",
	MINDOODB_EXPORT_PASSWORD: "export word",
	MINDOODB_ARCHIVE_PASSWORD: "archive word",
};
let template: string;
let root: string;

async function run(line: string | readonly string[], env: Record<string, string> = passwords) {
	const { surroundings, output, errors } = capturedSurroundings({ cwd: root, env, kdf: cheapKdf });
	const code = await runCommand(typeof line === "string" ? line.split(" ") : line, surroundings);
	return { code, out: output(), err: errors() };
}

async function ok(line: string | readonly string[], env?: Record<string, string>): Promise<string> {
	const { code, out, err } = await run(line, env);
	expect([line, err, code]).toEqual([line, err, 0]);
	return out.trim();
}

async function fails(line: string, code: number, env?: Record<string, string>): Promise<string> {
	const failed = await run(line, env);
	expect([line, failed.err, failed.code]).toEqual([line, failed.err, code]);
	return failed.err;
}

const put = (json: string, dir: string) => ok(["doc", "put", "notes", json, "--dir", dir]);
const exported = async (dir: string) => (await ok(`doc export notes --dir ${dir}`)).split("\n").sort();
const idOf = async (line: string) => (JSON.parse(await ok(`${line} --json`)) as { id: string }).id;

beforeAll(async () => {
	template = await mkdtemp(join(tmpdir(), "mindoodb-backup-"));
	root = template;
	await ok("init --user alice --name acme --dir alice");
	await ok(["doc", "put", "notes", '{"title":"one"}', "--dir", "alice"]);
});

afterAll(() => rm(template, { recursive: true, force: true }));

beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), "mindoodb-backup-"));
	await cp(template, root, { recursive: true });
});

afterEach(() => rm(root, { recursive: true, force: true }));

it("a chain with keys is restored into a folder that opens with the user's password", async () => {
	const first = await idOf("backup 1.apack --dir alice --encrypt --with-keys");
	await put('{"title":"two"}', "alice");
	await ok(`backup 2.apack --since ${first} --dir alice --encrypt --with-keys`);
	await put('{"title":"three"}', "alice");
	await ok("backup 3.apack --since 2.apack --dir alice --encrypt --with-keys");
	expect(await ok("verify-backup 1.apack 2.apack 3.apack")).toMatch(/entries, 0 stubs, nothing wrong\.$/);
	await ok("restore 1.apack 2.apack 3.apack --dir again");
	expect(await exported("again")).toEqual(await exported("alice"));
	await put('{"title":"four"}', "again");
	expect(await exported("again")).toHaveLength(4);
	const files = async (dir: string) => (await readdir(join(root, dir))).filter((name) => name !== "lock").sort();
	expect(await files("again")).toEqual(await files("alice"));
});

it("a chain with a gap, a wrong order, a damaged or a strange file leaves no folder behind", async () => {
	await ok("backup 1.apack --dir alice");
	await ok("backup 2.apack --since 1.apack --dir alice");
	await ok("backup 3.apack --since 2.apack --dir alice");
	expect(await fails("restore 1.apack 3.apack --dir again", 5)).toMatch(/continues [0-9a-f]{64}, and [0-9a-f]{64}/);
	await fails("restore 2.apack 1.apack --dir again", 5);
	await fails("restore 2.apack 3.apack --dir again", 5);
	const bytes = await readFile(join(root, "1.apack"));
	bytes[2000] = (bytes[2000] as number) ^ 1;
	await writeFile(join(root, "bad.apack"), bytes);
	await writeFile(join(root, "cut.apack"), bytes.subarray(0, 3000));
	await fails("restore bad.apack --dir again", 5);
	await fails("restore cut.apack --dir again", 5);
	await fails("restore absent.apack --dir again", 6);
	await ok("apack create other.apack 1.apack");
	await fails("restore other.apack --dir again", 5);
	await fails("restore 1.apack --dir alice", 2);
	const damaged = await run("verify-backup bad.apack");
	expect([damaged.code, damaged.out]).toEqual([1, expect.stringMatching(/^archive 1, .*, records? 1/)]);
	expect((await readdir(root)).filter((name) => name.startsWith("again"))).toEqual([]);
});

it("an archive without keys becomes a folder by an exported identity", async () => {
	await ok("user device export alice.device --dir alice");
	await ok("backup 1.apack --dir alice");
	expect(await ok("restore 1.apack --dir again")).toContain("no keys");
	await ok("user device import alice.device --dir again");
	expect(await exported("again")).toEqual(await exported("alice"));
	expect(await readdir(join(root, "again"))).not.toContain("restored.json");
	await ok("init --user carol --name other --dir carol");
	await ok("user device export carol.device --dir carol");
	await ok("restore 1.apack --dir third");
	await fails("user device import carol.device --dir third", 2);
	await fails("user create carol --dir third", 2);
});

it("two sites that carry archives come level, and a strange tenant's archive is refused", async () => {
	await ok("user device export alice.device --dir alice");
	await ok("user device import alice.device --dir laptop");
	await ok("backup 1.apack --dir alice");
	await ok("apply 1.apack --dir laptop");
	await put('{"from":"alice"}', "alice");
	await put('{"from":"laptop"}', "laptop");
	await ok("backup a.apack --since 1.apack --dir alice");
	await ok("backup l.apack --encrypt --dir laptop");
	await ok("apply a.apack --dir laptop");
	await ok("apply l.apack --dir alice");
	expect(await exported("laptop")).toEqual(await exported("alice"));
	expect(await exported("alice")).toHaveLength(3);
	expect(await ok("apply l.apack --dir alice")).toMatch(/notes +0 +0 +0 +0/);
	await ok("init --user carol --name other --dir carol");
	expect(await fails("apply a.apack --dir carol", 5)).toContain("another tenant");
});

it("keys go into an encrypted archive alone, and nothing is left of a backup that fails", async () => {
	await fails("backup 1.apack --with-keys --dir alice", 2);
	await fails(`backup 1.apack --since ${"0".repeat(64)} --dir alice`, 6);
	await fails("backup 1.apack --since absent.apack --dir alice", 6);
	await fails("backup no/1.apack --dir alice", 2);
	await ok("backup 1.apack --encrypt --dir alice");
	await fails("backup 1.apack --dir alice", 2);
	const { MINDOODB_ARCHIVE_PASSWORD: _, ...without } = passwords;
	await fails("verify-backup 1.apack", 3, without);
	await fails("verify-backup 1.apack", 3, { ...passwords, MINDOODB_ARCHIVE_PASSWORD: "wrong" });
	await ok("verify-backup 1.apack", { MINDOODB_ARCHIVE_PASSWORD: "archive word" });
	expect((await readdir(root)).filter((name) => name.includes(".new"))).toEqual([]);
});

it("what a tenant had erased between two archives does not come back", async () => {
	const id = await put('{"title":"to be erased"}', "alice");
	await ok("user device export alice.device --dir alice");
	await ok("backup 1.apack --dir alice");
	await ok(`doc purge notes ${id} --yes --dir alice`);
	await ok("backup 2.apack --since 1.apack --dir alice");
	expect(await ok("verify-backup 1.apack 2.apack")).toContain("nothing wrong");
	await ok("restore 1.apack 2.apack --dir again");
	await ok("user device import alice.device --dir again");
	expect(await exported("again")).toEqual(await exported("alice"));
	expect((await ok("doc export notes --dir again")).includes(id)).toBe(false);
	const [stubs, whole] = [await ok("backup 3.apack --dir again"), await ok("verify-backup 3.apack")];
	expect([stubs, whole]).toEqual([expect.any(String), expect.stringContaining("1 stub")]);
});
