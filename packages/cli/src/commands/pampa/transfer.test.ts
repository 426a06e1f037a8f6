import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cheapKdf } from "@mindoodb/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { capturedSurroundings } from "../../captured-surroundings.js";
import { runCommand } from "../../program.js";

const env = {
	MINDOODB_PASSWORD: "user secret",
	MINDOODB_ADMIN_PASSWORD: "admin secret",
	MINDOODB_KEY_PASSWORD: "key secret",
	MINDOODB_EXPORT_PASSWORD: "export secret",
};
const sha = "08a62bfd03172fdb1fd66a9812bc86baff9bc8ba";
let cwd: string;

async function run(line: string, { input, more = {} }: { input?: string; more?: Record<string, string> } = {}) {
	const given = { cwd, env: { ...env, ...more }, kdf: cheapKdf, ...(input === undefined ? {} : { input }) };
	const { surroundings, output, errors } = capturedSurroundings(given);
	const code = await runCommand(line.split(" "), surroundings);
	return { code, out: output().trim(), err: errors() };
}

async function ok(line: string, options: { input?: string; more?: Record<string, string> } = {}): Promise<string> {
	const { code, out, err } = await run(line, options);
	expect([line, err, code]).toEqual([line, err, 0]);
	return out;
}

const setCodemap = (project: string, codemap: object) =>
	writeFile(join(cwd, project, "pampa.codemap.json"), JSON.stringify(codemap));

beforeEach(async () => {
	cwd = await mkdtemp(join(tmpdir(), "mindoodb-pampa-transfer-cli-"));
	await ok("init --user alice --name acme --dir desk");
	await ok("user device export alice.device --dir desk");
	await ok("user device import alice.device --dir laptop");
	await ok("pampa write here", { input: "export const foo = 'bar';" });
});

afterEach(() => rm(cwd, { recursive: true, force: true }));

it("a project goes into a database and comes out on another device, plain and encrypted", async () => {
	const more = { PAMPAX_ENCRYPTION_KEY: "07".repeat(32) };
	const sealed = await ok("pampa write here", { input: "secret text", more });
	await setCodemap("here", { "foo.ts:foo": { sha, file: "foo.ts" }, "bar.ts:bar": { sha: sealed, encrypted: true } });
	expect(await ok("pampa push here code --dir desk --dry-run")).toContain("2 chunks to write");
	expect(await ok("pampa push here code --dir desk")).toBe(
		"2 chunks written, 0 removed; 2 entries written, 0 removed.\n1 encrypted chunk not looked into: there is no key.",
	);
	expect(await ok("pampa push here code --dir desk")).toBe(
		"0 chunks written, 0 removed; 0 entries written, 0 removed.",
	);
	await ok("sync --with desk --dir laptop");
	expect((await run("pampa pull other there --dir laptop")).code).toBe(6);
	expect(await ok("pampa pull code there --dir laptop --dry-run")).toContain("2 chunks to write");
	await expect(readdir(join(cwd, "there"))).rejects.toThrow();
	expect(await ok("pampa pull code there --dir laptop", { more })).toBe(
		"2 chunks written, 0 removed; 2 entries written, 0 removed.",
	);
	expect(await ok("pampa list there")).toBe(await ok("pampa list here"));
	expect(await ok("pampa verify there", { more })).toContain("all are as they should be");
	const codemapOf = async (project: string) =>
		JSON.parse(await readFile(join(cwd, project, "pampa.codemap.json"), "utf8"));
	expect(await codemapOf("there")).toMatchObject(await codemapOf("here"));
	expect((await run("pampa pull code there --dir laptop", { more: { PAMPAX_ENCRYPTION_KEY: "wrong" } })).code).toBe(3);
});

it("a conflict is told by the exit code and settled by an option; what only the folder has goes when asked to", async () => {
	await setCodemap("here", { a: { sha, lang: "ts" } });
	await ok("pampa push here code --dir desk");
	await ok("sync --with desk --dir laptop");
	await ok("pampa pull code there --dir laptop");
	await setCodemap("here", { a: { sha, lang: "go" } });
	await setCodemap("there", { a: { sha, lang: "c" }, b: { sha } });
	await ok("pampa push here code --dir desk");
	await ok("sync --with desk --dir laptop");
	const { code, out } = await run("pampa pull code there --dir laptop");
	expect([code, out.split("\n")[0]]).toEqual([1, "a (lang): changed on both sides"]);
	expect(JSON.parse((await run("pampa push there code --dir laptop --dry-run --json")).out)).toMatchObject({
		entries: { written: ["b"], removed: [], conflicts: [{ name: "a", fields: ["lang"] }] },
	});
	await ok("pampa pull code there --dir laptop --overwrite --prune");
	const codemap = JSON.parse(await readFile(join(cwd, "there", "pampa.codemap.json"), "utf8"));
	expect([Object.keys(codemap), codemap.a.lang]).toEqual([["a"], "go"]);
	expect((await run("pampa push here directory --dir desk")).code).toBe(2);
});
