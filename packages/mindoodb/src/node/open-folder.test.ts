import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cheapKdf } from "@mindoodb/testing";
import { createFolder, FormatError, KeyError, type MindooFolder, openFolder, StoreError, UsageError } from "mindoodb";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

const password = "correct horse";
const options = { password, ...cheapKdf };
const tenantOptions = { tenantId: "acme", adminPassword: "admin", tenantKeyPassword: "tenant", ...options };

let template: string;
let root: string;
let dir: string;
const opened: MindooFolder[] = [];

// Making an RSA key takes its time: the two identities are made once and copied.
beforeAll(async () => {
	template = await mkdtemp(join(tmpdir(), "mindoodb-folder-"));
	for (const username of ["alice", "bob"]) {
		await (await createFolder(join(template, username), { username, ...options })).close();
	}
});

afterAll(() => rm(template, { recursive: true, force: true }));

beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), "mindoodb-folder-"));
	dir = join(root, "alice");
});

afterEach(async () => {
	for (const folder of opened.splice(0)) await folder.close();
	await rm(root, { recursive: true, force: true });
});

const createAnew = (path: string) => createFolder(path, { username: "alice", ...options });

/** As `createFolder` leaves it. */
async function create(path = dir, username = "alice"): Promise<MindooFolder> {
	await cp(join(template, username), path, { recursive: true, errorOnExist: true, force: false });
	return open(path);
}

const open = async (path = dir, word = password) => track(await openFolder(path, { ...options, password: word }));

function track(folder: MindooFolder): MindooFolder {
	opened.push(folder);
	return folder;
}

/** Content of every file beside the stores, by path. */
async function filesOf(path: string): Promise<Record<string, string>> {
	const files: Record<string, string> = {};
	for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
		const file = join(entry.parentPath, entry.name);
		if (!entry.isFile() || /\/(stores|lock)\//.test(file)) continue;
		files[file.slice(path.length + 1)] = await readFile(file, "utf8");
	}
	return files;
}

