/** The commands that look back, and the trails that they leave, run as somebody types them. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cheapKdf } from "@mindoodb/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { capturedSurroundings } from "../captured-surroundings.js";
import { runCommand } from "../program.js";

const env = {
	MINDOODB_DIR: "alice",
	MINDOODB_PASSWORD: "user secret",
	MINDOODB_ADMIN_PASSWORD: "admin secret",
	MINDOODB_KEY_PASSWORD: "key secret",
};

let root: string;

async function run(...argv: string[]) {
	const { surroundings, output, errors } = capturedSurroundings({ cwd: root, env, kdf: cheapKdf });
	const code = await runCommand(argv, surroundings);
	return { code, out: output(), err: errors() };
}

/** Runs a command, which must succeed, and gives its answer. */
// biome-ignore lint/suspicious/noExplicitAny: the shape is what is tested.
async function answer(...argv: string[]): Promise<any> {
	const { code, out, err } = await run(...argv, "--json");
	expect([argv, err, code]).toEqual([argv, err, 0]);
	return JSON.parse(out);
}

beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), "mindoodb-cli-"));
	await answer("init", "--user", "alice", "--name", "acme");
});

afterEach(() => rm(root, { recursive: true, force: true }));

describe("a document", () => {
	it("is compared with what it was, blamed, and restored", async () => {
		const { id } = await answer("doc", "put", "notes", '{"title":"one","keep":1}');
		await answer("doc", "edit", "notes", id, "--set", "title=two");
		const { items } = await answer("doc", "history", "notes", id);
		const [made, edited] = items;
		const { fields } = await answer("doc", "blame", "notes", id);
		expect(fields).toMatchObject([
			{ path: ["keep"], change: made.change, username: "alice" },
			{ path: ["title"], username: "alice", value: "two" },
		]);
		const changes = [{ path: ["title"], before: "two", after: "one" }];
		expect((await answer("doc", "diff", "notes", id, edited.change, made.change)).changes).toEqual(changes);
		expect((await answer("doc", "diff", "notes", id, new Date(made.time).toISOString())).changes).toEqual([
			{ path: ["title"], before: "one", after: "two" },
		]);
		expect((await answer("doc", "restore", "notes", id, made.change)).changes).toEqual(changes);
		expect((await answer("doc", "get", "notes", id)).data).toEqual({ title: "one", keep: 1 });
		expect((await answer("doc", "conflicts", "notes", id)).conflicts).toEqual([]);
		for (const command of ["history", "blame", "conflicts"]) {
			expect((await run("doc", command, "notes", "nothing")).code).toBe(6);
			expect((await run("doc", command, "notes", id)).code).toBe(0);
		}
		expect((await run("doc", "diff", "notes", id, "0".repeat(64))).code).toBe(6);
		expect((await run("doc", "restore", "notes", id, "1970-01-01")).code).toBe(6);
		expect((await run("doc", "restore", "notes", id, "yesterday")).code).toBe(2);
	});
});

describe("an audit trail", () => {
	it("is checked without a folder and judged with its keys, and names the sentence that was changed", async () => {
		const { id } = await answer("doc", "put", "notes", '{"title":"one"}');
		await answer("audit", "export", "notes", id, "--out", "notes.trail");
		const checked = await answer("audit", "verify", "notes.trail", "--dir", "nowhere");
		expect(checked).toMatchObject({ faults: [], entries: 1, heading: { tenantId: "acme", dbId: "notes", docId: id } });
		const judged = await answer("audit", "verify", "notes.trail", "--keys");
		expect(judged).toMatchObject({ faults: [], accepted: 1, uncounted: [], documents: 1, ofTenant: true });
		const file = await readFile(join(root, "notes.trail"));
		expect(file.includes("one")).toBe(false);
		const at = file.length - 300;
		file[at] = (file[at] as number) ^ 1;
		await writeFile(join(root, "altered.trail"), file);
		const altered = await run("audit", "verify", "altered.trail");
		expect(altered.code).toBe(1);
		expect(altered.out).toContain(`Sentence ${checked.sentences - 1} (`);
		expect((await run("audit", "export", "notes", "nothing", "--out", "no.trail")).code).toBe(6);
		expect((await run("audit", "verify", "no.trail")).code).toBe(6);
		expect((await run("audit", "export", "notes", id, "--out", "notes.trail")).code).toBe(2);
	});
});
