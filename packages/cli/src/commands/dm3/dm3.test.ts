import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { capturedSurroundings } from "../../captured-surroundings.js";
import { runCommand } from "../../program.js";

const keys = { storageKey: Buffer.alloc(32, 7).toString("base64"), signature: "signature" };
let cwd: string;

async function run(line: string, { input, given = keys }: { input?: unknown; given?: unknown } = {}) {
	const env = { MINDOODB_DM3_KEYS: JSON.stringify(given) };
	const piped = input === undefined ? {} : { input: JSON.stringify(input) };
	const { surroundings, output, errors } = capturedSurroundings({ cwd, env, ...piped });
	const code = await runCommand(["dm3", ...line.split(" ")], surroundings);
	return { code, out: output(), err: errors() };
}

async function ok(line: string, input?: unknown): Promise<string> {
	const { code, out, err } = await run(line, { input });
	expect([line, err, code]).toEqual([line, "", 0]);
	return out.trim();
}

const envelope = (timestamp: number, message: string) => ({
	message: { message, metadata: { from: "alice.eth", timestamp, to: "bob.eth", type: "NEW" }, signature: "" },
});

beforeEach(async () => {
	cwd = await mkdtemp(join(tmpdir(), "mindoodb-dm3-cli-"));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

it.each(["mail", "mail.json"])("%s: messages go in, are read, exported and imported elsewhere", async (store) => {
	expect(await ok(`append ${store} bob.eth`, [envelope(3000, "third"), envelope(1000, "first")])).toBe(
		"2 messages added.",
	);
	await writeFile(join(cwd, "one.json"), JSON.stringify(envelope(2000, "second\u001b[31m\nline")));
	await ok(`append ${store} bob.eth one.json`);
	expect(await ok(`append ${store} bob.eth one.json --dedupe`)).toBe("0 messages added.");
	await ok(`append ${store} max.eth`, envelope(1, "hello"));
	expect(await ok(`list ${store}`)).toBe("bob.eth\nmax.eth");
	expect(JSON.parse(await ok(`list ${store} bob.eth --json`))).toEqual([{ id: 0, timestamp: 1000 }]);
	expect((await ok(`read ${store} bob.eth`)).split("\n")).toEqual([
		"1970-01-01T00:00:01.000Z  alice.eth: first",
		"1970-01-01T00:00:02.000Z  alice.eth: second [31m line",
		"1970-01-01T00:00:03.000Z  alice.eth: third",
	]);
	expect(JSON.parse(await ok(`read ${store} bob.eth --from 1001 --to 1970-01-01T00:00:02Z --json`))).toEqual({
		messages: [envelope(2000, "second\u001b[31m\nline")],
		damaged: [],
	});
	expect(await ok(`export ${store} out.json`)).toBe("4 messages of 2 conversations in the file.");
	expect(await readFile(join(cwd, "out.json"), "utf8")).not.toMatch(/[a-z]\.eth|timestamp/);
	expect(await ok("import other out.json")).toBe("4 messages of 2 conversations imported.");
	expect(await ok("import other out.json")).toBe("0 messages of 2 conversations imported.");
	expect(await ok("read other bob.eth")).toBe(await ok(`read ${store} bob.eth`));
	expect((await stat(join(cwd, store))).isFile()).toBe(store.endsWith(".json"));
});

it("small chunks are pages", async () => {
	const given = [1, 2, 3].map((time) => envelope(time, String(time)));
	await ok(`append mail bob.eth --max-chunk-size 200`, given);
	expect(JSON.parse(await ok("read mail bob.eth --page -1 --json")).messages).toEqual([given[2]]);
	expect((await ok("list mail bob.eth")).split("\n")).toHaveLength(4);
	expect(await readdir(join(cwd, "mail"))).toHaveLength(5);
	expect((await run("read mail bob.eth --page 3")).code).toBe(6);
});

it("a wallet's keys need the name that they are for", async () => {
	const given = { wallet: `0x${"ab".repeat(65)}` };
	const input = envelope(1, "hello");
	expect((await run("append mail bob.eth", { input, given })).code).toBe(2);
	expect((await run("append mail bob.eth --name alice.eth", { input, given })).code).toBe(0);
	expect((await run("list mail --name alice.eth", { given })).out).toBe("bob.eth\n");
	// Another name leads to another root: to an account in which nothing was ever written.
	expect((await run("list mail --name max.eth", { given })).out).toBe("");
});

it("what cannot be done is told by its exit code, and changes nothing", async () => {
	await ok("append mail bob.eth", envelope(1, "secret"));
	const before = await readdir(join(cwd, "mail"));
	for (const [line, input, code, given] of [
		["append mail bob.eth", {}, 2, keys],
		["append mail bob.eth --max-chunk-size 10", envelope(1, "text"), 2, keys],
		["append mail bob.eth --max-chunk-size 0", envelope(1, "text"), 2, keys],
		["append mail bob.eth nothing.json", undefined, 6, keys],
		["read mail bob.eth --from yesterday", undefined, 2, keys],
		["list nothing", undefined, 6, keys],
		["import mail nothing.json", undefined, 6, keys],
		["list mail", undefined, 3, {}],
		["list mail", undefined, 2, { ...keys, storageKey: "AAAA" }],
		["list mail", undefined, 3, { ...keys, storageKey: Buffer.alloc(32).toString("base64") }],
	] as const) {
		const ran = await run(line, { input, given });
		expect([line, ran.code]).toEqual([line, code]);
		expect(ran.err).not.toContain("secret");
	}
	await writeFile(join(cwd, "bad.json"), "[]");
	expect((await run("import mail bad.json")).code).toBe(5);
	expect(await readdir(join(cwd, "mail"))).toEqual(before);
});

it("a damaged chunk is told and hides no other", async () => {
	await ok(
		"append mail bob.eth --max-chunk-size 200",
		[1, 2].map((time) => envelope(time, `message ${time}`)),
	);
	await ok("export mail whole.json");
	const record = JSON.parse(await readFile(join(cwd, "whole.json"), "utf8"));
	const [chunk] = JSON.parse(await ok("list mail bob.eth --json"));
	expect(chunk).toEqual({ id: 0, timestamp: 1 });
	let told = 0;
	for (const key of Object.keys(record)) {
		await writeFile(join(cwd, "damaged.json"), JSON.stringify({ ...record, [key]: "{}" }));
		const { code, out } = await run("read damaged.json bob.eth --json");
		if (code !== 1) continue;
		told++;
		expect(JSON.parse(out).messages).toHaveLength(1);
		expect((await run("import copy damaged.json")).code).toBe(1);
	}
	expect(told).toBe(2);
	expect((await ok("read copy bob.eth")).split("\n")).toHaveLength(2);
});
