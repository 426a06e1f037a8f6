import { entryMaker, patience, RawPeer, SessionStage, testClock } from "@mindoodb/testing";
import { memoryPair, memoryStores, nodeCrypto } from "mindoodb";
import { expect, it, vi } from "vitest";
import { runSession } from "./run-session.js";

const crypto = nodeCrypto();

async function newStage() {
	const maker = await entryMaker({ crypto });
	const { tenantRoot } = maker;
	return { maker, stage: new SessionStage({ crypto, tenantRoot, newStores: () => memoryStores(crypto) }) };
}

it("carries a session over a connection that holds both sides back", async () => {
	const { maker, stage } = await newStage();
	const [alice, server] = [stage.replica("aa"), stage.replica("5e")];
	await (await alice.host.hosted("notes")).append(await maker.document(700));
	await (await server.host.hosted("notes")).append(await (await maker.another()).document(700));
	const [here, there] = memoryPair({ clock: stage.clock });
	const first = stage.session(alice, server.key, { initiator: true });
	const second = stage.session(server, alice.key);
	const runs = [runSession(first, here), runSession(second, there)];
	await Promise.all([first.level(), second.level()]);
	first.close("shutdown", { retry: true, after: 5000 });
	expect(await Promise.all(runs)).toMatchObject([
		{ reason: "shutdown", byPeer: false },
		{ reason: "shutdown", retry: true, after: 5000, byPeer: true },
	]);
	for (const { host } of [alice, server]) {
		expect((await (await host.hosted("notes")).local.position()).arrival).toBe(1400);
	}
	await stage.close();
});

it("tells that the connection broke, and lets go of it", async () => {
	const { stage } = await newStage();
	const [alice, server] = [stage.replica("aa"), stage.replica("5e")];
	const [here, there] = memoryPair({ clock: stage.clock });
	const first = stage.session(alice, server.key, { initiator: true });
	const runs = [runSession(first, here), runSession(stage.session(server, alice.key), there)];
	await first.level();
	there.abort();
	expect(await Promise.all(runs)).toMatchObject([
		{ reason: "lost", retry: true },
		{ reason: "lost", retry: true },
	]);
	await stage.close();
});

it("asks whether somebody is there when nothing comes, and ends when nobody answers", async () => {
	const { stage } = await newStage();
	const clock = testClock();
	const env = { crypto, clock, log: () => {} };
	const session = stage.session(stage.replica("aa"), "bb".repeat(32), { env, limits: { quiet: 1000, answer: 500 } });
	const peer = new RawPeer(session);
	clock.advance(1000);
	await vi.waitFor(() => expect(peer.all("ping")).toHaveLength(1), patience);
	await peer.say({ case: "pong", value: {} });
	clock.advance(500);
	expect(session.ended).toBe(false);
	clock.advance(1000);
	clock.advance(500);
	expect(await session.closed).toMatchObject({ reason: "silent", retry: true });
	expect(clock.waiting).toBe(0);
	await stage.close();
});
