/** The command as a process of its own: what it prints, what it listens to, and how it ends. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { patience, RelayClient, ServedTenant } from "@mindoodb/testing";
import { type Env, memoryStores, nodeEnv, transportOf } from "mindoodb";
import { generate } from "selfsigned";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

const project = fileURLToPath(new URL("../../../../..", import.meta.url));
const binary = join(project, "packages", "cli", "bin", "mindoodb.js");

let base: Env;
let root: string;
const running: Server[] = [];

interface Server {
	readonly process: ChildProcess;
	readonly address: string;
	readonly publicKey: string;
	readonly log: () => string;
}

beforeAll(async () => {
	const built = spawnSync(process.execPath, [join(project, "node_modules", "typescript", "bin", "tsc"), "--build"], {
		cwd: project,
		encoding: "utf8",
	});
	expect([built.stdout, built.status]).toEqual(["", 0]);
	base = await nodeEnv();
});

beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), "mindoodb-serve-"));
});

afterEach(async () => {
	for (const each of running.splice(0)) {
		each.process.kill("SIGKILL");
		if (each.process.exitCode === null && each.process.signalCode === null) await once(each.process, "exit");
	}
	await rm(root, { recursive: true, force: true });
});

async function serve(...args: string[]): Promise<Server> {
	const child = spawn(process.execPath, [binary, "serve", "--json", "--listen", "127.0.0.1:0", ...args], {
		cwd: root,
		env: { PATH: process.env.PATH ?? "" },
		stdio: ["ignore", "pipe", "pipe"],
	});
	let log = "";
	child.stderr.on("data", (data) => {
		log += String(data);
	});
	const ended = once(child, "exit").then(() => {
		throw new Error(`the server ended: ${log}`);
	});
	ended.catch(() => undefined);
	const [line] = (await Promise.race([once(child.stdout, "data"), ended])) as [Buffer];
	const server = { process: child, ...JSON.parse(line.toString()), log: () => log } as Server;
	running.push(server);
	return server;
}

async function stop(server: Server, signal: NodeJS.Signals): Promise<unknown[]> {
	const ended = once(server.process, "exit");
	server.process.kill(signal);
	return ended;
}

const passwords = { MINDOODB_PASSWORD: "a", MINDOODB_ADMIN_PASSWORD: "b", MINDOODB_KEY_PASSWORD: "c" };

function run(...args: string[]) {
	const { status, stdout, stderr } = spawnSync(process.execPath, [binary, ...args], {
		cwd: root,
		env: { PATH: process.env.PATH ?? "", ...passwords },
		encoding: "utf8",
	});
	return { status, stdout, stderr };
}

function serveTenant({ address, publicKey }: Server): Promise<ServedTenant> {
	const newStores = () => memoryStores(base.crypto);
	return ServedTenant.create({ env: base, newStores, transport: transportOf(address), server: publicKey });
}

async function member(served: ServedTenant, { address, publicKey }: Server): Promise<RelayClient> {
	const { fixture, alice } = served;
	const env = { ...base, stores: memoryStores(base.crypto) };
	return RelayClient.create({ env, fixture, replica: alice, transport: transportOf(address), server: publicKey });
}

/** How many entries of "notes" a client with empty stores gets from a server. */
async function held(served: ServedTenant, server: Server): Promise<number> {
	const client = await member(served, server);
	await client.take([]);
	const { session, ended } = await client.begin();
	await session.level();
	session.close();
	await ended;
	const { arrival } = await (await client.store("notes")).position();
	await client.close();
	return arrival;
}

