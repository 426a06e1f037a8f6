/** A store that tells its documents by recency and lies: a pull takes what is genuine, and comes to an end. */
import { type EntryMaker, entryMaker, lyingStore, testClock } from "@mindoodb/testing";
import { memoryStores, nodeCrypto } from "mindoodb";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { RecentEntries, RecentOptions } from "../../store/recent-entries.js";
import type { ContentAddressedStore, LocalStore } from "../../store/store.js";
import { PeerMemory } from "./peer-memory.js";
import { Pull, type PullLimits } from "./pull.js";
import { RecentDocuments } from "./recent-documents.js";

const crypto = nodeCrypto();

let maker: EntryMaker;
let here: LocalStore;
let there: LocalStore;

beforeEach(async () => {
	maker = await entryMaker({ crypto });
	const { tenantRoot, dbId } = maker;
	const stores = () => memoryStores(crypto).open({ tenantRoot, dbId, purpose: "documents" });
	[here, there] = [await stores(), await stores()];
	await there.append(await maker.document(20));
});

afterEach(() => Promise.all([here.close(), there.close()]));

async function pullFrom(
	recent: (options: RecentOptions) => Promise<RecentEntries>,
	limits: Partial<PullLimits> = {},
): Promise<number> {
	const remote: ContentAddressedStore = lyingStore(there, { recent });
	const { storeId } = await remote.identity();
	const pull = new Pull({
		ownArrivals: async () => (await here.position()).arrival,
		remote,
		memory: new PeerMemory({ store: here, clock: testClock(), storeId, direction: "pull" }),
		take: (entries) => here.putEntries(entries),
		takeLatest: (entries) => here.receive(entries, { headersAlone: true }),
		options: {},
		limits: { inOrder: 0, ...limits },
	});
	return (await pull.run([])).stored;
}

const honest = (options: RecentOptions) => new RecentDocuments(there).entries(options);

it("nothing is wrong with an honest one, which gives each entry once", async () => {
	expect(await pullFrom(honest)).toBe(20);
	expect((await here.position()).arrival).toBe(20);
});

it("one that goes on without end, and gives nothing, is read in order instead", async () => {
	let asked = 0;
	const nothing = async ({ before }: RecentOptions) => {
		asked++;
		return { entries: [], next: { before: Math.max(1, before - 1), within: asked } };
	};
	expect(await pullFrom(nothing, { emptyPages: 5 })).toBe(20);
	expect(asked).toBe(6);
});

it.each([
	["stays where it is", { before: 21, within: 0 }],
	["goes back", { before: 22, within: 0 }],
	["names no place", { before: Number.NaN, within: 0 }],
])("one that %s ends the pull", async (_, next) => {
	await expect(pullFrom(async () => ({ entries: [], next }))).rejects.toMatchObject({ code: "format" });
});

it("one that gives more than was asked for ends the pull", async () => {
	const large = () => maker.make({ payload: new Uint8Array(5 * 1024 * 1024) });
	const entries = [await large(), await large()];
	await expect(pullFrom(async () => ({ entries, next: undefined }))).rejects.toMatchObject({ code: "limit" });
	expect((await here.position()).arrival).toBe(0);
});

it("what is not genuine is not stored, and what is comes all the same", async () => {
	const stranger = await entryMaker({ crypto });
	const [forged] = await stranger.document(1);
	const lying = async (options: RecentOptions) => {
		const found = await honest(options);
		return { ...found, entries: forged === undefined ? found.entries : [forged, ...found.entries] };
	};
	expect(await pullFrom(lying)).toBe(20);
});
