import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { run } from "./run.mjs";
import { isInstalled } from "./setup.mjs";

describe("what is installed", () => {
	let folder = "";
	const write = (path: string, text: string, seconds: number) => {
		writeFileSync(join(folder, path), text);
		utimesSync(join(folder, path), seconds, seconds);
	};
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "setup-"));
		mkdirSync(join(folder, "node_modules"));
		write("package-lock.json", "lock", 1000);
	});
	afterEach(() => rmSync(folder, { recursive: true, force: true }));

	test("nothing yet, or an installation that was cut short", () => {
		expect(isInstalled(folder)).toBe(false);
	});

	test("by time: the lock file is older than what npm installed", () => {
		write("node_modules/.package-lock.json", "", 1001);
		expect(isInstalled(folder)).toBe(true);
		write("package-lock.json", "other", 1002);
		expect(isInstalled(folder)).toBe(false);
	});

	test("by content: the same lock file with a newer time", () => {
		write("node_modules/.package-lock.json", "", 1001);
		write("node_modules/.mindoodb-setup", createHash("sha256").update("lock").digest("hex"), 1001);
		write("package-lock.json", "lock", 2000);
		expect(isInstalled(folder)).toBe(true);
		write("package-lock.json", "other", 2000);
		expect(isInstalled(folder)).toBe(false);
	});
});

describe("running a program", () => {
	const node = (program: string, capture = true) => run(process.execPath, ["--eval", program], { capture });

	test("gives its output and its exit code", async () => {
		expect(await node("console.log('ä', 1); process.exitCode = 7")).toEqual({ code: 7, output: "ä 1\n" });
	});

	test("a signal becomes 128 and its number", async () => {
		expect((await node("process.kill(process.pid, 'SIGTERM'); setTimeout(() => {}, 9999)")).code).toBe(143);
	});

	test("a signal to this process reaches it, and its handlers are gone afterwards", async () => {
		const before = process.listenerCount("SIGHUP");
		const ended = node("process.on('SIGHUP', () => process.exit(5)); setTimeout(() => {}, 9999)");
		const again = setInterval(() => process.emit("SIGHUP"), 50);
		const { code } = await ended.finally(() => clearInterval(again));
		// The first signals may come before the program has its handler: then it ends by the signal itself.
		expect([5, 129]).toContain(code);
		expect(process.listenerCount("SIGHUP")).toBe(before);
	});

	test("a program that is not there is an error", async () => {
		await expect(run("/nowhere/program", [])).rejects.toThrow(/ENOENT/);
	});
});
