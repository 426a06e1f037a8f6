/** Payloads of more than 64 KiB in a session: asked for, resumed, between other messages. */
import {
	type EntryMaker,
	entryMaker,
	type MeetOptions,
	type Met,
	patience,
	SessionStage,
	type StagedReplica,
} from "@mindoodb/testing";
import { memoryPair, memoryStores, nodeCrypto } from "mindoodb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toHex } from "../../bytes/hex.js";
import type { Entry } from "../../entry/entry.js";
import { chunkPayloadLength } from "../../entry/payload.js";
import type { LocalStore } from "../../store/store.js";
import { IncomingPayloads } from "../payloads/incoming.js";
import { RowPartials } from "../payloads/row-partials.js";
import type { RemoteStore } from "./remote-store.js";
import { runSession } from "./run-session.js";
import type { SyncSession } from "./sync-session.js";

const crypto = nodeCrypto();
const megabyte = 1024 * 1024;

let stage: SessionStage;
let maker: EntryMaker;
let server: StagedReplica;
let partials: LocalStore;

beforeEach(async () => {
	maker = await entryMaker({ crypto });
	const { tenantRoot } = maker;
	stage = new SessionStage({ crypto, tenantRoot, newStores: () => memoryStores(crypto) });
	server = stage.replica("5e");
	partials = await memoryStores(crypto).open({ tenantRoot, dbId: "directory", purpose: "documents" });
});

afterEach(() => stage.close());

/** A member as after a restart: nothing in memory. */
function newIncoming(): IncomingPayloads {
	return new IncomingPayloads({ crypto, clock: stage.clock, partials: new RowPartials(partials.rows) });
}

/** A payload that the server keeps, of random bytes. @returns its hash. */
async function keep(size: number): Promise<string> {
	const payload = crypto.randomBytes(size);
	const [document] = await maker.document(1);
	const wish = { entryType: "attachment_chunk", originalSize: size - chunkPayloadLength(0) } as const;
	const entry = await maker.make({ ...wish, docId: document?.common.docId ?? "", payload });
	await (await server.host.hosted("notes")).append([document as Entry, entry]);
	return toHex(await crypto.sha256(payload));
}

const hashOf = async (payload: Uint8Array) => toHex(await crypto.sha256(payload));

function remoteOf(session: SyncSession): RemoteStore {
	const link = [...session.links].find(({ synced }) => synced.dbId === "notes");
	if (link?.remote === undefined) throw new Error("the store was not met");
	return link.remote;
}

/** A member that meets the server. */
async function meet(incoming: IncomingPayloads, options: MeetOptions = {}): Promise<Met> {
	const met = stage.meet(stage.replica("aa", { incoming }), server, options);
	await met.level();
	return met;
}

/** As `meet`, over a connection that holds back. @param cutAfter bytes from the server after which it breaks. */
async function connect(incoming: IncomingPayloads, cutAfter = Number.POSITIVE_INFINITY) {
	const alice = stage.replica("aa", { incoming });
	const [here, there] = memoryPair({ clock: stage.clock });
	const counts = { bytes: 0 };
	const reading = {
		async *[Symbol.asyncIterator]() {
			for await (const bytes of here.incoming) {
				counts.bytes += bytes.length;
				if (counts.bytes > cutAfter) throw new Error("the connection broke");
				yield bytes;
			}
		},
	};
	const [send, end, abort] = [here.send.bind(here), here.close.bind(here), here.abort.bind(here)];
	const session = stage.session(alice, server.key, { initiator: true });
	const ended = runSession(session, { incoming: reading, send, close: end, abort });
	void runSession(stage.session(server, alice.key, { limits: { outgoingBytes: 8 * megabyte } }), there);
	await session.level();
	counts.bytes = 0;
	return { alice, session, ended, counts };
}

describe("payloads in a session", () => {
	it("come as announced, small and large ones, and cost what they are", async () => {
		const hashes = await Promise.all([keep(5000), keep(100_000), keep(megabyte), keep(300_000)]);
		const { sessions, joined, close } = await meet(newIncoming());
		joined.reset();
		const found = await remoteOf(sessions[0]).getContents([...hashes, "00".repeat(32)]);
		expect((await Promise.all(found.map(hashOf))).sort()).toEqual([...hashes].sort());
		expect(joined.counts.bytes[1]).toBeLessThan(1.01 * (5000 + 100_000 + megabyte + 300_000));
		await close();
	});

	it("are resumed after a cut and a restart, and what came is not sent again", async () => {
		const hash = await keep(megabyte);
		const cut = await connect(newIncoming(), 700_000);
		await expect(remoteOf(cut.session).getContents([hash])).rejects.toMatchObject({ code: "transport" });
		expect(await cut.ended).toMatchObject({ reason: "lost" });
		const { session, ended, counts } = await connect(newIncoming());
		const [payload] = await remoteOf(session).getContents([hash]);
		expect(await hashOf(payload as Uint8Array)).toBe(hash);
		// Five whole chunks of eight had come.
		expect(counts.bytes).toBeLessThan(0.4 * megabyte);
		session.close();
		await ended;
		expect(await new RowPartials(partials.rows).list()).toEqual([]);
	});

	it("that whoever announced them has no more are left out, and hold nothing up", async () => {
		const hash = await keep(megabyte);
		const { local } = await server.host.hosted("notes");
		const give = local.getContents?.bind(local);
		let asked = 0;
		local.getContents = async (hashes) => (asked++ === 0 ? ((await give?.(hashes)) ?? []) : []);
		const { sessions, close } = await meet(newIncoming());
		expect(await remoteOf(sessions[0]).getContents([hash])).toEqual([]);
		expect(asked).toBe(2);
		await close();
	});

	it("go out when nothing else waits: what is new arrives between their chunks", async () => {
		const hashes = await Promise.all(Array.from({ length: 4 }, () => keep(megabyte)));
		const { session, ended, alice } = await connect(newIncoming());
		const notes = await alice.host.hosted("notes");
		const order: string[] = [];
		notes.onAppended(() => order.push("entry"));
		const fetching = remoteOf(session).getContents(hashes);
		await (await server.host.hosted("notes")).append(await maker.document(1));
		expect(await fetching).toHaveLength(4);
		order.push("payloads");
		await vi.waitFor(() => expect(order).toEqual(["entry", "payloads"]), patience);
		session.close();
		await ended;
	});

	it("that are not what they were announced as are blamed on who sent them", async () => {
		const hash = await keep(megabyte);
		const { local } = await server.host.hosted("notes");
		local.contents.get = async () => [new Uint8Array(megabyte)];
		const { sessions, close } = await meet(newIncoming());
		await expect(remoteOf(sessions[0]).getContents([hash])).rejects.toMatchObject({ code: "format" });
		await close();
	});
});
