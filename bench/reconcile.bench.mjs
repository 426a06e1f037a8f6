// Two replicas that remember nothing of each other find what one of them lacks. Entries are signed, verified where they come to, and
// durable there; the wire is left out, and what would cross it is counted.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { folderStores, nodeCrypto } from "mindoodb";
import { PeerMemory } from "../packages/core/dist/sync/levelling/peer-memory.js";
import { Pull } from "../packages/core/dist/sync/levelling/pull.js";
import { storeResponder } from "../packages/core/dist/sync/negentropy/responder.js";
import { entryMaker } from "../packages/testing/dist/entry-maker.js";
import { lyingStore } from "../packages/testing/dist/lying-store.js";
import { stopwatch } from "./stopwatch.mjs";
import { demand } from "./tenant.mjs";

const crypto = nodeCrypto();
const entries = 100_000;
const differences = 1000;
const written = 2000;
const options = /** @type {const} */ ({ tenantRoot: "5e".repeat(32), dbId: "notes", purpose: "documents" });
const hashBytes = 32;

/** @param {string} folder @param {string} name */
const openStore = (folder, name) => folderStores(join(folder, name), crypto).open(options);

/** Places of the entries that one side lacks: the same ones each time, in no order. */
function scattered() {
	const places = new Set();
	for (let state = 1; places.size < differences; ) {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		places.add(Math.floor((state / 2 ** 32) * entries));
	}
	return places;
}

/** @param {{ folder: string }} place */
async function prepare({ folder }) {
	for (const name of ["whole", "lacking"]) mkdirSync(join(folder, name));
	const [whole, lacking] = [await openStore(folder, "whole"), await openStore(folder, "lacking")];
	const missing = scattered();
	const maker = await entryMaker({ crypto, tenantRoot: options.tenantRoot, dbId: options.dbId });
	for (let done = 0; done < entries; done += written) {
		const made = [];
		// About a second lies between two entries, as people write.
		for (let i = done; i < done + written; i++) {
			made.push(await maker.make({ createdAt: 1_700_000_000_000 + 1000 * i + (i % 997) }));
		}
		await whole.append(made);
		await lacking.append(made.filter((_, index) => !missing.has(done + index)));
	}
	await Promise.all([whole.close(), lacking.close()]);
}

/**
 * A store as a peer sees it, and what would cross the wire.
 * @param {import("mindoodb").LocalStore} store
 */
function answering(store) {
	const respond = storeResponder(crypto, store);
	const counts = { rounds: 0, messageBytes: 0, fetches: 0, askedBytes: 0 };
	const remote = lyingStore(store, {
		async reconcile(message) {
			const answer = await respond(message);
			counts.rounds++;
			counts.messageBytes += message.length + answer.length;
			return answer;
		},
		async entriesByHash(hashes, asked) {
			counts.fetches++;
			counts.askedBytes += hashes.length * hashBytes;
			return store.entriesByHash(hashes, asked);
		},
	});
	return { remote, counts };
}

/** @type {readonly import("./harness.mjs").Load[]} */
export const loads = [
	{
		name: "reconcile",
		title: "find and fetch 1,000 scattered entries that one of two replicas of 100,000 lacks, nothing remembered",
		prepare,
		async run({ folder }) {
			const [whole, lacking] = [await openStore(folder, "whole"), await openStore(folder, "lacking")];
			const { remote, counts } = answering(whole);
			const { storeId } = await whole.identity();
			const passed = stopwatch();
			const pull = new Pull({
				ownArrivals: async () => (await lacking.position()).arrival,
				remote,
				memory: new PeerMemory({
					store: lacking,
					clock: { now: () => 1, after: () => () => {} },
					storeId,
					direction: "pull",
				}),
				take: (offered) => lacking.receive(offered),
				own: {
					crypto,
					index: async () => lacking,
					missing: async (hashes) => {
						const arrivals = await lacking.arrivalsOf(hashes);
						return hashes.filter((_, index) => arrivals[index] === undefined);
					},
				},
				options: {},
			});
			const { stored, complete } = await pull.run([]);
			const figures = passed();
			demand("stored", differences, stored);
			demand("complete", true, complete);
			demand("entries", entries, (await lacking.position()).arrival);
			await Promise.all([whole.close(), lacking.close()]);
			return { ...figures, ...counts };
		},
		targets: { ms: { atMost: 2000 }, messageBytes: { atMost: 350_000 }, rounds: { atMost: 5 } },
	},
];