describe("a folder", () => {
	it("keeps identity, keys, tenant and documents", async () => {
		const folder = await create();
		const tenant = await folder.createTenant(tenantOptions);
		const doc = await (await tenant.openDB("notes")).createDocument({ title: "kept" });
		await folder.close();

		const again = await open();
		expect(again.username).toBe("alice");
		expect((await again.listTenants()).map(({ tenantId }) => tenantId)).toEqual(["acme"]);
		const reopened = await again.openTenant();
		expect((await (await reopened.openDB("notes")).getDocument(doc.id))?.getData()).toEqual({ title: "kept" });
		expect(await again.openTenant("acme")).toBe(reopened);
		expect(await again.openTenant(reopened.identity.tenantRoot)).toBe(reopened);
		expect((await again.administrationKey())?.publicKey).toContain("PUBLIC KEY");
	});

	it("lets only its owner in", async () => {
		await (await create()).createTenant(tenantOptions);
		for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
			const path = join(entry.parentPath, entry.name);
			// LevelDB makes its own files; the folders around them keep others out.
			if (/\/rows\//.test(path)) continue;
			const mode = (await stat(path)).mode & 0o777;
			if (entry.isDirectory() && entry.name === "rows") continue;
			expect([path, mode.toString(8)]).toEqual([path, entry.isDirectory() ? "700" : "600"]);
		}
		expect((await stat(dir)).mode & 0o777).toBe(0o700);
	});

	it("has a key on disk before the call that imported it resolves", async () => {
		const folder = await create();
		const tenant = await folder.createTenant(tenantOptions);
		const key = await folder.createKey("pw", cheapKdf);
		await tenant.keyBag.decryptAndImportKey("vault", key, { password: "pw", ...cheapKdf });
		await cp(dir, join(root, "copy"), { recursive: true, filter: (path) => !/\/(stores|lock)/.test(path) });
		const copy = await open(join(root, "copy"));
		expect((await copy.openTenant()).keyBag.listKeys().sort()).toEqual(["default", "directory", "vault"]);
	});

	it("does not mix up the keys of two tenants", async () => {
		const folder = await create();
		const first = await folder.createTenant(tenantOptions);
		const second = await folder.createTenant({ ...tenantOptions, tenantId: "other" });
		await folder.close();
		const again = await open();
		await expect(again.openTenant()).rejects.toThrow(UsageError);
		const [one, two] = [await again.openTenant("acme"), await again.openTenant("other")];
		expect(one.keyBag.getAllKeys("directory")).toEqual(first.keyBag.getAllKeys("directory"));
		expect(two.keyBag.getAllKeys("directory")).toEqual(second.keyBag.getAllKeys("directory"));
		expect(one.keyBag.getAllKeys("directory")).toHaveLength(1);
	});

	it("joins a tenant by an invitation, and has the released keys on disk after a sync", async () => {
		const alice = await create();
		const tenant = await alice.createTenant(tenantOptions);
		const bob = await create(join(root, "bob"), "bob");
		await expect(bob.readInvitation(new Uint8Array(0))).rejects.toMatchObject({ code: "not-found" });
		const { request, words } = await bob.makeJoinRequest();
		const directory = await tenant.openDirectory();
		const { response, words: shown } = await directory.inviteUser(request, { words });
		const wrong = { response, confirmation: { words } };
		await expect(bob.joinTenant(wrong)).rejects.toMatchObject({ code: "trust" });
		expect(await bob.listTenants()).toEqual([]);
		// The request is remembered.
		await bob.close();
		const again = await open(join(root, "bob"));
		const joined = await again.joinTenant({ response, confirmation: { words: shown } });
		await (await joined.openDirectory()).db.pullChangesFrom(directory.store);
		await expect(again.joinTenant({ response, confirmation: { words: shown } })).rejects.toThrow(UsageError);
		await cp(bob.dir, join(root, "copy"), { recursive: true, filter: (path) => !/\/(stores|lock)/.test(path) });
		const copy = await (await open(join(root, "copy"))).openTenant();
		expect(copy.keyBag.getAllKeys("default")).toEqual(tenant.keyBag.getAllKeys("default"));
		expect(await again.administrationKey()).toBeUndefined();
	});
});

describe("a wipe that an administrator asked for", () => {
	it("takes the tenant's keys, databases and files, and leaves identity and other tenants", async () => {
		const alice = await create();
		const tenant = await alice.createTenant(tenantOptions);
		const bob = await create(join(root, "bob"), "bob");
		const own = await bob.createTenant({ ...tenantOptions, tenantId: "own" });
		await (await own.openDB("notes")).createDocument({ title: "his own" });
		const directory = await tenant.openDirectory();
		const { request, words } = await bob.makeJoinRequest();
		const invitation = await directory.inviteUser(request, { words });
		const { identity } = tenant;
		const joined = await bob.joinTenant({ response: invitation.response, confirmation: { words: invitation.words } });
		const theirs = await joined.openDirectory();
		await theirs.db.pullChangesFrom(directory.store);
		await (await joined.openDB("notes")).createDocument({ title: "the company's" });

		await directory.revokeUser("bob", { requestDataWipe: true });
		await theirs.db.pullChangesFrom(directory.store);
		await joined.wiping;
		const left = Object.keys(await filesOf(bob.dir));
		expect(left.filter((path) => path.includes(identity.tenantRoot.slice(0, 32)) && !path.endsWith("/"))).toEqual([]);
		expect(await readdir(join(bob.dir, "stores", identity.tenantRoot.slice(0, 32)))).toEqual([]);
		expect((await bob.listTenants()).map(({ tenantId }) => tenantId)).toEqual(["own"]);
		await bob.close();
		const again = await open(join(root, "bob"));
		expect(again.username).toBe("bob");
		expect(await (await (await again.openTenant("own")).openDB("notes")).getAllDocumentIds()).toHaveLength(1);
		expect(await tenant.listDatabases()).toEqual([]);
		expect((await directory.listUsers()).map(({ username }) => username)).toEqual(["alice", "bob"]);
	});
});

