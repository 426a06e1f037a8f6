import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cheapKdf } from "@mindoodb/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { capturedSurroundings } from "../../captured-surroundings.js";
import { runCommand } from "../../program.js";

const keys = { storageKey: Buffer.alloc(32, 7).toString("base64"), signature: "signature" };
const env = {
	MINDOODB_DM3_KEYS: JSON.stringify(keys),
	MINDOODB_PASSWORD: "user secret",
	MINDOODB_ADMIN_PASSWORD: "admin secret",
	MINDOODB_KEY_PASSWORD: "key secret",
	MINDOODB_EXPORT_PASSWORD: "export secret",
};
let cwd: string;

async function run(line: string, input?: unknown) {
	const given = { cwd, env, kdf: cheapKdf, ...(input === undefined ? {} : { input: JSON.stringify(input) }) };
	const { surroundings, output, errors } = capturedSurroundings(given);
	const code = await runCommand(line.split(" "), surroundings);
	return { code, out: output().trim(), err: errors() };
}

async function ok(line: string, input?: unknown): Promise<string> {
	const { code, out, err } = await run(line, input);
	expect([line, err, code]).toEqual([line, err, 0]);
	return out;
}

const envelope = (timestamp: number, message: string) => ({
	message: { message, metadata: { from: "alice.eth", timestamp, to: "bob.eth", type: "NEW" }, signature: "" },
});

beforeEach(async () => {
	cwd = await mkdtemp(join(tmpdir(), "mindoodb-dm3-database-"));
	await ok("init --user alice --name acme --dir desk");
	await ok("user device export alice.device --dir desk");
	await ok("user device import alice.device --dir phone");
});

afterEach(() => rm(cwd, { recursive: true, force: true }));

it("messages that two devices appended while apart are there on both, in order", async () => {
	await ok("dm3 append --db mail bob.eth --dir desk", [envelope(1000, "first"), envelope(3000, "third")]);
	await ok("sync --with desk --dir phone");
	await ok("dm3 append --db mail bob.eth --dir phone", envelope(2000, "second"));
	await ok("dm3 append --db mail bob.eth --dir desk", envelope(4000, "fourth"));
	expect(await ok("dm3 append --db mail bob.eth --dir desk", envelope(4000, "fourth"))).toBe("0 messages added.");
	await ok("sync --with desk --dir phone");
	const shown = await ok("dm3 read --db mail bob.eth --dir desk");
	expect(shown.split("\n").map((line) => line.split(": ")[1])).toEqual(["first", "second", "third", "fourth"]);
	expect(await ok("dm3 read --db mail bob.eth --dir phone")).toBe(shown);
	expect(await ok("dm3 read mail bob.eth --from 2000 --to 3000 --db --dir phone")).toMatch(/second.*\n.*third$/);
	expect(await ok("dm3 list --db mail --dir phone")).toBe("bob.eth");
	expect((await run("dm3 list --db nothing --dir phone")).code).toBe(6);
	expect((await run("dm3 list --db directory --dir phone")).code).toBe(2);
	expect((await run("dm3 append --db mail bob.eth --dir desk", {})).code).toBe(2);
});

it("conversations go from a file into a database and out again", async () => {
	await ok("dm3 append mail.json bob.eth", [envelope(1, "one"), envelope(2, "two")]);
	expect(await ok("dm3 import --db mail mail.json --dir desk")).toBe("2 messages of 1 conversation imported.");
	expect(await ok("dm3 import --db mail mail.json --dir desk")).toBe("0 messages of 1 conversation imported.");
	expect(await ok("dm3 export --db mail out.json --dir desk")).toBe("2 messages of 1 conversation in the file.");
	expect(await ok("dm3 read out.json bob.eth")).toBe(await ok("dm3 read mail.json bob.eth"));
	expect(Object.keys(JSON.parse(await readFile(join(cwd, "out.json"), "utf8"))).sort()).toEqual(
		Object.keys(JSON.parse(await readFile(join(cwd, "mail.json"), "utf8"))).sort(),
	);
});
