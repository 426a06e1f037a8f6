/** The command as a process of its own: what it prints, what it listens to, and how it ends. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandProcesses, patience, ServedTenant, type ServerProcess } from "@mindoodb/testing";
import { type Env, memoryStores, nodeEnv, transportOf } from "mindoodb";
import { generate } from "selfsigned";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

const project = fileURLToPath(new URL("../../../../..", import.meta.url));

let base: Env;
let command: CommandProcesses;
let root: string;

beforeAll(async () => {
	CommandProcesses.build(project);
	base = await nodeEnv();
});

beforeEach(async () => {
	command = await CommandProcesses.create(join(project, "packages", "cli", "bin", "mindoodb.js"));
	({ root } = command);
});

afterEach(() => command.close());

const serve = (...args: string[]) => command.serve(args);

const passwords = { MINDOODB_PASSWORD: "a", MINDOODB_ADMIN_PASSWORD: "b", MINDOODB_KEY_PASSWORD: "c" };
const run = (...args: string[]) => command.run(args, passwords);

function serveTenant({ address, publicKey }: ServerProcess): Promise<ServedTenant> {
	const newStores = () => memoryStores(base.crypto);
	return ServedTenant.create({ env: base, newStores, transport: transportOf(address), server: publicKey });
}

/** How many entries of "notes" a client with empty stores gets from a server. */
async function held(served: ServedTenant, server: ServerProcess): Promise<number> {
	const client = await served.client(served.alice, { transport: transportOf(server.address) });
	await client.take([]);
	const { session, ended } = await client.begin();
	await session.level();
	session.close();
	await ended;
	const { arrival } = await (await client.store("notes")).position();
	return arrival;
}

describe("mindoodb serve", () => {
	it("keeps what it acknowledged, whether it was stopped or killed", async () => {
		const first = await serve("--policy", "open");
		const served = await serveTenant(first);
		await served.notes.createDocument({ title: "kept" });
		await served.found();
		expect(await first.stop("SIGKILL")).toEqual([null, "SIGKILL"]);
		const second = await serve();
		expect(second.publicKey).toBe(first.publicKey);
		expect(await held(served, second)).toBe(1);
		expect(await second.stop("SIGTERM")).toEqual([0, null]);
		const third = await serve();
		expect(await held(served, third)).toBe(1);
		expect(await third.stop("SIGINT")).toEqual([0, null]);
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
		expect(run("serve", "--metrics", "0.0.0.0:0").stderr).toContain("--insecure");
		expect(run("serve", "--metrics", "nonsense").stderr).toContain("metrics");
		expect(run("serve", "--limits", "no.json").status).toBe(6);
		writeFileSync(join(root, "limits.json"), '{"sessions": "many"}');
		const limits = run("serve", "--limits", "limits.json");
		expect([limits.status, limits.stderr]).toEqual([2, expect.stringContaining("sessions: expected an integer")]);
	});

	it("keeps its figures from those who reach it from elsewhere, and its limits as they are written down", async () => {
		await writeFile(join(root, "limits.json"), '{"sessionsPerAddress": 1}');
		const open = ["--listen", "0.0.0.0:0", "--insecure", "--metrics", "127.0.0.1:0", "--limits", "limits.json"];
		const { facts, address } = await command.serve(open);
		expect(facts.limits).toMatchObject({ sessionsPerAddress: 1, sessionsPerKey: 32 });
		const near = address.replace("0.0.0.0", "127.0.0.1");
		expect((await fetch(`${near.replace("ws", "http")}/metrics`)).status).toBe(404);
		const held = await transportOf(near).connect();
		await expect(transportOf(near).connect()).rejects.toMatchObject({ code: "transport" });
		expect(await (await fetch(facts.metrics as string)).text()).toContain(
			'mindoodb_refusals_total{reason="sessions-of-address"} 1',
		);
		held.abort();
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
		await first.stop("SIGTERM");
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

function fingerprintOf({ address }: ServerProcess): Promise<string> {
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