describe("a password", () => {
	it("that is wrong changes nothing", async () => {
		await (await create()).createTenant(tenantOptions);
		await opened[0]?.close();
		const before = await filesOf(dir);
		await expect(openFolder(dir, { ...options, password: "no" })).rejects.toMatchObject({ code: "password" });
		expect(await filesOf(dir)).toEqual(before);
		await open();
	});

	it("can be changed, also with tenants that are not open", async () => {
		const folder = await create();
		const tenant = await folder.createTenant(tenantOptions);
		await folder.createTenant({ ...tenantOptions, tenantId: "other" });
		const keys = tenant.keyBag.getAllKeys("default");
		await folder.close();
		const again = await open();
		await again.openTenant("acme");
		const change = { oldPassword: password, newPassword: "new", ...cheapKdf };
		await expect(again.changePassword({ ...change, oldPassword: "no" })).rejects.toBeInstanceOf(KeyError);
		await again.changePassword(change);
		// A key that comes afterwards is saved under the new password.
		(await again.openTenant("acme")).keyBag.set("later", new Uint8Array(32).fill(7), 1);
		await again.close();
		await expect(openFolder(dir, options)).rejects.toMatchObject({ code: "password" });
		const last = await open(dir, "new");
		expect((await last.openTenant("acme")).keyBag.getAllKeys("default")).toEqual(keys);
		expect((await last.openTenant("acme")).keyBag.listKeys()).toContain("later");
		expect((await last.openTenant("other")).keyBag.listKeys()).toEqual(["default", "directory"]);
	});

	it("is the old or the new one after a crash in the middle of its change", async () => {
		const folder = await create();
		await folder.createTenant(tenantOptions);
		await folder.close();
		const before = await filesOf(dir);
		const again = await open();
		await again.changePassword({ oldPassword: password, newPassword: "new", ...cheapKdf });
		await again.close();
		const after = await filesOf(dir);
		// New KeyBags written, identity not yet; identity written, old KeyBags still there.
		for (const [name, files, word] of [
			["early", { ...after, ...before }, password],
			["late", { ...before, ...after }, "new"],
		] as const) {
			const path = join(root, name);
			await cp(dir, path, { recursive: true });
			for (const [file, content] of Object.entries(files)) {
				await mkdir(join(path, file, ".."), { recursive: true });
				await writeFile(join(path, file), content);
			}
			const crashed = await open(path, word);
			expect((await crashed.openTenant()).keyBag.listKeys()).toEqual(["default", "directory"]);
			await crashed.close();
			expect(Object.keys(await filesOf(path)).filter((file) => file.includes("keys."))).toHaveLength(1);
		}
	});
});

