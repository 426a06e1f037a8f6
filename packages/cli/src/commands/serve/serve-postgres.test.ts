/** The command with its stores in a real Postgres: processes that share a database, and its backup. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type RelayClient, ServedTenant, startTestPostgres, type TestPostgres } from "@mindoodb/testing";
import { type Env, memoryStores, nodeEnv, transportOf } from "mindoodb";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

const project = fileURLToPath(new URL("../../../../..", import.meta.url));
const binary = join(project, "packages", "cli", "bin", "mindoodb.js");

interface Server {
	readonly process: ChildProcess;
	readonly address: string;
	readonly publicKey: string;
	readonly store: string;
}

let base: Env;
let database: TestPostgres;
let root: string;
let names = 0;
const running: Server[] = [];

beforeAll(async () => {
	const built = spawnSync(process.execPath, [join(project, "node_modules", "typescript", "bin", "tsc"), "--build"], {
		cwd: project,
		encoding: "utf8",
	});
	expect([built.stdout, built.status]).toEqual(["", 0]);
	base = await nodeEnv();
	database = await startTestPostgres({ fsync: true });
});

beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), "mindoodb-serve-postgres-"));
});

afterEach(async () => {
	for (const each of running.splice(0)) await stop(each, "SIGKILL");
	await rm(root, { recursive: true, force: true });
});

afterAll(() => database?.stop());

async function tell(statement: string): Promise<void> {
	const sql = postgres(database.url, { max: 1, onnotice: () => undefined });
	await sql.unsafe(statement);
	await sql.end();
}

/** @returns the URL of a database that is empty. */
async function newDatabase(): Promise<string> {
	const name = `served${++names}`;
	await tell(`CREATE DATABASE ${name}`);
	return database.url.replace(/postgres$/, name);
}

async function serve(store: string, ...args: string[]): Promise<Server> {
	const child = spawn(
		process.execPath,
		[binary, "serve", "--json", "--policy", "open", "--listen", "127.0.0.1:0", ...args],
		{ cwd: root, env: { PATH: process.env.PATH ?? "", MINDOODB_STORE: store }, stdio: ["ignore", "pipe", "pipe"] },
	);
	let log = "";
	child.stderr.on("data", (data) => {
		log += String(data);
	});
	const ended = once(child, "exit").then(() => {
		throw new Error(`the server ended: ${log}`);
	});
	ended.catch(() => undefined);
	const [line] = (await Promise.race([once(child.stdout, "data"), ended])) as [Buffer];
	const server = { process: child, ...JSON.parse(line.toString()) } as Server;
	running.push(server);
	return server;
}

async function stop({ process: child }: Server, signal: NodeJS.Signals): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const ended = once(child, "exit");
	child.kill(signal);
	await ended;
}

function run(env: Record<string, string>, ...args: string[]) {
	const { status, stdout, stderr } = spawnSync(process.execPath, [binary, ...args], {
		cwd: root,
		env: { PATH: process.env.PATH ?? "", ...env },
		encoding: "utf8",
	});
	return { status, stdout, stderr };
}

function serveTenant({ address, publicKey }: Server): Promise<ServedTenant> {
	const newStores = () => memoryStores(base.crypto);
	return ServedTenant.create({ env: base, newStores, transport: transportOf(address), server: publicKey });
}

const at = ({ address }: Server) => ({ transport: transportOf(address) });
const arrivalsAt = async (client: RelayClient) => (await (await client.store("notes")).position()).arrival;

describe("mindoodb serve --store postgres://…", () => {
	it("in two processes is one server; when one is killed, nothing that it acknowledged is lost", async () => {
		const store = await newDatabase();
		const [first, second] = [await serve(store), await serve(store)];
		expect([second.publicKey, first.store]).toEqual([
			first.publicKey,
			`postgres://${new URL(store).host}${new URL(store).pathname}`,
		]);
		const served = await serveTenant(first);
		const alices = await served.found();
		await (await served.bob.directory()).db.pullChangesFrom((await served.alice.directory()).store);
		const bobs = await served.client(served.bob, at(second));
		await bobs.take([]);
		const [one, other] = [await alices.begin(), await bobs.begin()];
		await Promise.all([one.session.level(), other.session.level()]);
		let writing = true;
		const written = (async () => {
			while (writing) {
				await served.notes.createDocument({ title: "kept" });
				await alices.take();
				// The sockets have their turn.
				await new Promise((resolve) => setTimeout(resolve, 20));
			}
		})();
		await vi.waitFor(() => expect(one.session.counts.sent).toBeGreaterThan(5), { timeout: 30_000 });
		await stop(first, "SIGKILL");
		await one.ended;
		writing = false;
		await written;
		const acknowledged = one.session.counts.sent;
		await vi.waitFor(async () => expect(await arrivalsAt(bobs)).toBeGreaterThanOrEqual(acknowledged), {
			timeout: 10_000,
		});
		expect(other.session.ended).toBe(false);
		// What was under way comes to the process that is left.
		const left = await served.client(served.alice, at(second));
		await left.take();
		await (await left.begin()).session.level();
		const all = await arrivalsAt(left);
		expect(all).toBeGreaterThanOrEqual(acknowledged);
		await vi.waitFor(async () => expect(await arrivalsAt(bobs)).toBe(all), { timeout: 10_000 });
		await served.close();
	});

	it("is backed up and restored as docs/server-postgres.md tells", async () => {
		const page = await readFile(join(project, "docs", "server-postgres.md"), "utf8");
		const [, copying = ""] = /```sql\n([^`]*)```/.exec(page) ?? [];
		const named = (command: string, from: string, to: string) =>
			command.replace(/\bbackup\b/g, to).replace(/\bmindoodb\b/g, from);
		const store = await newDatabase();
		const first = await serve(store, "--dir", "server");
		const served = await serveTenant(first);
		await served.notes.createDocument({ title: "in the backup" });
		await served.found();
		await stop(first, "SIGTERM");
		expect(await readdir(join(root, "server"))).toContain("key.json");
		await tell(named(copying, new URL(store).pathname.slice(1), "kept"));
		await mkdir(join(root, "restored"), { mode: 0o700 });
		await cp(join(root, "server", "key.json"), join(root, "restored", "key.json"));
		await tell(`DROP DATABASE ${new URL(store).pathname.slice(1)}`);
		const restored = await serve(database.url.replace(/postgres$/, "kept"), "--dir", "restored");
		expect(restored.publicKey).toBe(first.publicKey);
		const client = await served.client(served.bob, at(restored));
		await client.take([]);
		const { session } = await client.begin();
		await session.level();
		expect(await arrivalsAt(client)).toBe(1);
		await served.close();
	});

	it("keeps invitations in the database", async () => {
		const store = await newDatabase();
		const { status, stdout } = run({ MINDOODB_STORE: store }, "server", "invite");
		expect([status, stdout]).toEqual([0, expect.stringMatching(/^[0-9a-f]{64}\n$/)]);
		expect(JSON.parse(run({}, "server", "invitations", "--store", store, "--json").stdout)).toHaveLength(1);
	});

	it("refuses what makes no sense, and says nothing of passwords", async () => {
		expect(run({}, "serve", "--store", "mysql://host/db").status).toBe(2);
		expect(run({}, "serve", "--blobs", "s3://bucket").status).toBe(2);
		expect(run({}, "serve", "--store", "postgres://host/db", "--notices", "shout").status).toBe(2);
		const gone = run({}, "serve", "--store", "postgres://user:secret@127.0.0.1:1/db");
		expect([gone.status, gone.stderr]).toEqual([4, expect.not.stringContaining("secret")]);
	});
});
