/** Members who keep chunks in a store of their own, and members who keep them with their documents. */
import { type AliceAndBob, aliceAndBob, type TestReplica } from "@mindoodb/testing";
import { listenInMemory, memoryStores, nodeClock, nodeEnv } from "mindoodb";
import { beforeEach, describe, expect, it } from "vitest";
import { toHex } from "../../bytes/hex.js";
import type { MindooDB } from "../../database/mindoo-db.js";
import type { Transport } from "../../transport.js";

const size = 150_000;

let place: AliceAndBob;

beforeEach(async () => {
	place = await aliceAndBob({ env: await nodeEnv(), newStores: (crypto) => memoryStores(crypto) });
	return () => place.fixture.close();
});

/** The database with its chunks in a store of their own. */
async function openWithTwo({ tenant, env }: TestReplica): Promise<MindooDB> {
	const { tenantRoot } = place.fixture.identity;
	const attachmentStore = await env.stores.open({ tenantRoot, dbId: "files", purpose: "attachments" });
	return tenant.openDB("files", { attachmentStore });
}

async function addFile(db: MindooDB, fill: number): Promise<{ readonly docId: string; readonly id: string }> {
	const { id: docId } = await db.createDocument({ title: "Minutes" });
	let id = "";
	await db.changeDoc(docId, async (_, attachments) => {
		id = await attachments.addAttachment(new Uint8Array(size).fill(fill), "minutes.txt", "text/plain");
	});
	return { docId, id };
}

async function readFile(
	db: MindooDB,
	{ docId, id }: { readonly docId: string; readonly id: string },
): Promise<number[]> {
	const bytes = await (await db.getDocument(docId))?.getAttachment(id);
	return [bytes?.length ?? 0, bytes?.[0] ?? 0];
}

function wayTo({ tenant }: TestReplica): Transport {
	return listenInMemory((duplex) => void tenant.acceptSync(duplex), { clock: nodeClock() }).transport;
}

describe("a member with two stores and one with one", () => {
	it.each(["two", "one"])("have each other's files when the one with %s connects", async (who) => {
		const { alice, bob } = place;
		const [alices, bobs] = [await openWithTwo(alice), await bob.tenant.openDB("files")];
		const files = [await addFile(alices, 1), await addFile(bobs, 2)] as const;
		const [from, to] = who === "two" ? [alice, bob] : [bob, alice];
		const way = wayTo(to);
		await from.tenant.sync(way).done;
		for (const db of [alices, bobs]) {
			expect(await readFile(db, files[0])).toEqual([size, 1]);
			expect(await readFile(db, files[1])).toEqual([size, 2]);
		}
		const again = from.tenant.sync(way);
		await again.done;
		expect(again.status).toMatchObject({ received: 0, declinedHere: 0, declinedThere: 0, error: undefined });
	});

	it("have each other's documents of more than a message holds", async () => {
		const { alice, bob } = place;
		const [alices, bobs] = [await openWithTwo(alice), await bob.tenant.openDB("files")];
		const scans = [1, 2].map(() => alice.env.crypto.randomBytes(1_500_000)) as [Uint8Array, Uint8Array];
		const docs = [
			await alices.createDocument({ scan: scans[0] }),
			await bobs.createDocument({ scan: scans[1] }),
		] as const;
		await alice.tenant.sync(wayTo(bob)).done;
		const scanAt = async (db: MindooDB, docId: string) =>
			toHex((await db.getDocument(docId))?.getData().scan as Uint8Array);
		expect((await scanAt(bobs, docs[0].id)) === toHex(scans[0])).toBe(true);
		expect((await scanAt(alices, docs[1].id)) === toHex(scans[1])).toBe(true);
	});
});
