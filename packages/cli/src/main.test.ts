import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
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

it.skipIf(process.platform === "win32")("a file that the binary cannot write to its end is gone again", async () => {
	const env = {
		MINDOODB_DIR: "filled",
		MINDOODB_PASSWORD: "a",
		MINDOODB_ADMIN_PASSWORD: "b",
		MINDOODB_KEY_PASSWORD: "c",
	};
	await run(["init", "--user", "alice", "--name", "acme"], env);
	// Some 5 MB as JSON, and little in the store.
	const line = JSON.stringify({ text: "a sentence that comes again and again. ".repeat(640) });
	await writeFile(join(root, "many.jsonl"), `${line}\n`.repeat(200));
	expect((await run(["doc", "import", "many", "many.jsonl", "--plain"], env)).code).toBe(0);

	// Opening once more moves what was written last to where it stays, so that the limit meets the new file alone.
	expect((await run(["db", "list"], env)).code).toBe(0);
	const script = 'ulimit -f 2000; exec "$0" "$1" doc export many --out full.jsonl';
	const full = spawnSync("sh", ["-c", script, process.execPath, binary], { cwd: root, encoding: "utf8", env });
	expect([full.status, full.stderr]).toEqual([4, "mindoodb: the file full.jsonl cannot be written (EFBIG)\n"]);
	expect(existsSync(join(root, "full.jsonl"))).toBe(false);

	const exporting = [binary, "doc", "export", "many", "--out", "cut.jsonl"];
	const running = spawn(process.execPath, exporting, { cwd: root, env, stdio: "ignore" });
	const ended = once(running, "exit");
	while (!existsSync(join(root, "cut.jsonl"))) await new Promise((resolve) => setTimeout(resolve, 1));
	running.kill("SIGINT");
	expect(await ended).toEqual([130, null]);
	expect(existsSync(join(root, "cut.jsonl"))).toBe(false);
});

it("the binary ends with exit codes that mean something", async () => {
	expect(await run(["--version"])).toMatchObject({ code: 0, out: "0.1.0\n" });
	expect((await run([])).code).toBe(2);
	expect((await run(["what"])).code).toBe(2);
	expect((await run(["db", "list", "--dir", "alice"])).code).toBe(3);
	expect((await run(["db", "list", "--dir", "alice"], { MINDOODB_PASSWORD: "no" })).code).toBe(3);
	expect((await run(["db", "list"], { MINDOODB_DIR: "nowhere", MINDOODB_PASSWORD: "x" })).code).toBe(6);
});

it("a command loads what it needs, and not the server", async () => {
	const [hooks, register, list] = ["hooks.mjs", "register.mjs", "loaded"].map((name) => join(root, name)) as [
		string,
		string,
		string,
	];
	const lines = [
		'import { appendFileSync } from "node:fs";',
		"export async function load(url, context, next) {",
		`	appendFileSync(${JSON.stringify(list)}, url + "\\n");`,
		"	return next(url, context);",
		"}",
	];
	await writeFile(hooks, lines.join("\n"));
	await writeFile(
		register,
		`import { register } from "node:module"; register(${JSON.stringify(pathToFileURL(hooks))});`,
	);
	const loaded = async (...args: string[]) => {
		await writeFile(list, "");
		await run(args, { NODE_OPTIONS: `--import ${pathToFileURL(register)}` });
		return readFile(list, "utf8");
	};
	expect(await loaded("serve", "--help")).toContain("/server/dist/");
	const own = await loaded("doc", "--help");
	expect(own).toContain("/commands/doc.js");
	expect(own).not.toMatch(/\/server\/dist\/|\/prom-client\/|\/tour\/|\/dm3\//);
});
