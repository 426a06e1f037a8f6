/** Bytes of attachments in a session: behind the documents, resumed after a cut, and on demand. */
import { type AliceAndBob, aliceAndBob, type TestReplica } from "@mindoodb/testing";
import { listenInMemory, memoryStores, nodeClock, nodeEnv } from "mindoodb";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { TransportError } from "../../errors.js";
import type { SyncHandle } from "../../sync/connecting/sync-handle.js";
import type { Duplex, Transport } from "../../transport.js";

const chunkSize = 500_000;
const size = 4 * chunkSize;
/** A busy machine takes its time. */
const patient = { timeout: 20_000 };

let place: AliceAndBob;
let docId: string;
let id: string;
/** Bytes of each connection, both ways. */
let went: number[];

beforeEach(async () => {
	went = [];
	const env = await nodeEnv();
	place = await aliceAndBob({ env, newStores: (crypto) => memoryStores(crypto) });
	const files = await place.alice.tenant.openDB("files", { chunkSize });
	({ id: docId } = await files.createDocument({ title: "Minutes" }));
	await files.changeDoc(docId, async (_, attachments) => {
		id = await attachments.addAttachment(env.crypto.randomBytes(size), "minutes.bin", "application/octet-stream");
	});
	return () => place.fixture.close();
});

/** @param cutAfter bytes after which each connection breaks, in their order. */
function wayTo({ tenant }: TestReplica, ...cutAfter: number[]): Transport {
	const { transport } = listenInMemory((duplex) => void tenant.acceptSync(duplex), { clock: nodeClock() });
	return {
		kind: transport.kind,
		async connect(options) {
			const inner = await transport.connect(options);
			const at = went.push(0) - 1;
			const count = ({ length }: Uint8Array) => {
				went[at] = (went[at] ?? 0) + length;
				if ((went[at] ?? 0) <= (cutAfter[at] ?? Number.POSITIVE_INFINITY)) return;
				inner.abort();
				throw new TransportError("the connection broke", { retryable: true });
			};
			return counting(inner, count);
		},
	};
}

function counting(duplex: Duplex, count: (bytes: Uint8Array) => void): Duplex {
	async function* incoming() {
		for await (const bytes of duplex.incoming) {
			count(bytes);
			yield bytes;
		}
	}
	const send = async (bytes: Uint8Array) => {
		count(bytes);
		await duplex.send(bytes);
	};
	return { incoming: incoming(), send, close: () => duplex.close(), abort: () => duplex.abort() };
}

function interrupted(handle: SyncHandle): Promise<void> {
	return new Promise((resolve) => {
		handle.onStatus(({ state }) => {
			if (state === "waiting") resolve();
		});
	});
}

async function lengthAtBobs(): Promise<number | undefined> {
	const doc = await (await place.bob.tenant.openDB("files")).getDocument(docId);
	return (await doc?.getAttachment(id))?.length;
}

describe("attachments of a member's device", () => {
	it("come behind the documents, and what came before a cut does not come again", async () => {
		const way = wayTo(place.alice, 1_200_000);
		const first = place.bob.tenant.sync(way, { backOff: { first: 60_000 } });
		await interrupted(first);
		await first.close();
		const bobs = await place.bob.tenant.openDB("files");
		expect((await bobs.getDocument(docId))?.getData()).toMatchObject({ title: "Minutes" });
		const { payloads, bytes } = await first.countLacking();
		expect([payloads, bytes].map((each) => each > 0)).toEqual([true, true]);
		const second = place.bob.tenant.sync(way);
		await second.done;
		expect(second.status.error).toBe(undefined);
		expect(await bobs.countLacking()).toMatchObject({ payloads: 0, bytes: 0 });
		expect(await lengthAtBobs()).toBe(size);
		// At most the chunks on their way at the cut come twice.
		expect((went[0] ?? 0) + (went[1] ?? 0)).toBeLessThan(size + 4 * 131_072);
	});

	it("go to a replica that lacks nothing but their bytes, before either side is level", async () => {
		const way = wayTo(place.bob, 1_200_000);
		const first = place.alice.tenant.sync(way, { backOff: { first: 60_000 } });
		await interrupted(first);
		await first.close();
		const bobs = await place.bob.tenant.openDB("files");
		await vi.waitFor(async () => expect((await bobs.countLacking()).payloads).toBeGreaterThan(0), patient);
		await place.alice.tenant.sync(way).done;
		expect(await bobs.countLacking()).toMatchObject({ payloads: 0, bytes: 0 });
		expect((went[0] ?? 0) + (went[1] ?? 0)).toBeLessThan(size + 1_200_000);
		expect(await lengthAtBobs()).toBe(size);
	});

	it("are fetched by a lazy replica when somebody reads them", async () => {
		await place.bob.tenant.openDB("files", { attachments: "lazy" });
		const handle = place.bob.tenant.sync(wayTo(place.alice), { live: true });
		await handle.level();
		expect(went[0]).toBeLessThan(50_000);
		expect(await lengthAtBobs()).toBe(size);
		await handle.close();
		expect(went[0]).toBeGreaterThan(size);
	});
});
