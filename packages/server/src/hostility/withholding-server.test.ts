/** A server that holds its key, is named by the directory, and keeps things from its members: what they see, over real sockets. Numbers are those of docs/lessons.md. */
import { HostileScene, patience, type TestReplica } from "@mindoodb/testing";
import {
	type Env,
	listenInMemory,
	listenWebSocket,
	memoryStores,
	nodeClock,
	nodeEnv,
	TenantFactory,
	type UnlockedUser,
} from "mindoodb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

let env: Env;
let scene: HostileScene;
const newStores = (crypto: Env["crypto"]) => memoryStores(crypto);

beforeEach(async () => {
	env = await nodeEnv();
	scene = await HostileScene.create({ env, newStores, listen: listenWebSocket, listenInMemory });
});

afterEach(() => scene.close());

describe("a server that withholds", () => {
	it("the newest of a chain: nobody can tell; it is there as soon as anybody else gives it", async () => {
		const { alice, bob } = scene.tenant;
		const { id } = await scene.notes.createDocument({ title: "a" });
		const old = await scene.server.copy();
		await old.learn(alice);
		await scene.retitle(scene.notes, id, "b");
		expect((await scene.sync(bob)).status).toMatchObject({
			state: "ended",
			error: undefined,
			received: 1,
			declinedHere: 0,
		});
		expect(await scene.titles(bob)).toEqual(["a"]);
		await scene.meet(alice, bob);
		expect(await scene.titles(bob)).toEqual(["b"]);
	});

	it("an entry from the middle: what builds on it waits and says for which, and nothing is lost", async () => {
		const { alice, bob } = scene.tenant;
		const { id } = await scene.notes.createDocument({ title: "a" });
		const hidden = await scene.retitle(scene.notes, id, "b");
		const last = await scene.retitle(scene.notes, id, "c");
		const other = await scene.notes.createDocument({ title: "other" });
		const copy = await scene.server.copy();
		await copy.learn(alice, { unless: ({ hash }) => hash === hidden });
		await scene.sync(bob);
		expect(await scene.titles(bob)).toEqual(["a", "other"]);
		const { verdict, words } = await scene.verdictOf(bob, last);
		expect(verdict).toMatchObject({ kind: "pending", missing: [hidden] });
		expect(words).toContain("have not arrived here");
		// Its own edits go on meanwhile.
		await scene.retitle(await bob.db(), other.id, "bob's");
		await scene.meet(alice, bob);
		expect(await scene.titles(bob)).toEqual(["bob's", "c"]);
		expect(await scene.titles(alice)).toEqual(["bob's", "c"]);
	});

	it("lesson 9: a revocation: what names it waits, and the revoked member's late work falls when it comes", async () => {
		const { fixture, alice, bob } = scene.tenant;
		const carol = await fixture.member("carol");
		const doc = await scene.notes.createDocument({ title: "a" });
		await alice.level(bob);
		const old = await scene.server.copy();
		await old.learn(alice);
		await (await alice.directory()).revokeUser("bob");
		const edit = await scene.retitle(scene.notes, doc.id, "b");
		await (await bob.db()).createDocument({ title: "after the revocation" });
		for (const each of [alice, bob]) await old.learn(each, { dbIds: ["notes"] });
		await scene.sync(carol);
		expect(await scene.titles(carol)).toEqual(["a", "after the revocation"]);
		const { verdict, words } = await scene.verdictOf(carol, edit);
		expect(verdict).toMatchObject({ kind: "pending", reason: "directory" });
		expect(words).toContain("directory entries that have not arrived here");
		await scene.meet(alice, carol);
		expect(await scene.titles(carol)).toEqual(["b"]);
		expect(await scene.titles(alice)).toEqual(["b"]);
	});

	it("lesson 9: the directory from a newcomer: nothing counts that the invitation does not vouch for", async () => {
		const { fixture, alice, bob } = scene.tenant;
		await scene.notes.createDocument({ title: "a" });
		await alice.level(bob);
		const old = await scene.server.copy();
		await old.learn(alice);
		await (await alice.directory()).revokeUser("bob");
		await (await bob.db()).createDocument({ title: "after the revocation" });
		await old.learn(bob, { dbIds: ["notes"] });
		const dave = await fixture.stranger("dave");
		const factory = new TenantFactory(dave.env);
		const user = dave.user as UnlockedUser;
		const { request, words } = await factory.makeJoinRequest(user);
		const { response } = await (await alice.directory()).inviteUser(request, { words });
		await dave.tenant.close();
		const keyBag = factory.createKeyBag();
		const confirmation = { words: (await factory.readInvitation({ request, response })).words };
		const joined = await factory.joinTenant({ request, response, user, keyBag, confirmation });
		scene.closeWith(() => joined.close());
		const handle = joined.sync(scene.address);
		await vi.waitFor(() => expect(["waiting", "ended"]).toContain(handle.status.state), patience);
		await handle.close();
		const db = await joined.openDB("notes");
		expect(joined.awaitedHeads).not.toEqual([]);
		expect(await db.getAllDocumentIds()).toEqual([]);
		await expect(db.createDocument({ title: "x" })).rejects.toMatchObject({ code: "trust" });

		const { transport } = listenInMemory((duplex) => void alice.tenant.acceptSync(duplex), { clock: nodeClock() });
		await joined.sync(transport).done;
		expect(joined.awaitedHeads).toEqual([]);
		const shown = [];
		for await (const doc of db.iterateDocuments()) shown.push(doc.getData().title);
		expect(shown).toEqual(["a"]);
	});
});

describe("a server that shows two directories to two members", () => {
	it("lesson 9: both learn the other's half when they meet, and agree", async () => {
		const { fixture, alice, bob } = scene.tenant;
		const [carol, dave] = [await fixture.member("carol"), await fixture.member("dave")];
		const directory = await alice.directory();
		const before = new Set(await directory.db.store.getAllHashes());
		await directory.revokeUser("bob");
		const revocation = new Set((await directory.db.store.getAllHashes()).filter((hash) => !before.has(hash)));
		await directory.changeTenantSettings((settings) => {
			settings.maxAttachmentSize = 1_000_000;
		});
		await (await bob.db()).createDocument({ title: "after the revocation" });
		const [forCarol, forDave] = [await scene.server.copy(), await scene.server.copy()];
		scene.server.shows = (peer) => (peer === carol.publicKey ? forCarol : forDave);
		await forCarol.learn(alice, { unless: ({ hash }) => revocation.has(hash) });
		await forDave.learn(alice, { unless: (entry) => !before.has(entry.hash) && !revocation.has(entry.hash) });
		for (const each of [forCarol, forDave]) await each.learn(bob, { dbIds: ["notes"] });
		await scene.sync(carol);
		await scene.sync(dave);
		expect(await scene.titles(carol)).toEqual(["after the revocation"]);
		expect(await scene.titles(dave)).toEqual([]);
		expect(await headsOf(carol)).not.toEqual(await headsOf(dave));

		await scene.meet(carol, dave);
		expect(await headsOf(carol)).toEqual(await headsOf(dave));
		expect(await scene.titles(carol)).toEqual([]);
		expect(await (await carol.directory()).isUserRevoked("bob")).toBe(true);
		// What the server shows from now on makes no member forget.
		await scene.sync(carol);
		expect(await scene.titles(carol)).toEqual([]);
	});
});

async function headsOf(replica: TestReplica): Promise<readonly string[]> {
	return (await (await replica.directory()).db.store.getAllHashes()).sort();
}
