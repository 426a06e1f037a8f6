/** The command with its stores in a real Postgres: processes that share a database, and its backup. */
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
	CommandProcesses,
	type RelayClient,
	ServedTenant,
	type ServerProcess,
	startTestObjects,
	startTestPostgres,
	type TestObjects,
	type TestPostgres,
} from "@mindoodb/testing";
import { type Env, memoryStores, nodeEnv, transportOf } from "mindoodb";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

const project = fileURLToPath(new URL("../../../../..", import.meta.url));

const programs = `${join(project, "node_modules", ".bin")}${delimiter}${process.env.PATH}`;

let base: Env;
let database: TestPostgres;
let objects: TestObjects;
let command: CommandProcesses;
let root: string;
let names = 0;

beforeAll(async () => {
	CommandProcesses.build(project);
	base = await nodeEnv();
	[database, objects] = await Promise.all([startTestPostgres({ fsync: true }), startTestObjects()]);
});

beforeEach(async () => {
	command = await CommandProcesses.create(join(project, "packages", "cli", "bin", "mindoodb.js"));
	({ root } = command);
});

afterEach(() => command.close());

afterAll(() => Promise.all([database?.stop(), objects?.stop()]));

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

const serve = (store: string, ...args: string[]) =>
	command.serve(["--policy", "open", ...args], { MINDOODB_STORE: store });
const run = (env: Record<string, string>, ...args: string[]) => command.run(args, env);

function serveTenant({ address, publicKey }: ServerProcess): Promise<ServedTenant> {
	const newStores = () => memoryStores(base.crypto);
	return ServedTenant.create({ env: base, newStores, transport: transportOf(address), server: publicKey });
}

const at = ({ address }: ServerProcess) => ({ transport: transportOf(address) });
const arrivalsAt = async (client: RelayClient) => (await (await client.store("notes")).position()).arrival;

describe("mindoodb serve --store postgres://…", () => {
	it("in two processes is one server; when one is killed, nothing that it acknowledged is lost", async () => {
		const store = await newDatabase();
		const [first, second] = [await serve(store), await serve(store)];
		expect([second.publicKey, first.facts.store]).toEqual([
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
		await first.stop("SIGKILL");
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

	it("is backed up while it runs, and restored, as docs/server-postgres.md tells", async () => {
		const page = await readFile(join(project, "docs", "server-postgres.md"), "utf8");
		const [, commands = ""] = /```sh\n([^`]*server restore[^`]*)```/.exec(page) ?? [];
		const [store, restored] = [await newDatabase(), await newDatabase()];
		const first = await serve(store, "--dir", "server");
		const served = await serveTenant(first);
		await served.notes.createDocument({ title: "in the backup" });
		await served.found();
		const env = { PATH: programs, MINDOODB_STORE: store, RESTORED: restored };
		const done = spawnSync("sh", ["-e", "-c", commands], { cwd: root, encoding: "utf8", env });
		expect([done.stderr, done.status]).toEqual(["", 0]);
		await first.stop("SIGTERM");
		await tell(`DROP DATABASE ${new URL(store).pathname.slice(1)}`);
		const again = await serve(restored, "--dir", "restored");
		expect(again.publicKey).toBe(first.publicKey);
		const client = await served.client(served.alice, at(again));
		await client.take([]);
		await (await client.begin()).session.level();
		expect(await arrivalsAt(client)).toBe(1);
		await served.close();
	});

	it("is copied within its database server, as docs/server-postgres.md tells", async () => {
		const page = await readFile(join(project, "docs", "server-postgres.md"), "utf8");
		const [copying = ""] = /CREATE DATABASE backup TEMPLATE mindoodb/.exec(page) ?? [];
		const store = await newDatabase();
		const first = await serve(store, "--dir", "server");
		await first.stop("SIGTERM");
		const name = new URL(store).pathname.slice(1);
		await tell(copying.replace("backup", "kept").replace("mindoodb", name));
		const copy = await serve(database.url.replace(/postgres$/, "kept"), "--dir", "server");
		expect(copy.publicKey).toBe(first.publicKey);
	});

	it("keeps large payloads in an object store, whether it is killed or not", async () => {
		const store = await newDatabase();
		const { endpoint, bucket, region, accessKeyId, secretAccessKey } = objects.place("payloads");
		const env = { MINDOODB_STORE: store, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
		const blobs = ["--blobs", `s3://${bucket}/payloads?region=${region}&endpoint=${encodeURIComponent(endpoint)}`];
		const first = await command.serve(["--policy", "open", ...blobs], env);
		const served = await serveTenant(first);
		await served.found();
		const bytes = base.crypto.randomBytes(700_000);
		const { id } = await served.notes.createDocument({ title: "with a file" });
		let attachment = "";
		await served.notes.changeDoc(id, async (_, attachments) => {
			attachment = await attachments.addAttachment(bytes, "file", "application/octet-stream");
		});
		await served.alice.tenant.sync(first.address).done;
		const listed = await (await fetch(`${endpoint}/${bucket}?prefix=payloads/`)).text();
		expect(listed.split(served.tenantRoot).length - 1).toBe(3);
		await first.stop("SIGKILL");
		const second = await command.serve(blobs, env);
		await served.bob.tenant.sync(second.address).done;
		const doc = await (await served.bob.db()).getDocument(id);
		expect(Buffer.compare((await doc?.getAttachment(attachment)) as Uint8Array, bytes)).toBe(0);
		await second.stop("SIGTERM");
		expect(run({ MINDOODB_STORE: store }, "serve")).toMatchObject({
			status: 2,
			stderr: expect.stringContaining("blobs: expected the object store"),
		});
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
