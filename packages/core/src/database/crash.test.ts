/** Kills a writing process at random moments and looks at what it left. `CRASH_KILLS` sets how often. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { cheapKdf, observe } from "@mindoodb/testing";
import { folderStores, memoryStores, nodeCrypto, nodeEnv } from "mindoodb";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, expect, it } from "vitest";
import { toHex } from "../bytes/hex.js";
import type { KeyBag } from "../keys/key-bag.js";
import type { PrivateUserId } from "../keys/user-id.js";
import type { MindooTenant } from "../tenant/mindoo-tenant.js";
import { TenantFactory } from "../tenant/tenant-factory.js";
import type { TenantIdentity } from "../tenant/tenant-identity.js";
import type { DocumentExplanation } from "./explain.js";
import type { MindooDB } from "./mindoo-db.js";

const kills = Number(process.env.CRASH_KILLS ?? 200);
/** Kills between two looks at everything, not only at what the last process wrote. */
const fullCheckEvery = 20;
const password = "password";
const child = fileURLToPath(new URL("./crash-child.test.mjs", import.meta.url));
/** Among the packages, so that the child finds those with native code, which are not bundled. */
const bundles = fileURLToPath(new URL("../../../../node_modules/", import.meta.url));
const native = ["@node-rs/argon2", "classic-level", "lz4-napi", "node-datachannel"];

type Writer = ChildProcessByStdio<Writable, Readable, Readable>;

/** Started while the one before it writes and what that left is looked at: loading the library takes longer than all the rest. */
let next: Writer;
let bundle: string;
let dir: string;
let file: string;
let identity: TenantIdentity;
let user: PrivateUserId;
let keyBag: KeyBag;

interface Acknowledged {
	/** Keys by document. */
	readonly keys: ReadonlyMap<string, readonly string[]>;
	readonly deleted: readonly string[];
	readonly settings: readonly string[];
}

beforeAll(async () => {
	dir = await mkdtemp(join(tmpdir(), "mindoodb-crash-"));
	file = join(dir, "member.json");
	const env = await nodeEnv({ stores: folderStores(join(dir, "stores"), nodeCrypto()) });
	const factory = new TenantFactory(env);
	user = await factory.createUserId("alice", password, cheapKdf);
	keyBag = factory.createKeyBag();
	const passwords = { adminPassword: password, tenantKeyPassword: password, userPassword: password };
	const { tenant } = await factory.createTenant({ tenantId: "crash", user, keyBag, ...passwords, ...cheapKdf });
	identity = tenant.identity;
	await tenant.close();
	const keys = Object.fromEntries(keyBag.listKeys().map((keyId) => [keyId, toHex(keyBag.get(keyId) as Uint8Array)]));
	const unlocking = { id: user, password, ...cheapKdf };
	await writeFile(file, JSON.stringify({ dir: join(dir, "stores"), identity, user: unlocking, keys }));
	bundle = await mkdtemp(join(bundles, ".crash-child-"));
	const resolve = { conditionNames: ["mindoodb-source", "node", "import"] };
	const build = await rolldown({ input: child, platform: "node", external: native, resolve });
	await build.write({ file: join(bundle, "child.mjs"), codeSplitting: false });
	await build.close();
	next = startWriter();
});

afterAll(async () => {
	next?.kill("SIGKILL");
	for (const each of [dir, bundle]) if (each !== undefined) await rm(each, { recursive: true, force: true });
});

function startWriter(): Writer {
	return spawn(process.execPath, [join(bundle, "child.mjs"), file], { stdio: ["pipe", "pipe", "pipe"] });
}

