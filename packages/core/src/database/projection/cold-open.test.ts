import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CountingLevel, cheapKdf, countingLevel } from "@mindoodb/testing";
import { folderStores, type Level, type MindooTenant, nodeCrypto, nodeEnv, TenantFactory } from "mindoodb";
import { afterEach, beforeEach, expect, test } from "vitest";

let folder = "";
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), "mindoodb-cold-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Opens one tenant again and again, each time with engines that count from the start. */
async function coldTenant(): Promise<() => Promise<{ tenant: MindooTenant; engines: CountingLevel[] }>> {
	const crypto = nodeCrypto();
	let engines: CountingLevel[] = [];
	const wrapLevel = (level: Level) => {
		const counting = countingLevel(level);
		engines.push(counting);
		return counting.level;
	};
	const factory = new TenantFactory(await nodeEnv({ stores: folderStores(folder, crypto, { wrapLevel }) }));
	const user = await factory.createUserId("ada", "password", cheapKdf);
	const keyBag = factory.createKeyBag();
	const { tenant } = await factory.createTenant({
		tenantId: "acme",
		adminPassword: "administration",
		tenantKeyPassword: "tenant key",
		user,
		userPassword: "password",
		keyBag,
		...cheapKdf,
	});
	const { identity } = tenant;
	await tenant.close();
	return async () => {
		engines = [];
		const opened = await factory.openTenant({
			identity,
			keyBag,
			user: { id: user, password: "password", ...cheapKdf },
		});
		return { tenant: opened, engines };
	};
}

test("edits that are issued before the document is open keep their order", async () => {
	const open = await coldTenant();
	const first = await open();
	const db = await first.tenant.openDB("notes");
	const ids = (await db.createDocuments([{ no: -1 }, { no: -1 }])).map(({ id }) => id);
	await first.tenant.close();
	for (let round = 0; round < 5; round++) {
		const { tenant } = await open();
		const again = await tenant.openDB("notes");
		const seen: unknown[] = [];
		const writes: Promise<void>[] = [];
		for (let no = 0; no < 200; no++) {
			for (const id of ids) {
				writes.push(
					again.changeDoc(id, (draft) => {
						if (id === ids[0]) seen.push(no);
						draft.no = no;
					}),
				);
			}
		}
		await Promise.all(writes);
		expect(seen).toEqual(Array.from({ length: 200 }, (_, no) => no));
		for (const doc of await again.getDocuments(ids)) expect(doc.getData().no).toBe(199);
		await tenant.close();
	}
});

test("more documents than a group takes come back in the order given, and are listed in it", async () => {
	const open = await coldTenant();
	const { tenant } = await open();
	const db = await tenant.openDB("notes");
	const docs = await db.createDocuments(Array.from({ length: 1100 }, (_, no) => ({ no })));
	expect(docs.map((doc) => doc.getData().no)).toEqual(Array.from({ length: 1100 }, (_, no) => no));
	await db.deleteDocument(docs[3]?.id ?? "");
	await tenant.close();
	const again = await (await open()).tenant.openDB("notes");
	const listed: unknown[] = [];
	for await (const doc of again.iterateDocuments()) listed.push(doc.getData().no);
	expect(listed).toEqual(Array.from({ length: 1100 }, (_, no) => no).filter((no) => no !== 3));
	const page: unknown[] = [];
	for await (const doc of again.iterateDocuments({ after: docs[500]?.id ?? "", limit: 300 }))
		page.push(doc.getData().no);
	expect(page).toEqual(Array.from({ length: 300 }, (_, no) => 501 + no));
	await again.close();
});

test("opening and reading writes nothing, and reads no entry", async () => {
	const open = await coldTenant();
	const first = await open();
	await (await first.tenant.openDB("notes")).createDocuments(Array.from({ length: 300 }, (_, no) => ({ no })));
	await first.tenant.close();
	const { tenant, engines } = await open();
	const db = await tenant.openDB("notes");
	let count = 0;
	for await (const doc of db.iterateDocuments()) count += doc.getData().no === undefined ? 0 : 1;
	expect(count).toBe(300);
	await tenant.close();
	const sum = (name: "batches" | "rows" | "gets") => engines.reduce((all, { counts }) => all + counts[name], 0);
	expect(sum("batches")).toBe(0);
	expect(sum("rows") + sum("gets")).toBeLessThan(300 + 100);
});

test("own edits are not read back when their projection follows", async () => {
	const open = await coldTenant();
	const { tenant, engines } = await open();
	const db = await tenant.openDB("notes");
	const doc = await db.createDocument({ no: 0 });
	for (let no = 1; no <= 100; no++) {
		await db.changeDoc(doc, (draft) => {
			draft.no = no;
		});
	}
	const notes = engines.at(-1) as CountingLevel;
	notes.reset();
	await db.close();
	// Some 90 nodes of the index are looked for, by chance a few more; the 100 records stay where they are.
	expect(notes.counts.gets).toBeLessThan(150);
	expect((await (await tenant.openDB("notes")).getDocument(doc.id))?.getData().no).toBe(100);
	await tenant.close();
});
