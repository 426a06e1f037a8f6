/** Files that cannot be read, and input that is not what it should be: a typed error, and nothing half-done. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cheapKdf } from "@mindoodb/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { capturedSurroundings } from "../captured-surroundings.js";
import { fromJsonValue, toJsonValue } from "../json-value.js";
import { runCommand } from "../program.js";

const env = {
	MINDOODB_DIR: "alice",
	MINDOODB_PASSWORD: "user secret",
	MINDOODB_ADMIN_PASSWORD: "admin secret",
	MINDOODB_KEY_PASSWORD: "key secret",
};

let root: string;
let id: string;

async function run(...argv: string[]) {
	const { surroundings, output, errors } = capturedSurroundings({ cwd: root, env, kdf: cheapKdf });
	const code = await runCommand(argv, surroundings);
	return { code, out: output(), err: errors() };
}

beforeAll(async () => {
	root = await mkdtemp(join(tmpdir(), "mindoodb-cli-"));
	await run("init", "--user", "alice", "--name", "acme");
	id = (await run("doc", "put", "notes", '{"title":"one"}')).out.trim();
	await mkdir(join(root, "folder"));
});

afterAll(() => rm(root, { recursive: true, force: true }));

describe("a file to read", () => {
	it("that is a folder, or fails while it is read, is a typed error", async () => {
		expect((await run("doc", "import", "notes", "folder")).code).toBe(2);
		expect((await run("doc", "import", "notes", "nothing")).code).toBe(6);
		expect((await run("audit", "verify", "folder")).code).toBe(2);
		expect((await run("attach", "add", "notes", id, "folder")).code).toBe(6);
	});

	it.runIf(process.platform === "linux")(
		"that fails while an attachment is made of it leaves the document",
		async () => {
			expect((await run("attach", "add", "notes", id, "/proc/self/mem")).code).toBe(2);
			expect(JSON.parse((await run("attach", "list", "notes", id, "--json")).out)).toEqual([]);
		},
	);

	it("is read whole whatever the pieces cut in two", async () => {
		const text = "é😀".repeat(40_000);
		await writeFile(join(root, "wide.jsonl"), JSON.stringify({ text }));
		await run("doc", "import", "wide", "wide.jsonl", "--plain");
		expect(JSON.parse((await run("doc", "export", "wide")).out).data).toEqual({ text });
	});
});

describe("a field", () => {
	it("cannot be named __proto__", async () => {
		for (const path of ["__proto__=1", "__proto__.a=1", "a.__proto__.b=1"]) {
			expect((await run("doc", "put", "notes", "--set", path)).code).toBe(2);
			expect((await run("doc", "edit", "notes", id, "--set", path)).code).toBe(2);
		}
		expect((await run("doc", "edit", "notes", id, "--unset", "__proto__")).code).toBe(2);
		expect({}).not.toHaveProperty("a");
	});

	it("is set and removed without harm to what stands on the way to it", async () => {
		const made = (await run("doc", "put", "notes", '{"list":[1],"text":"kept"}')).out.trim();
		for (const path of ["list.0=2", "text.a=1"]) {
			expect((await run("doc", "edit", "notes", made, "--set", path)).code).toBe(2);
		}
		expect((await run("doc", "edit", "notes", made, "--unset", "text.a", "--unset", "none.a")).code).toBe(0);
		expect((await run("doc", "edit", "notes", made, "--set", "map.toString.a=1")).code).toBe(0);
		const { data } = JSON.parse((await run("doc", "get", "notes", made, "--json")).out);
		expect(data).toEqual({ list: [1], text: "kept", map: { toString: { a: 1 } } });
	});

	it("that lies too deep is a typed error", async () => {
		expect((await run("doc", "put", "notes", `{"a":${"[".repeat(200)}${"]".repeat(200)}}`)).code).toBe(2);
		expect((await run("doc", "put", "notes", `{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`)).code).toBe(5);
	});

	it("that holds a date beyond all dates is shown as null, and keeps nothing else from being shown", () => {
		const shown = toJsonValue({ when: new Date(Number.NaN), title: "one" });
		expect(fromJsonValue(shown)).toEqual({ when: null, title: "one" });
	});
});

it("a trail of another tenant does not pass for one of this folder's", async () => {
	await run("audit", "export", "notes", "--out", "notes.trail");
	expect((await run("audit", "verify", "notes.trail", "--keys")).out).toContain("The exporter's key is that of alice.");
	await run("init", "--user", "bob", "--name", "acme", "--dir", "bob");
	const foreign = await run("audit", "verify", "notes.trail", "--keys", "--dir", "bob");
	expect([foreign.code, foreign.out]).toEqual([1, expect.stringContaining("another tenant")]);
	expect(foreign.out).toContain("knows nobody by the exporter's key");
});

it("a newcomer who bears the name of a member gets in only when that is said", async () => {
	await run("user", "create", "alice", "--dir", "other", "--out", "other.json");
	const { words } = JSON.parse((await run("join", "--dir", "other", "--out", "other.request", "--json")).out);
	expect((await run("invite", "other.request", "--words", words, "--out", "other.response")).code).toBe(2);
	expect((await run("user", "add", "other.json")).code).toBe(2);
	expect(JSON.parse((await run("user", "list", "--json")).out)).toMatchObject([{ keys: [{}] }]);
	const meant = await run("invite", "other.request", "--words", words, "--out", "other.response", "--another-key");
	expect([meant.err, meant.code]).toEqual(["", 0]);
});