describe("mindoodb serve", () => {
	it("keeps what it acknowledged, whether it was stopped or killed", async () => {
		const first = await serve("--policy", "open");
		const served = await serveTenant(first);
		await served.notes.createDocument({ title: "kept" });
		await served.found();
		expect(await stop(first, "SIGKILL")).toEqual([null, "SIGKILL"]);
		const second = await serve();
		expect(second.publicKey).toBe(first.publicKey);
		expect(await held(served, second)).toBe(1);
		expect(await stop(second, "SIGTERM")).toEqual([0, null]);
		const third = await serve();
		expect(await held(served, third)).toBe(1);
		expect(await stop(third, "SIGINT")).toEqual([0, null]);
		await served.close();
	});

	it("lets no second process into its folder, and takes invitations while it runs", async () => {
		const server = await serve();
		const second = run("serve", "--listen", "127.0.0.1:0");
		expect([second.status, second.stderr]).toEqual([4, expect.stringContaining("another process")]);
		const { status, stdout } = run("server", "invite");
		expect([status, stdout]).toEqual([0, expect.stringMatching(/^[0-9a-f]{64}\n$/)]);
		const served = await serveTenant(server);
		await expect(served.found()).rejects.toThrow(/policy/);
		await served.found(Buffer.from(stdout.trim(), "hex"));
		expect(run("server", "invitations").stdout).toContain(served.tenantRoot);
		await served.close();
	});

	it("keeps a tenant that `server add` brings, and names the server in the directory", async () => {
		const { address, publicKey } = await serve("--policy", "open");
		expect(run("init", "--user", "alice", "--name", "acme", "--dir", "alice").status).toBe(0);
		const adding = ["server", "add", address, "--dir", "alice", "--server-key"];
		const wrong = run(...adding, "00".repeat(32));
		expect([wrong.status, wrong.stderr]).toEqual([5, expect.stringContaining("key")]);
		expect(run(...adding, publicKey, "--json")).toMatchObject({ status: 0, stderr: "" });
		// Once more does no harm.
		expect(run(...adding, publicKey, "--json")).toMatchObject({ status: 0, stderr: "" });
		expect(await readdir(join(root, "mindoodb-server", "tenants"))).toHaveLength(1);
		const listed = JSON.parse(run("server", "list", "--dir", "alice", "--json").stdout);
		expect(listed).toEqual([{ signingKey: publicKey, addresses: [address] }]);
	});

	it("refuses what makes no sense before it begins", () => {
		const open = run("serve", "--listen", "0.0.0.0:0");
		expect([open.status, open.stderr]).toEqual([2, expect.stringContaining("--tls-cert")]);
		expect(run("serve", "--listen", "nonsense").status).toBe(2);
		expect(run("serve", "--policy", "none").status).toBe(2);
		expect(run("serve", "--allow", "ab").status).toBe(2);
		expect(run("serve", "--tls-cert", "cert.pem").status).toBe(2);
		expect(run("serve", "--tls-cert", "no.pem", "--tls-key", "no.pem").status).toBe(6);
		expect(run("serve", "--mirror", "http://example.org").status).toBe(2);
		expect(run("serve", "--log-level", "loud").status).toBe(2);
	});

	it("says so when it cannot listen", async () => {
		const { address } = await serve("--dir", "one");
		const taken = run("serve", "--dir", "two", "--listen", `127.0.0.1:${new URL(address).port}`);
		expect([taken.status, taken.stderr]).toEqual([7, expect.stringContaining("EADDRINUSE")]);
	});

	it("speaks TLS, and reads its certificate again when it is told to", async () => {
		const certificate = async () => {
			const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }]);
			await writeFile(join(root, "key.pem"), key, { mode: 0o600 });
			await writeFile(join(root, "cert.pem"), cert);
		};
		await certificate();
		const server = await serve("--tls-cert", "cert.pem", "--tls-key", "key.pem");
		expect(server.address).toMatch(/^wss:/);
		const shown = await fingerprintOf(server);
		await certificate();
		server.process.kill("SIGHUP");
		await vi.waitFor(async () => expect(await fingerprintOf(server)).not.toBe(shown), patience);
		await writeFile(join(root, "cert.pem"), "damaged");
		server.process.kill("SIGHUP");
		await vi.waitFor(() => expect(server.log()).toContain("could not be read again"), patience);
		expect(await fingerprintOf(server)).not.toBe(shown);
	});
});

describe("docs/server.md", () => {
	it("tells how to back up and restore a server", async () => {
		const first = await serve("--dir", "server", "--policy", "open");
		const served = await serveTenant(first);
		await served.notes.createDocument({ title: "in the backup" });
		await served.found();
		await stop(first, "SIGTERM");
		const page = await readFile(join(project, "docs", "server.md"), "utf8");
		const [, commands = ""] = /```sh\n([^`]*tar [^`]*)```/.exec(page) ?? [];
		const done = spawnSync("sh", ["-e", "-c", commands], { cwd: root, encoding: "utf8" });
		expect([done.stderr, done.status]).toEqual(["", 0]);
		await rm(join(root, "server"), { recursive: true });
		const restored = await serve("--dir", "restored");
		expect(restored.publicKey).toBe(first.publicKey);
		expect(await held(served, restored)).toBe(1);
		await served.close();
	});
});

function fingerprintOf({ address }: Server): Promise<string> {
	return new Promise((resolve, reject) => {
		const { hostname, port } = new URL(address);
		const asked = request({ hostname, port, path: "/healthz", rejectUnauthorized: false, agent: false }, (response) => {
			response.resume();
			const { fingerprint256 } = (response.socket as import("node:tls").TLSSocket).getPeerCertificate();
			response.on("end", () => resolve(fingerprint256));
		});
		asked.on("error", reject).end();
	});
}
