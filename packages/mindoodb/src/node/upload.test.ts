/** A large upload, as the files of its store see it. */
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MindooDB } from "@mindoodb/core";
import { type CountingLevel, countingLevel, TenantFixture } from "@mindoodb/testing";
import { folderStores, nodeCrypto, nodeEnv } from "mindoodb";
import { afterEach, beforeEach, expect, it } from "vitest";

const crypto = nodeCrypto();
let dir = "";
let tenant: TenantFixture;
let counting: CountingLevel;
let files: MindooDB;
let docId = "";

beforeEach(async () => {
	dir = await mkdtemp(join(tmpdir(), "mindoodb-upload-"));
	tenant = await TenantFixture.create({
		env: await nodeEnv(),
		newStores: (crypto, replica) => folderStores(join(dir, replica), crypto),
	});
	const { tenantRoot } = tenant.creator.tenant.identity;
	const stores = folderStores(join(dir, "files"), crypto, {
		wrapLevel: (level) => {
			counting = countingLevel(level);
			return counting.level;
		},
	});
	const docStore = await stores.open({ tenantRoot, dbId: "files", purpose: "documents" });
	files = await tenant.creator.tenant.openDB("files", { docStore });
	docId = (await files.createDocument()).id;
});

afterEach(async () => {
	await tenant.close();
	await rm(dir, { recursive: true, force: true });
});

async function packsIn(folder: string): Promise<string[]> {
	const found = await readdir(join(dir, folder), { recursive: true, withFileTypes: true });
	return found.filter((each) => each.isFile() && each.parentPath.includes("packs")).map(({ name }) => name);
}

it("waits for the disk when its change is written, and is readable before; a crash until then leaves nothing", async () => {
	const [first, second] = [crypto.randomBytes(10_000_000), crypto.randomBytes(5_000_000)];
	counting.reset();
	await files.changeDoc(docId, async (_, attachments) => {
		const id = await attachments.addAttachment(first, "film", "video/mp4");
		await attachments.appendToAttachment(id, second);
		expect(counting.counts.syncs).toBe(0);
		const across = await attachments.getAttachmentRange(id, 9_999_000, 10_001_000);
		expect(Buffer.concat([first.subarray(-1000), second.subarray(0, 1000)]).equals(across)).toBe(true);
		await cp(join(dir, "files"), join(dir, "crashed"), { recursive: true });
	});
	// The packs of both uploads, and the change.
	expect(counting.counts.syncs).toBe(3);
	expect(counting.counts.bytesWritten).toBeLessThan(100_000);
	const doc = await files.getDocument(docId);
	const bytes = await doc?.getAttachment(doc.getAttachments()[0]?.id as string);
	expect(Buffer.concat([first, second]).equals(bytes as Uint8Array)).toBe(true);

	expect(await packsIn("crashed")).not.toEqual([]);
	const { tenantRoot } = tenant.creator.tenant.identity;
	const crashed = await folderStores(join(dir, "crashed"), crypto).open({
		tenantRoot,
		dbId: "files",
		purpose: "documents",
	});
	expect(await packsIn("crashed")).toEqual([]);
	expect((await crashed.findNewEntries([])).map(({ kind }) => kind)).toEqual(["entry"]);
	await crashed.close();
});
