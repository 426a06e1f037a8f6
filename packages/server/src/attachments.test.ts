/** Files over a server, between members who keep chunks in a store of their own and members who do not. */
import { ServedTenant, type TestReplica } from "@mindoodb/testing";
import { type Env, type MindooDB, memoryStores, nodeEnv, transportOf } from "mindoodb";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeServerKeys } from "./keys/server-keys.js";
import { serverLogger } from "./operations/log.js";
import { SyncServer } from "./sync-server.js";
import { MemoryRegistry } from "./tenants/memory-registry.js";

const size = 300_000;

let env: Env;
let server: SyncServer;
let served: ServedTenant;

beforeEach(async () => {
	env = await nodeEnv();
	server = await SyncServer.start({
		env: { ...env, stores: memoryStores(env.crypto) },
		keys: await makeServerKeys(env.crypto),
		registry: new MemoryRegistry(),
		policy: { kind: "open" },
		meter: { bytes: async () => 0 },
		listen: { host: "127.0.0.1", port: 0 },
		logger: serverLogger({ level: "silent" }),
	});
	served = await ServedTenant.create({
		env,
		newStores: () => memoryStores(env.crypto),
		transport: transportOf(server.address),
		server: server.publicKey,
	});
	await served.found();
	await (await served.bob.directory()).db.pullChangesFrom((await served.alice.directory()).store);
});

afterEach(async () => {
	await served.close();
	await server.close();
});

async function openFiles({ tenant, env: { stores } }: TestReplica, two: boolean): Promise<MindooDB> {
	if (!two) return tenant.openDB("files");
	const { tenantRoot } = served;
	return tenant.openDB("files", {
		attachmentStore: await stores.open({ tenantRoot, dbId: "files", purpose: "attachments" }),
	});
}

async function addFile(db: MindooDB, fill: number): Promise<readonly [string, string]> {
	const { id: docId } = await db.createDocument({ title: "Minutes" });
	let id = "";
	await db.changeDoc(docId, async (_, attachments) => {
		id = await attachments.addAttachment(new Uint8Array(size).fill(fill), "minutes.txt", "text/plain");
	});
	return [docId, id];
}

async function readFile(db: MindooDB, [docId, id]: readonly [string, string]): Promise<number[]> {
	const bytes = await (await db.getDocument(docId))?.getAttachment(id);
	return [bytes?.length ?? 0, bytes?.at(-1) ?? 0];
}

it.each([
	[true, false],
	[false, true],
	[true, true],
	[false, false],
])("files reach everybody, stores of their own: %s and %s", async (first, second) => {
	const { alice, bob } = served;
	const [alices, bobs] = [await openFiles(alice, first), await openFiles(bob, second)];
	const files = [await addFile(alices, 1), await addFile(bobs, 2)] as const;
	const sync = ({ tenant }: TestReplica) => tenant.sync(transportOf(server.address)).done;
	await sync(alice);
	await sync(bob);
	await sync(alice);
	for (const db of [alices, bobs]) {
		expect(await readFile(db, files[0])).toEqual([size, 1]);
		expect(await readFile(db, files[1])).toEqual([size, 2]);
	}
	for (const { tenant } of [alice, bob]) expect(await tenant.countUnacknowledged()).toBe(0);
});
