import { aliceAndBob, patience, type TestReplica } from "@mindoodb/testing";
import {
	type Duplex,
	listenInMemory,
	type MemoryListener,
	memoryPair,
	memoryStores,
	nodeClock,
	nodeEnv,
	type Transport,
} from "mindoodb";
import { describe, expect, it, vi } from "vitest";

async function members() {
	const made = await aliceAndBob({
		env: await nodeEnv(),
		newStores: (crypto) => memoryStores(crypto),
	});
	return made;
}

function listening(replica: TestReplica): MemoryListener {
	return listenInMemory((duplex) => void replica.tenant.acceptSync(duplex), { clock: nodeClock() });
}

/** A way on which, once it is held, nothing comes before something has been sent. */
function holding({ connect, kind }: Transport): { readonly transport: Transport; readonly hold: () => void } {
	let held: Promise<void> | undefined;
	let release = () => {};
	const hold = () => {
		held = new Promise((resolve) => {
			release = resolve;
		});
	};
	const gated = (duplex: Duplex): Duplex => ({
		incoming: (async function* () {
			for await (const bytes of duplex.incoming) {
				await held;
				yield bytes;
			}
		})(),
		send: (bytes) => {
			release();
			return duplex.send(bytes);
		},
		close: () => duplex.close(),
		abort: () => duplex.abort(),
	});
	return { transport: { kind, connect: async (options) => gated(await connect(options)) }, hold };
}

const titles = async (replica: TestReplica, dbId = "notes") => {
	const db = await replica.tenant.openDB(dbId);
	const found: string[] = [];
	for await (const doc of db.iterateDocuments()) found.push(doc.getData().title as string);
	return found.sort();
};

it("a connection that comes when the tenant is closed is ended", async () => {
	const { fixture, alice } = await members();
	const { tenant } = alice;
	const [near, far] = memoryPair({ clock: nodeClock() });
	await tenant.close();
	expect(() => tenant.acceptSync(near)).toThrow(expect.objectContaining({ code: "closed" }));
	await expect(far.incoming[Symbol.asyncIterator]().next()).rejects.toThrow();
	await alice.reopen();
	await fixture.close();
});

