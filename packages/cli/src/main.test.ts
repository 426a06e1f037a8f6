import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";

const project = fileURLToPath(new URL("../../..", import.meta.url));
const binary = join(project, "packages", "cli", "bin", "mindoodb.js");

let root: string;

beforeAll(async () => {
	const built = spawnSync(process.execPath, [join(project, "node_modules", "typescript", "bin", "tsc"), "--build"], {
		cwd: project,
		encoding: "utf8",
	});
	expect([built.stdout, built.status]).toEqual(["", 0]);
	root = await mkdtemp(join(tmpdir(), "mindoodb-binary-"));
});

afterAll(() => rm(root, { recursive: true, force: true }));

function run(args: string[], env: Record<string, string> = {}): Promise<{ code: number; out: string; err: string }> {
	return new Promise((resolve) => {
		execFile(
			process.execPath,
			[binary, ...args],
			{ cwd: root, env: { PATH: process.env.PATH ?? "", ...env } },
			(error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
		);
	});
}

it("the binary keeps a document between two processes, with passwords from files, at full cost", async () => {
	for (const word of ["user", "admin", "key"])
		await writeFile(join(root, word), `the ${word} secret\n`, { mode: 0o600 });
	const files = ["--password-file", "user", "--dir", "alice"];
	const made = await run([
		"init",
		"--user",
		"alice",
		"--name",
		"acme",
		...files,
		"--admin-password-file",
		"admin",
		"--key-password-file",
		"key",
	]);
	expect(made).toMatchObject({ code: 0, err: "" });
	const identity = JSON.parse(await readFile(join(root, "alice", "identity.json"), "utf8"));
	expect(identity.user.userSigningKeyPair.privateKey.kdf).toEqual({
		name: "argon2id",
		memoryKiB: 65536,
		passes: 3,
		lanes: 4,
	});
	expect((await stat(join(root, "alice"))).mode & 0o777).toBe(0o700);
	const { out } = await run(["doc", "put", "notes", '{"title":"kept"}', ...files]);
	const shown = await run(["doc", "get", "notes", out.trim(), ...files, "--json"]);
	expect(JSON.parse(shown.out).data).toEqual({ title: "kept" });
	expect(await run(["verify", ...files])).toMatchObject({ code: 0 });
});

it("the binary ends with exit codes that mean something", async () => {
	expect(await run(["--version"])).toMatchObject({ code: 0, out: "0.1.0\n" });
	expect((await run([])).code).toBe(2);
	expect((await run(["what"])).code).toBe(2);
	expect((await run(["db", "list", "--dir", "alice"])).code).toBe(3);
	expect((await run(["db", "list", "--dir", "alice"], { MINDOODB_PASSWORD: "no" })).code).toBe(3);
	expect((await run(["db", "list"], { MINDOODB_DIR: "nowhere", MINDOODB_PASSWORD: "x" })).code).toBe(6);
});
