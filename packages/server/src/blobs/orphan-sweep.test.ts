import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Blobs, OpenStoreOptions } from "@mindoodb/core";
import { entryMaker, patience, startTestObjects, type TestClock, type TestObjects, testClock } from "@mindoodb/testing";
import { folderStores, nodeCrypto } from "mindoodb";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { OrphanSweep } from "./orphan-sweep.js";
import { S3Blobs } from "./s3-blobs.js";

const crypto = nodeCrypto();
const day = 24 * 60 * 60 * 1000;
let objects: TestObjects;
let dir: string;

beforeAll(async () => {
	objects = await startTestObjects();
	dir = await mkdtemp(join(tmpdir(), "mindoodb-sweep-"));
});

afterAll(async () => {
	await objects?.stop();
	await rm(dir, { recursive: true, force: true });
});

async function count(blobs: Blobs): Promise<number> {
	let listed = 0;
	for await (const batch of blobs.list()) listed += batch.length;
	return listed;
}

test("once a day what no row names goes, and what one names stays", async () => {
	const s3 = new S3Blobs(objects.place("sweep"), { random: crypto });
	const stores = folderStores(dir, crypto, { blobs: (options) => s3.of(options) });
	const maker = await entryMaker({ crypto });
	const { tenantRoot, dbId } = maker;
	const options: OpenStoreOptions = { tenantRoot, dbId, purpose: "attachments" };
	const store = await stores.open(options);
	const payload = crypto.randomBytes(70_000);
	await store.append([await maker.make({ entryType: "attachment_chunk", payload, originalSize: payload.length - 29 })]);
	await store.close();
	const blobs = s3.of(options);
	await blobs.put("ab".repeat(32), crypto.randomBytes(70_000));
	expect(await count(blobs)).toBe(2);

	const told: unknown[] = [];
	const log = (_level: string, _message: string, data: unknown = {}) => void told.push(data);
	const clock: TestClock = testClock(Date.now() - day / 2);
	const sweep = new OrphanSweep({ stores, tenants: async () => [tenantRoot], clock, log });
	clock.advance(day);
	await vi.waitFor(() => expect(told).toEqual([{ objects: 0 }]), patience);
	expect(await count(blobs)).toBe(2);
	clock.advance(day);
	await vi.waitFor(() => expect(told).toEqual([{ objects: 0 }, { objects: 1 }]), patience);
	expect(await count(blobs)).toBe(1);
	await sweep.close();
	expect(clock.waiting).toBe(0);
});
