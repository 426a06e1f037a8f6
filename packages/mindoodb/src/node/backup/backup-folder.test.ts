import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cheapKdf } from "@mindoodb/testing";
import {
	backupFolder,
	createFolder,
	type Entry,
	importFolder,
	type MindooFolder,
	openFolder,
	restoreFolder,
} from "mindoodb";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";

const password = "correct horse";
const options = { password, ...cheapKdf };
const archivePassword = async () => "archive";

let template: string;
let root: string;
let alice: MindooFolder;

beforeAll(async () => {
	template = await mkdtemp(join(tmpdir(), "mindoodb-backup-"));
	await (await createFolder(join(template, "alice"), { username: "alice", ...options })).close();
});

afterAll(() => rm(template, { recursive: true, force: true }));

beforeEach(async () => {
	root = await mkdtemp(join(tmpdir(), "mindoodb-backup-"));
	await cp(join(template, "alice"), join(root, "alice"), { recursive: true });
	alice = await openFolder(join(root, "alice"), options);
	await alice.createTenant({ tenantId: "acme", adminPassword: "admin", tenantKeyPassword: "tenant", ...options });
});

afterEach(async () => {
	await alice.close();
	await rm(root, { recursive: true, force: true });
});

/** Whether any file under a folder has these bytes. */
async function holdsBytes(dir: string, bytes: Uint8Array): Promise<boolean> {
	for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
		if (!entry.isFile()) continue;
		if ((await readFile(join(entry.parentPath, entry.name))).includes(Buffer.from(bytes))) return true;
	}
	return false;
}

it("bytes that the tenant had erased after the first archive leave the disk when the restored database is opened", async () => {
	const tenant = await alice.openTenant();
	const db = await tenant.openDB("notes");
	const doc = await db.createDocument({ title: "to be erased" });
	const [entry] = (await db.store.getEntries(await db.getAllChangeHashesForDoc(doc.id))) as [Entry];
	const bytes = (entry.payload as Uint8Array).slice(13, 45);
	const first = await backupFolder(alice, join(root, "1.apack"));
	await (await tenant.openDirectory()).requestPurge({ dbId: "notes", docId: doc.id });
	await db.createDocument({ title: "stays" });
	await backupFolder(alice, join(root, "2.apack"), { since: first.id });

	const files = [join(root, "1.apack"), join(root, "2.apack")];
	await restoreFolder(join(root, "again"), files);
	expect(await holdsBytes(join(root, "again"), bytes)).toBe(true);
	const device = await alice.exportIdentity({ exportPassword: "device", ...options });
	const again = await importFolder(join(root, "again"), device, { exportPassword: "device", ...options });
	const restored = await (await again.openTenant()).openDB("notes");
	await restored.syncStoreChanges();
	expect(await restored.getDocument(doc.id)).toBeUndefined();
	expect(await restored.getAllDocumentIds()).toHaveLength(1);
	await again.close();
	expect(await holdsBytes(join(root, "again"), bytes)).toBe(false);
});

it("attachments in a store of their own go along, and are not forgotten silently", async () => {
	const tenant = await alice.openTenant();
	const { tenantRoot } = tenant.identity;
	const open = () => alice.env.stores.open({ tenantRoot, dbId: "files", purpose: "attachments" });
	const db = await tenant.openDB("files", { attachmentStore: await open() });
	const doc = await db.createDocument({});
	await db.changeDoc(doc, async (_, attachments) => {
		await attachments.addAttachment(new Uint8Array(400_000).fill(3), "big.bin", "application/octet-stream");
	});
	const { manifest } = await backupFolder(alice, join(root, "1.apack"));
	expect(manifest.stores.map(({ dbId, purpose, to }) => [dbId, purpose, to > 0])).toEqual([
		["files", "documents", true],
		["files", "attachments", true],
		["directory", "documents", true],
	]);
	await db.close();
	await expect(backupFolder(alice, join(root, "2.apack"))).rejects.toMatchObject({
		code: "usage",
		data: { databases: ["files"] },
	});
	await (await tenant.openDB("files")).close();
	await tenant.openDB("files", { attachmentStore: await open() });
	await backupFolder(alice, join(root, "2.apack"));
});

it("keys in an archive are those of the folder, under their own passwords", async () => {
	const path = join(root, "1.apack");
	await backupFolder(alice, path, { encrypt: true, withKeys: true, archivePassword, ...cheapKdf });
	for (const word of ["identity", "keys", "administration", "acme", "directory", "alice"]) {
		expect((await readFile(path)).includes(word)).toBe(false);
	}
	const restored = await restoreFolder(join(root, "again"), [path], { archivePassword });
	expect(restored).toMatchObject({ keys: true, unvouched: [] });
	const tenants = join("tenants", restored.tenant.tenantRoot.slice(0, 32));
	for (const dir of ["", tenants]) {
		for (const entry of await readdir(join(root, "again", dir), { withFileTypes: true })) {
			if (!entry.isFile()) continue;
			const [here, there] = [join(root, "again", dir, entry.name), join(root, "alice", dir, entry.name)];
			expect(await readFile(here, "utf8")).toBe(await readFile(there, "utf8"));
		}
	}
	const names = await readdir(join(root, "again", tenants));
	expect(names.sort()).toEqual([
		"administration.json",
		expect.stringMatching(/^keys\./),
		"tenant-key.json",
		"tenant.json",
	]);
});

it("the ids of the last archives are remembered, the oldest forgotten", async () => {
	const made: string[] = [];
	for (let n = 0; n < 66; n++) {
		const since = made.at(-1);
		const path = join(root, `${n}.apack`);
		made.push((await backupFolder(alice, path, since === undefined ? {} : { since })).id);
	}
	expect(new Set(made).size).toBe(66);
	const [oldest] = made as [string];
	await expect(backupFolder(alice, join(root, "x.apack"), { since: oldest })).rejects.toMatchObject({
		code: "not-found",
	});
	await backupFolder(alice, join(root, "x.apack"), { since: join(root, "0.apack") });
});