describe("a folder that is not right", () => {
	it("is refused with a typed error and left as it is", async () => {
		await expect(openFolder(join(root, "none"), options)).rejects.toMatchObject({ code: "not-found" });
		await expect(readdir(join(root, "none"))).rejects.toThrow();
		await writeFile(join(root, "something"), "else");
		await expect(createAnew(root)).rejects.toBeInstanceOf(UsageError);
		expect(await readdir(root)).toEqual(["something"]);

		const folder = await create();
		await folder.createTenant(tenantOptions);
		await folder.close();
		await expect(createAnew(dir)).rejects.toBeInstanceOf(UsageError);
		const files = await filesOf(dir);
		const identity = JSON.parse(files["identity.json"] as string) as Record<string, unknown>;
		for (const [damaged, code] of [
			["", "format"],
			["{", "format"],
			["[]", "format"],
			[JSON.stringify({ ...identity, mindoodb: "else" }), "format"],
			[JSON.stringify({ ...identity, version: 2 }), "unsupported"],
			[JSON.stringify({ ...identity, keyBags: "../../x" }), "format"],
			[JSON.stringify({ ...identity, user: {} }), "format"],
			["x".repeat(1 << 20), "limit"],
		]) {
			await writeFile(join(dir, "identity.json"), damaged as string);
			const error = await openFolder(dir, options).catch((thrown: unknown) => thrown);
			expect([damaged?.slice(0, 40), error]).toEqual([damaged?.slice(0, 40), expect.any(FormatError)]);
			expect((error as FormatError).code).toBe(code);
			expect(await readFile(join(dir, "identity.json"), "utf8")).toBe(damaged);
		}
		await writeFile(join(dir, "identity.json"), files["identity.json"] as string);
		await open();
	});

	it("names what is damaged of a tenant", async () => {
		const folder = await create();
		await folder.createTenant(tenantOptions);
		await folder.close();
		const files = await filesOf(dir);
		const keys = Object.keys(files).find((file) => file.includes("keys.")) as string;
		await rm(join(dir, keys));
		const again = await open();
		await expect(again.openTenant()).rejects.toMatchObject({ code: "store-damaged" });
		await writeFile(join(dir, keys), (files[keys] as string).replace(/"ciphertext": ?"..../, '"ciphertext":"AAAA'));
		await expect(again.openTenant()).rejects.toBeInstanceOf(KeyError);
		await writeFile(join(dir, keys), files[keys] as string);
		await again.openTenant();
		await again.close();

		const tenantFile = Object.keys(files).find((file) => file.endsWith("/tenant.json")) as string;
		await writeFile(join(dir, tenantFile), (files[tenantFile] as string).replace("acme", "emca"));
		await expect(openFolder(dir, options)).rejects.toBeInstanceOf(FormatError);
	});

	it("held by another process names that process", async () => {
		await (await create()).close();
		// Takes the lock as `lockFolder` does.
		const script = `
			import { ClassicLevel } from "classic-level";
			import { writeFileSync } from "node:fs";
			const level = new ClassicLevel(process.argv[1] + "/lock/rows");
			await level.open();
			writeFileSync(process.argv[1] + "/lock/holder.json", JSON.stringify({ pid: process.pid, since: 1000 }));
			console.log("held");
			setInterval(() => {}, 1000);`;
		const child = spawn(process.execPath, ["--input-type=module", "-e", script, dir], { cwd: import.meta.dirname });
		await once(child.stdout, "data");
		const error = await openFolder(dir, options).catch((thrown: unknown) => thrown);
		expect(error).toBeInstanceOf(StoreError);
		expect(error).toMatchObject({ code: "store-locked", data: { holder: { pid: child.pid, since: 1000 } } });
		child.kill("SIGKILL");
		await once(child, "exit");
		await open();
	});
});

describe("dropLocal", () => {
	it("erases keys and stores and keeps the identity", async () => {
		const folder = await create();
		await (await folder.createTenant(tenantOptions)).openDB("notes");
		await expect(folder.dropLocal()).rejects.toMatchObject({ code: "usage", data: { field: "administrationKeys" } });
		await folder.dropLocal({ administrationKeys: true });
		expect((await readdir(dir)).sort()).toEqual(["identity.json", "lock"]);
		await expect(folder.openTenant()).rejects.toMatchObject({ code: "closed" });
		const again = await open();
		expect(await again.listTenants()).toEqual([]);
		await again.makeJoinRequest();
		await again.dropLocal({ identity: true });
		expect(await readdir(dir)).toEqual([]);
		await (await createAnew(dir)).close();
	});

	it("that was cut short is completed when the folder is opened", async () => {
		const folder = await create();
		await folder.createTenant(tenantOptions);
		await folder.close();
		await cp(join(dir, "tenants"), join(dir, "dropped"), { recursive: true });
		await rm(join(dir, "tenants"), { recursive: true });
		const again = await open();
		expect(await again.listTenants()).toEqual([]);
		expect((await readdir(dir)).sort()).toEqual(["identity.json", "lock"]);
	});
});