/** Lets a process write, and kills it some milliseconds after it has begun. */
async function writeAndKill(run: number, delay: number): Promise<Acknowledged> {
	const running = next;
	running.stdin.write(String(run));
	let text = "";
	let complaint = "";
	running.stderr.on("data", (data) => {
		complaint += String(data);
	});
	const begun = new Promise<void>((resolve) => {
		running.stdout.on("data", (data) => {
			text += String(data);
			// Every other time it is killed among its first writes, which open the database's documents.
			if (run % 2 === 0 || text.split("\n").length > 2) resolve();
		});
	});
	const ended = once(running, "close");
	await Promise.race([begun, ended]);
	await new Promise((resolve) => setTimeout(resolve, delay));
	if (running.exitCode !== null) throw new Error(`the writing process ended by itself: ${complaint}`);
	running.kill("SIGKILL");
	next = startWriter();
	await ended;
	// What stands behind the last line end was cut off by the kill.
	const lines = text
		.split("\n")
		.slice(0, -1)
		.map((line) => line.split(" "));
	const keys = new Map<string, string[]>();
	for (const [kind, docId = "", key = ""] of lines) {
		if (kind === "doc") keys.set(docId, [...(keys.get(docId) ?? []), key]);
	}
	const words = (kind: string) => lines.filter(([first]) => first === kind).map(([, word]) => word as string);
	return { keys, deleted: words("deleted"), settings: words("setting") };
}

async function open(stores: Parameters<typeof nodeEnv>[0]): Promise<MindooTenant> {
	return new TenantFactory(await nodeEnv(stores)).openTenant({
		identity,
		keyBag,
		user: { id: user, password, ...cheapKdf },
	});
}

async function checkAcknowledged(db: MindooDB, { keys, deleted }: Acknowledged): Promise<void> {
	for (const [docId, expected] of keys) {
		const data = (await db.getDocument(docId))?.getData() ?? {};
		expect(Object.keys(data)).toEqual(expect.arrayContaining([...expected]));
		const { entries } = (await db.explain(docId)) as DocumentExplanation;
		expect(entries.filter(({ verdict }) => verdict.kind !== "accepted")).toEqual([]);
	}
	for (const docId of deleted) expect((await db.getDocument(docId))?.isDeleted).toBe(true);
	expect(await db.listForks()).toEqual([]);
}

/** The same entries in a fresh store: every address and signature is checked on the way in, every document evaluated from nothing. */
async function checkReplay(tenant: MindooTenant): Promise<void> {
	const fresh = await open({ stores: memoryStores(nodeCrypto()) });
	for (const dbId of ["directory", "notes"]) {
		const [db, copy] = [await tenant.openDB(dbId), await fresh.openDB(dbId)];
		const report = await copy.store.putEntries(await db.store.getEntries(await db.store.getAllHashes()));
		expect(report.refused).toEqual([]);
		expect(await observe(db)).toEqual(await observe(copy));
	}
	await fresh.close();
}

async function checkRecords(): Promise<void> {
	const stores = folderStores(join(dir, "stores"), nodeCrypto());
	for (const dbId of ["directory", "notes"]) {
		const store = await stores.open({ tenantRoot: identity.tenantRoot, dbId, purpose: "documents" });
		for await (const damaged of store.verifyRecords()) expect(damaged).toBeUndefined();
		await store.close();
	}
}

it(`kill -9, ${kills} times: everything acknowledged is there, everything there verifies`, {
	timeout: 900_000,
}, async () => {
	const settings: string[] = [];
	let acknowledged = 0;
	for (let run = 1; run <= kills; run++) {
		const said = await writeAndKill(run, 5 + Math.random() * 115);
		const full = run % fullCheckEvery === 0 || run === kills;
		if (full) await checkRecords();
		const tenant = await open({ stores: folderStores(join(dir, "stores"), nodeCrypto()) });
		const db = await tenant.openDB("notes");
		await checkAcknowledged(db, said);
		settings.push(...said.settings);
		const kept = (await (await tenant.openDirectory()).getTenantSettings()) ?? {};
		expect(Object.keys(kept)).toEqual(expect.arrayContaining(settings));
		if (full) await checkReplay(tenant);
		await tenant.close();
		acknowledged += [...said.keys.values()].flat().length + said.deleted.length + said.settings.length;
	}
	expect(acknowledged).toBeGreaterThan(kills / 2);
});
