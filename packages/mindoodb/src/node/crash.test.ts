import { type ChildProcessByStdio, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Entry, LocalStore } from "@mindoodb/core";
import { folderStores, nodeCrypto } from "mindoodb";
import { afterAll, beforeAll, expect, test } from "vitest";

const kills = 20;
const child = fileURLToPath(new URL("./crash-child.test.mjs", import.meta.url));
const tenantRoot = "ab".repeat(32);
const everything = { lower: { createdAt: 0, hashPrefix: new Uint8Array(0) } };
let dir = "";
/** Loads the library while the one before it writes and what that left is looked at. */
let next: ChildProcessByStdio<Writable, Readable, Readable>;

beforeAll(async () => {
	for (const built of ["../../dist/node/index.js", "../../../testing/dist/index.js"]) {
		const path = fileURLToPath(new URL(built, import.meta.url));
		if (!existsSync(path)) throw new Error(`${path} is missing: run "npm run build" before this test`);
	}
	dir = await mkdtemp(join(tmpdir(), "mindoodb-crash-"));
	next = startWriter();
});

afterAll(async () => {
	next?.kill("SIGKILL");
	await rm(dir, { recursive: true, force: true });
});

function startWriter(): typeof next {
	return spawn(process.execPath, [child, dir, tenantRoot], { stdio: ["pipe", "pipe", "pipe"] });
}

interface Said {
	readonly acknowledged: readonly string[];
	readonly purging: readonly string[];
	readonly purged: readonly string[];
}

/** Lets the child write, kills it some time after its first word. */
async function writeAndKill(delay: number): Promise<Said> {
	const running = next;
	running.stdin.write("1");
	let text = "";
	let complaint = "";
	running.stderr.on("data", (data) => {
		complaint += String(data);
	});
	const begun = new Promise<void>((resolve) => {
		running.stdout.on("data", (data) => {
			text += String(data);
			resolve();
		});
	});
	const ended = new Promise<void>((resolve) => running.once("close", () => resolve()));
	await Promise.race([begun, ended]);
	if (running.exitCode !== null) throw new Error(`the writing process ended by itself: ${complaint}`);
	await new Promise((resolve) => setTimeout(resolve, delay));
	running.kill("SIGKILL");
	next = startWriter();
	await ended;
	// What stands behind the last line end was cut off by the kill.
	const lines = text.split("\n").slice(0, -1);
	const words = (kind: string) =>
		lines.filter((line) => line.startsWith(`${kind} `)).flatMap((line) => line.split(" ").slice(1));
	return { acknowledged: words("ack"), purging: words("purging"), purged: words("purged") };
}

async function check(store: LocalStore, said: Said): Promise<void> {
	for await (const damaged of store.verifyRecords()) expect(damaged).toBeUndefined();
	const present = new Map((await store.findNewEntries([])).map((entry) => [entry.hash, entry as Entry]));
	const missing = said.acknowledged.filter((hash) => !present.has(hash));
	// A purge that had begun goes on when the store is opened; none is left half done.
	const left = new Set([...present.values()].map(({ common }) => common.docId));
	for (const docId of said.purged) expect(left.has(docId), "a purged document is back").toBe(false);
	const arrivals = await store.arrivalsOf(missing);
	expect(arrivals).not.toContain(undefined);
	if (said.purging.length === 0) expect(missing).toEqual([]);
	const { arrival } = await store.position();
	expect((await store.fingerprint(everything)).count).toBe(arrival);
	for (const publicKey of await store.authors()) expect(await store.chainHeads(publicKey)).toHaveLength(1);
	const rows = await store.rows.getMany(said.acknowledged.slice(-1).map((hash) => new TextEncoder().encode(hash)));
	expect(rows).not.toContain(undefined);
}

test(`kill -9, ${kills} times: everything acknowledged is there, everything there verifies`, {
	timeout: 120_000,
}, async () => {
	const crypto = nodeCrypto();
	let entries = 0;
	for (let i = 0; i < kills; i++) {
		// A few kills on top of each other; then afresh, since every check reads all there is.
		if (i % 5 === 0) await rm(dir, { recursive: true, force: true });
		const said = await writeAndKill(Math.floor(Math.random() * 40));
		const store = await folderStores(dir, crypto).open({ tenantRoot, dbId: "notes", purpose: "documents" });
		await check(store, said);
		entries += said.acknowledged.length;
		await store.close();
	}
	expect(entries).toBeGreaterThan(0);
});
