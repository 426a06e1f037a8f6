import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startTestPostgres, type TestPostgres } from "@mindoodb/testing";
import { nodeCrypto } from "mindoodb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PostgresStores } from "./postgres-stores.js";

const crypto = nodeCrypto();
const tenantRoot = "ab".repeat(32);
const script = fileURLToPath(new URL("./appending-child.test.mjs", import.meta.url));
const everything = { lower: { createdAt: 0, hashPrefix: new Uint8Array(0) } };
let server: TestPostgres;

beforeAll(async () => {
	for (const built of ["../../dist/index.js", "../../../testing/dist/index.js"]) {
		const path = fileURLToPath(new URL(built, import.meta.url));
		if (!existsSync(path)) throw new Error(`${path} is missing: run "npm run build" before this test`);
	}
	server = await startTestPostgres();
});

afterAll(() => server?.stop());

/** A process that appends, and what it was told to be durable: hashes by arrival. */
interface Appending {
	readonly child: ChildProcess;
	readonly acknowledged: Map<number, string>;
	readonly ended: Promise<unknown>;
}

async function appending(schema: string, entries: number): Promise<Appending> {
	const child = spawn(process.execPath, [script, server.url, schema, tenantRoot, `${entries}`], {
		stdio: ["pipe", "pipe", "inherit"],
	});
	const acknowledged = new Map<number, string>();
	const lines = createInterface(child.stdout);
	const ready = once(lines, "line");
	lines.on("line", (line) => {
		const [word, arrival, hash] = line.split(" ");
		if (word === "ack") acknowledged.set(Number(arrival), hash as string);
	});
	await ready;
	return { child, acknowledged, ended: once(child, "close") };
}

test("two processes append to one store, one of them is killed, and a third that reads by position misses nothing", async () => {
	const schema = "processes";
	const stores = await PostgresStores.connect(server.url, crypto, { schema });
	const store = await stores.open({ tenantRoot, dbId: "notes", purpose: "documents" });
	const [steady, killed] = [await appending(schema, 400), await appending(schema, 1_000_000)];
	for (const { child } of [steady, killed]) child.stdin?.write("go");
	const seen: string[] = [];
	let running = true;
	const ended = Promise.all([steady.ended, killed.ended]).then(() => {
		running = false;
	});
	let digest = "";
	for (let next = 0; ; ) {
		const wasRunning = running;
		const page = await store.entriesAfter(next, { limit: 7 });
		for (const { arrival, entry } of page.arrivals) {
			seen.push(entry.hash);
			expect(arrival).toBe(seen.length);
		}
		expect(page.next).toBe(seen.length);
		if (seen.length > 150) killed.child.kill("SIGKILL");
		digest = page.digest;
		if (!wasRunning && page.next === next) break;
		next = page.next;
	}
	await ended;
	expect(steady.acknowledged.size).toBe(400);
	expect(killed.acknowledged.size).toBeGreaterThan(0);
	for (const { acknowledged } of [steady, killed]) {
		for (const [arrival, hash] of acknowledged) expect(seen[arrival - 1]).toBe(hash);
	}
	expect(new Set(seen).size).toBe(seen.length);
	expect(await store.position()).toEqual({ arrival: seen.length, digest });
	expect((await store.fingerprint(everything)).count).toBe(seen.length);
	for await (const damaged of store.verifyRecords()) expect(damaged).toBeUndefined();
	await stores.close();
});
