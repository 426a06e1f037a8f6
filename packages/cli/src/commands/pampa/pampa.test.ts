import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { capturedSurroundings } from "../../captured-surroundings.js";
import { runCommand } from "../../program.js";

const key = "07".repeat(32);
const newKey = "08".repeat(32);
const text = "export const foo = 'bar';";
const sha = "08a62bfd03172fdb1fd66a9812bc86baff9bc8ba";
let cwd: string;

async function run(line: string, env: Record<string, string> = {}, input?: string) {
	const { surroundings, output, errors } = capturedSurroundings({
		cwd,
		env,
		...(input === undefined ? {} : { input }),
	});
	const code = await runCommand(line.split(" "), surroundings);
	return { code, out: output(), err: errors() };
}

async function ok(line: string, env: Record<string, string> = {}, input?: string): Promise<string> {
	const { code, out, err } = await run(line, env, input);
	expect([line, err, code]).toEqual([line, err, 0]);
	return out.trim();
}

const withKey = { PAMPAX_ENCRYPTION_KEY: key };
const files = async () => (await readdir(join(cwd, ".pampa", "chunks"))).sort();

beforeEach(async () => {
	cwd = await mkdtemp(join(tmpdir(), "mindoodb-pampa-"));
});

afterEach(() => rm(cwd, { recursive: true, force: true }));

it("a chunk goes in and out, plain and encrypted, converted and under another key", async () => {
	expect(await ok("pampa write .", {}, text)).toBe(sha);
	expect(await ok(`pampa read . ${sha}`)).toBe(text);
	await ok("pampa write .", withKey, text);
	expect(await files()).toEqual([`${sha}.gz.enc`]);
	expect((await run(`pampa read . ${sha}`)).code).toBe(3);
	await writeFile(join(cwd, "pampa.codemap.json"), JSON.stringify({ a: { sha } }));
	expect(await ok("pampa convert . plain", withKey)).toBe("1 chunk converted, 0 were plain.");
	await ok("pampa convert . encrypted", withKey);
	expect(JSON.parse(await readFile(join(cwd, "pampa.codemap.json"), "utf8")).a).toMatchObject({ sha, encrypted: true });
	const exchange = { ...withKey, PAMPAX_NEW_ENCRYPTION_KEY: newKey };
	expect(await ok("pampa rotate .", exchange)).toBe("1 chunk encrypted anew, 0 were already.");
	expect((await run(`pampa read . ${sha}`, withKey)).code).toBe(5);
	await ok(`pampa read . ${sha} copy.ts`, { PAMPAX_ENCRYPTION_KEY: newKey });
	expect(await readFile(join(cwd, "copy.ts"), "utf8")).toBe(text);
	expect(await ok("pampa list .")).toContain(`${sha}  encrypted`);
});

it("verify and gc tell what is wrong, what is missing and what nobody needs", async () => {
	await ok("pampa write .", {}, text);
	expect((await run("pampa gc .")).code).toBe(6);
	await writeFile(join(cwd, "pampa.codemap.json"), JSON.stringify({ a: { sha: "0".repeat(40) } }));
	const { code, out } = await run("pampa verify . --json");
	expect([code, JSON.parse(out)]).toEqual([1, { chunks: 1, failed: [], missing: ["0".repeat(40)] }]);
	expect(JSON.parse(await ok("pampa gc . --dry-run --json")).removed).toEqual([`${sha}.gz`]);
	expect(await files()).toEqual([`${sha}.gz`]);
	await ok("pampa gc .");
	expect(await files()).toEqual([]);
	await writeFile(join(cwd, "pampa.codemap.json"), "damaged");
	expect((await run("pampa gc .")).code).toBe(5);
	await mkdir(join(cwd, ".pampa", "chunks"), { recursive: true });
	await writeFile(join(cwd, ".pampa", "chunks", `${sha}.gz`), "no gzip");
	expect((await run("pampa gc .")).code).toBe(5);
	expect(await files()).toEqual([`${sha}.gz`]);
});

it("a wrong key never means plain text, and no message holds one", async () => {
	const wrong = { PAMPAX_ENCRYPTION_KEY: "secretsecret" };
	for (const [line, env, code] of [
		["pampa write .", wrong, 3],
		["pampa write . --encrypt on", {}, 3],
		["pampa write . --encrypt maybe", withKey, 2],
		["pampa convert . encrypted", {}, 3],
		["pampa convert . other", withKey, 2],
		["pampa rotate .", withKey, 3],
		["pampa read . ../x", withKey, 2],
		[`pampa read . ${sha}`, withKey, 6],
		["pampa write . nothing.ts", withKey, 6],
	] as const) {
		const result = await run(line, env, text);
		expect([line, result.code]).toEqual([line, code]);
		expect(result.out + result.err).not.toMatch(/secret|0707/);
	}
	await expect(files()).rejects.toThrow();
	await ok("pampa write . --encrypt off", withKey, text);
	expect(await files()).toEqual([`${sha}.gz`]);
});