describe("a tenant syncs with another member's device", () => {
	it("all databases that either side knows, both ways, at once", async () => {
		const { fixture, alice, bob, notes } = await members();
		await notes.createDocument({ title: "a" });
		await (await bob.db("tasks")).createDocument({ title: "b" });
		const { transport } = listening(alice);
		const handle = bob.tenant.sync(transport);
		await handle.done;
		expect(handle.status).toMatchObject({ state: "ended", error: undefined, declinedHere: 0, declinedThere: 0 });
		expect(await titles(bob)).toEqual(["a"]);
		expect(await titles(alice, "tasks")).toEqual(["b"]);
		expect(await bob.tenant.countUnacknowledged()).toBe(0);
		await fixture.close();
	});

	it("shows an edit and a cursor at once while it is live", async () => {
		const { fixture, alice, bob, notes } = await members();
		const doc = await notes.createDocument({ title: "a" });
		const { transport } = listening(alice);
		const handle = bob.tenant.sync(transport, { live: true });
		await handle.level();
		const bobs = await bob.db();
		const cursors: unknown[] = [];
		bobs.presence.onPresence(({ state }) => cursors.push(state));
		await notes.presence.publish(doc.id, { cursor: 7 });
		await vi.waitFor(() => expect(cursors).toEqual([{ cursor: 7 }]), patience);
		await notes.changeDoc<{ title: string }>(doc, (data) => {
			data.title = "b";
		});
		await vi.waitFor(async () => expect(await titles(bob)).toEqual(["b"]), patience);
		await bobs.createDocument({ title: "c" });
		await vi.waitFor(async () => expect(await titles(alice)).toEqual(["b", "c"]), patience);
		await vi.waitFor(async () => expect(await bob.tenant.countUnacknowledged()).toBe(0), patience);
		await handle.close();
		await fixture.close();
	});

	it("takes up a database that either side makes while it is live", async () => {
		const { fixture, alice, bob } = await members();
		const handle = bob.tenant.sync(listening(alice).transport, { live: true });
		await handle.level();
		await (await bob.db("tasks")).createDocument({ title: "b" });
		await vi.waitFor(async () => expect(await alice.tenant.listDatabases()).toContain("tasks"), patience);
		await vi.waitFor(async () => expect(await titles(alice, "tasks")).toEqual(["b"]), patience);
		await (await alice.db("plans")).createDocument({ title: "a" });
		await vi.waitFor(async () => expect(await bob.tenant.listDatabases()).toContain("plans"), patience);
		await vi.waitFor(async () => expect(await titles(bob, "plans")).toEqual(["a"]), patience);
		await handle.close();
		await fixture.close();
	});

	it("levels one database and the directory when only that is asked for", async () => {
		const { fixture, alice, bob, notes } = await members();
		await notes.createDocument({ title: "a" });
		await (await alice.db("tasks")).createDocument({ title: "b" });
		const { transport } = listening(alice);
		await (await bob.db()).sync(transport).done;
		expect(await titles(bob)).toEqual(["a"]);
		expect(await bob.tenant.listDatabases()).toEqual(["notes"]);
		await fixture.close();
	});

	it("gives nothing to a stranger, and says why", async () => {
		const { fixture, alice, notes } = await members();
		await notes.createDocument({ title: "a" });
		const mallory = await fixture.stranger("mallory");
		const { transport } = listening(alice);
		const handle = mallory.tenant.sync(transport, { backOff: { first: 1 } });
		await vi.waitFor(() => expect(handle.status.error).toMatchObject({ code: "trust" }), patience);
		await handle.close();
		expect(await titles(mallory)).toEqual([]);
		expect(await (await mallory.directory()).db.store.getAllHashes()).toEqual([]);
		await fixture.close();
	});

	it("lets a stranger go when the directory revokes it while it is connected", async () => {
		const { fixture, alice, bob, notes } = await members();
		const { transport } = listening(alice);
		const handle = bob.tenant.sync(transport, { live: true, backOff: { first: 1 } });
		await handle.level();
		await (await alice.directory()).revokeUser("bob");
		await vi.waitFor(() => expect(handle.status.error).toMatchObject({ code: "trust" }), patience);
		await notes.createDocument({ title: "later" });
		await handle.close();
		expect(await titles(bob)).toEqual([]);
		await fixture.close();
	});
});

describe("a revocation", () => {
	it("first takes over what a connected replica has of the user", async () => {
		const { fixture, alice, bob, notes } = await members();
		const carol = await fixture.member("carol");
		const mine = await notes.createDocument({ title: "a" });
		await carol.level(alice);
		const { transport, hold } = holding(listening(carol).transport);
		const handle = alice.tenant.sync(transport, { live: true });
		await handle.level();
		await bob.level(carol);
		const bobs = await bob.db();
		await bobs.changeDoc<{ title: string }>(mine.id, (data) => {
			data.title = "bob's";
		});
		hold();
		await bob.level(carol);
		expect(await titles(alice)).toEqual(["a"]);
		await (await alice.directory()).revokeUser("bob");
		expect(await titles(alice)).toEqual(["bob's"]);
		await handle.close();
		await fixture.close();
	});
});

describe("a database syncs with a store in reach", () => {
	it("once, or as long as it is wanted", async () => {
		const { fixture, alice, bob, notes } = await members();
		await notes.createDocument({ title: "a" });
		const bobs = await bob.db();
		await bobs.sync(notes.store).done;
		expect(await titles(bob)).toEqual(["a"]);
		const handle = bobs.sync(notes.store, { live: true });
		await handle.level();
		await bobs.createDocument({ title: "b" });
		await vi.waitFor(async () => expect(await titles(alice)).toEqual(["a", "b"]), patience);
		await handle.close();
		expect(handle.status).toMatchObject({ state: "ended", sent: 1 });
		await fixture.close();
	});
});
