import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TenantFixture, type TestClock, testClock } from "@mindoodb/testing";
import { type Env, memoryStores, nodeEnv, toHex } from "mindoodb";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openServerKeys, type ServerKeys } from "../keys/server-keys.js";
import { type AdmissionPolicy, makeInvitation } from "./admission-policy.js";
import { ServerTenants } from "./server-tenants.js";
import { FolderRegistry } from "./tenant-registry.js";

let base: Env;
let root: string;
let dir: string;
let keys: ServerKeys;
let clock: TestClock;
let registry: FolderRegistry;
let fixture: TenantFixture;
let tenants: ServerTenants;

beforeAll(async () => {
	base = await nodeEnv();
	root = await mkdtemp(join(tmpdir(), "mindoodb-server-"));
	keys = await openServerKeys(base.crypto, join(root, "key.json"));
	fixture = await TenantFixture.create({ env: base, newStores: (crypto) => memoryStores(crypto) });
	return async () => {
		await fixture.close();
		await rm(root, { recursive: true });
	};
});

beforeEach(async () => {
	dir = await mkdtemp(join(root, "server-"));
	clock = testClock(fixture.creator.clock.now());
	registry = new FolderRegistry(dir);
	tenants = withPolicy({ kind: "open" });
});

afterEach(() => tenants.close());

function withPolicy(policy: AdmissionPolicy): ServerTenants {
	const env = { ...base, clock, stores: memoryStores(base.crypto) };
	return new ServerTenants({ env, keys, registry, policy, mostDatabases: 4 });
}

async function ask(invitation?: Uint8Array, of = keys, asking = fixture): Promise<Uint8Array> {
	const server = { signingKey: of.publicKey, encryptionKey: of.unwrappingKey.publicKey, addresses: [] };
	const directory = await asking.creator.directory();
	return directory.askServer(server, { ...asking.administrator, ...(invitation && { invitation }) });
}

function create(request: Uint8Array) {
	return tenants.create(fixture.identity.tenantRoot, request);
}

describe("the server's keys", () => {
	it("are made once, for their owner alone", async () => {
		const path = join(dir, "key.json");
		const made = await openServerKeys(base.crypto, path);
		expect((await openServerKeys(base.crypto, path)).publicKey).toBe(made.publicKey);
		expect((await stat(path)).mode & 0o777).toBe(0o600);
	});

	it("that are damaged are no reason to make others", async () => {
		const path = join(dir, "key.json");
		await writeFile(path, "{}");
		await expect(openServerKeys(base.crypto, path)).rejects.toMatchObject({ code: "format" });
		expect(await readFile(path, "utf8")).toBe("{}");
	});
});

describe("a tenant", () => {
	it("that was asked for is there, also for the next process; any other is not", async () => {
		const { tenantRoot } = fixture.identity;
		expect(await tenants.get(tenantRoot)).toBeUndefined();
		await create(await ask());
		expect((await tenants.get(tenantRoot))?.identity).toEqual(fixture.identity);
		await tenants.close();
		tenants = withPolicy({ kind: "allow", allowed: [] });
		expect((await tenants.get(tenantRoot))?.identity).toEqual(fixture.identity);
		expect(await tenants.list()).toEqual([tenantRoot]);
	});

	it("is opened once, however many ask, and forgotten when it is not here", async () => {
		await create(await ask());
		const { tenantRoot } = fixture.identity;
		const [first, second] = await Promise.all([tenants.get(tenantRoot), tenants.get(tenantRoot)]);
		expect(first).toBe(second);
		for (let i = 0; i < 10; i++) expect(await tenants.get(toHex(base.crypto.randomBytes(32)))).toBeUndefined();
		expect(await tenants.get("../../key")).toBeUndefined();
		expect(tenants.size).toBe(1);
	});

	it("that is asked for by a request of another time, server or tenant is not taken", async () => {
		const request = await ask();
		await expect(tenants.create("00".repeat(32), request)).rejects.toMatchObject({ code: "trust" });
		const other = await openServerKeys(base.crypto, join(dir, "other.json"));
		await expect(create(await ask(undefined, other))).rejects.toMatchObject({ code: "trust" });
		clock.advance(2 * 3_600_000);
		await expect(create(request)).rejects.toMatchObject({ code: "trust" });
		expect(await registry.list()).toEqual([]);
		clock.set(fixture.creator.clock.now());
		await create(request);
	});
});

describe("the policy", () => {
	it("of a list takes administration keys and tenantRoots that are on it", async () => {
		const { tenantRoot, administrationKey } = fixture.identity;
		tenants = withPolicy({ kind: "allow", allowed: ["00".repeat(32)] });
		await expect(create(await ask())).rejects.toMatchObject({ code: "trust" });
		tenants = withPolicy({ kind: "allow", allowed: [administrationKey] });
		await create(await ask());
		await rm(join(dir, "tenants"), { recursive: true });
		tenants = withPolicy({ kind: "allow", allowed: [tenantRoot] });
		await create(await ask());
	});

	it("of invitations takes each once, keeps no invitation in the clear, and lets its tenant ask again", async () => {
		tenants = withPolicy({ kind: "invitation" });
		const invitation = await makeInvitation({ crypto: base.crypto, registry });
		expect((await readdir(join(dir, "invitations"))).join()).not.toContain(toHex(invitation));
		await expect(create(await ask())).rejects.toMatchObject({ code: "trust" });
		await expect(create(await ask(base.crypto.randomBytes(32)))).rejects.toMatchObject({ code: "trust" });
		await create(await ask(invitation));
		const other = await TenantFixture.create({ env: base, seed: 2, newStores: (crypto) => memoryStores(crypto) });
		try {
			const stolen = await ask(invitation, keys, other);
			await expect(tenants.create(other.identity.tenantRoot, stolen)).rejects.toMatchObject({ code: "trust" });
		} finally {
			await other.close();
		}
		// The answer may have been lost on the way, and the tenant's file with a disk.
		await rm(join(dir, "tenants"), { recursive: true });
		await create(await ask(invitation));
	});
});
