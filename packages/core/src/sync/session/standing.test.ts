/** Who may level what, by what the directory says of the key at the other end. */
import {
	type EntryMaker,
	entryMaker,
	type HostedStore,
	patience,
	SessionStage,
	type StagedReplica,
} from "@mindoodb/testing";
import { memoryStores, nodeCrypto } from "mindoodb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const crypto = nodeCrypto();

let stage: SessionStage;
let administrator: EntryMaker;
let member: StagedReplica;
let server: StagedReplica;
let notes: HostedStore;
let kept: HostedStore;

beforeEach(async () => {
	administrator = await entryMaker({ crypto, dbId: "directory" });
	const { tenantRoot } = administrator;
	stage = new SessionStage({ crypto, tenantRoot, newStores: () => memoryStores(crypto) });
	member = stage.replica("aa");
	server = stage.replica("5e");
	notes = await member.host.hosted("notes");
	kept = await server.host.hosted("notes");
	const author = await entryMaker({ crypto, tenantRoot });
	await notes.append(await author.document(3));
	await kept.append(await (await author.another()).document(4));
	await (await member.host.hosted("directory")).append(await administrator.document(2));
	await (await server.host.hosted("directory")).append(await (await administrator.another()).document(1));
});

afterEach(() => stage.close());

async function held({ local }: HostedStore): Promise<number> {
	return (await local.position()).arrival;
}

describe("a key that the directory does not grant", () => {
	it("brings the directory that grants it, and then levels everything", async () => {
		server.host.standings.set(member.key, "unknown");
		const directory = await server.host.hosted("directory");
		directory.onAppended(() => server.host.standings.set(member.key, "member"));
		await stage.level(member, server);
		expect([await held(notes), await held(kept)]).toEqual([7, 7]);
	});

	it("is not told of a database that comes while it is connected", async () => {
		server.host.standings.set(member.key, "unknown");
		await server.host.hosted("plans");
		const opened = vi.spyOn(member.host, "open");
		const { sessions } = stage.meet(member, server);
		sessions[1].offer(["plans"]);
		await Promise.all(sessions.map(({ closed }) => closed));
		expect(opened.mock.calls.flat()).not.toContain("plans");
	});

	it("gets nothing and is told why when what it brought does not", async () => {
		server.host.standings.set(member.key, "unknown");
		const { sessions } = stage.meet(member, server);
		expect(await sessions[0].closed).toMatchObject({ reason: "unknown", byPeer: true });
		await sessions[1].closed;
		expect([await held(notes), await held(kept)]).toEqual([3, 4]);
		expect(await held(await member.host.hosted("directory"))).toBe(2);
		expect(await held(await server.host.hosted("directory"))).toBe(3);
	});

	it("brings no more of a directory than is looked at", async () => {
		server.host.standings.set(member.key, "unknown");
		await (await member.host.hosted("directory")).append(await administrator.document(30));
		const { sessions } = stage.meet(member, server, { second: { limits: { strangerEntries: 20 } } });
		expect(await sessions[1].closed).toMatchObject({ reason: "limit", byPeer: false });
		expect(await held(await server.host.hosted("directory"))).toBe(1);
	});

	it("is asked for its directory alone when this side made the connection", async () => {
		member.host.standings.set(server.key, "unknown");
		const directory = await member.host.hosted("directory");
		directory.onAppended(() => member.host.standings.set(server.key, "server"));
		await stage.level(member, server);
		expect([await held(notes), await held(kept)]).toEqual([7, 7]);
	});

	it("is left when that does not help", async () => {
		member.host.standings.set(server.key, "unknown");
		const { sessions } = stage.meet(member, server);
		expect(await sessions[0].closed).toMatchObject({ reason: "unknown", byPeer: false });
		expect([await held(notes), await held(kept)]).toEqual([3, 4]);
	});
});

describe("a key that was revoked", () => {
	it("gets the directory, else it would not know, and nothing else", async () => {
		server.host.standings.set(member.key, "revoked");
		const { sessions } = stage.meet(member, server);
		expect(await sessions[0].closed).toMatchObject({ reason: "revoked", retry: false, byPeer: true });
		expect([await held(notes), await held(kept)]).toEqual([3, 4]);
		expect(await held(await member.host.hosted("directory"))).toBe(3);
	});

	it("gets its revocation, and is cut off, when that comes while it is connected", async () => {
		const met = stage.meet(member, server);
		await met.level();
		const directory = await server.host.hosted("directory");
		await directory.append([await administrator.make()]);
		server.host.standings.set(member.key, "revoked");
		server.host.step();
		await kept.append([await (await entryMaker({ crypto, tenantRoot: administrator.tenantRoot })).make()]);
		expect(await met.sessions[0].closed).toMatchObject({ reason: "revoked", byPeer: true });
		expect(await held(await member.host.hosted("directory"))).toBe(4);
		expect(await held(notes)).toBe(7);
	});
});

describe("lesson 24: what was declined because its author was not known", () => {
	it("is asked for again when the directory changes, in the same conversation", async () => {
		const late = await entryMaker({ crypto, tenantRoot: administrator.tenantRoot });
		server.host.strangers.add(late.publicKey);
		await notes.append(await late.document(2));
		const met = stage.meet(member, server);
		await met.level();
		expect(await held(kept)).toBe(7);
		expect(notes.acknowledgements.get(server.key)?.declined.map(({ reason }) => reason)).toEqual([
			"not-member",
			"not-member",
		]);
		server.host.strangers.clear();
		server.host.step();
		await vi.waitFor(async () => expect(await held(kept)).toBe(9), patience);
		await met.close();
	});

	it.each([0, 1] as const)(
		"is asked for again when the two meet again, before the other side leaves (%s)",
		async (leaving) => {
			const late = await entryMaker({ crypto, tenantRoot: administrator.tenantRoot });
			server.host.strangers.add(late.publicKey);
			await notes.append(await late.document(2));
			await stage.level(member, server);
			expect(await held(kept)).toBe(7);
			server.host.strangers.clear();
			const { sessions } = leaving === 0 ? stage.meet(member, server) : stage.meet(server, member);
			await sessions[leaving].level();
			sessions[leaving].close();
			await Promise.all(sessions.map(({ closed }) => closed));
			expect(await held(kept)).toBe(9);
		},
	);
});
