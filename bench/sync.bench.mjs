// Two members and a server in a process of its own, over WebSocket on the loopback: encrypted, signed, verified on both sides, durable.
import { contact } from "./documents.mjs";
import { stopwatch } from "./stopwatch.mjs";
import { bytesOf, countedTransport, roundTripsOf } from "./sync/counted-transport.mjs";
import { openSessions } from "./sync/idle-sessions.mjs";
import { makeMembers, openMember, serverFolder, unlockMember } from "./sync/members.mjs";
import { startServer } from "./sync/server-process.mjs";
import { demand, inFlight } from "./tenant.mjs";

/** @param {import("mindoodb").MindooTenant} tenant @param {number} count two entries each */
async function writeDocuments(tenant, count) {
	const db = await tenant.openDB("contacts", { snapshots: "off" });
	/** @type {string[]} */
	const ids = [];
	await inFlight(count, 64, async (index) => {
		ids[index] = (await db.createDocument(contact(index))).id;
	});
	await inFlight(count, 64, async (index) => {
		await db.changeDoc(/** @type {string} */ (ids[index]), (data) => {
			data.score = 1000 + index;
		});
	});
	return ids;
}

/** @param {import("mindoodb").MindooTenant} tenant @param {import("mindoodb").Transport} transport */
async function level(tenant, transport) {
	const handle = tenant.sync(transport);
	await handle.done;
	return handle.status;
}

/** @param {import("mindoodb").MindooTenant} tenant @returns {Promise<number>} */
async function readAll(tenant) {
	let count = 0;
	for await (const doc of (await tenant.openDB("contacts")).iterateDocuments()) {
		demand("score", 1000 + Number(doc.getData().no), doc.getData().score);
		count++;
	}
	return count;
}

const first = 1000;
const many = 10_000;
const changed = 10;
const edits = 300;
const sessions = 2000;
/** Messages of a handshake that goes on with a ticket. */
const handshakePieces = 2;
/** Frame of the next channel's ticket, which belongs to the channel and comes with the first answer: lengths, tags, 16 and 32 bytes. */
const ticketBytes = 55;
/** Milliseconds after which a replica has written what a change does not wait for. */
const writtenBehind = 1500;

/** Ada, Bob and the server have the same documents. @param {number} count @returns {(place: import("./harness.mjs").Place) => Promise<void>} */
const levelled =
	(count) =>
	({ folder }) =>
		makeMembers(folder, async (ada, bob, server) => {
			const db = await ada.openDB("contacts", { snapshots: "off" });
			for (let from = 0; from < count; from += 500) {
				await db.createDocuments(
					Array.from({ length: Math.min(500, count - from) }, (_, index) => contact(from + index)),
				);
			}
			for (const tenant of [ada, bob]) await tenant.sync(server.address).done;
		});

/** @param {import("mindoodb").MindooTenant} tenant @param {import("mindoodb").Transport} transport */
async function timed(tenant, transport) {
	const start = performance.now();
	const passed = stopwatch();
	const handle = tenant.sync(transport);
	await handle.level();
	const figures = passed();
	await handle.done;
	return { ...figures, start, status: handle.status };
}

/** Milliseconds that a sync over a resumed channel took from `Open` on. @param {{ start: number, ms: number }} sync @param {readonly import("./sync/counted-transport.mjs").Piece[]} pieces */
const fromOpenMs = ({ start, ms }, pieces) => start + ms - (pieces[handshakePieces]?.at ?? Number.NaN);

/** Until what came is judged, and what is written behind is written: this is not part of a sync, and both members share a process here. @param {readonly import("mindoodb").MindooTenant[]} tenants */
async function settled(...tenants) {
	for (const tenant of tenants) await (await tenant.openDB("contacts")).getAllDocumentIds();
	await new Promise((resolve) => setTimeout(resolve, writtenBehind));
}

/** @type {readonly import("./harness.mjs").Load[]} */
export const loads = [
	{
		name: "sync-first",
		title: `first sync of ${first} documents of two entries to an empty server, then to an empty second member`,
		prepare: ({ folder }) => makeMembers(folder, async (ada) => void (await writeDocuments(ada, first))),
		async run({ folder }) {
			const server = await startServer(serverFolder(folder));
			const { transport, take } = countedTransport(server.address);
			const ada = await openMember(folder, "ada");
			const cpu = server.cpuMs();
			const up = stopwatch();
			demand("declined", 0, (await level(ada, transport)).declinedThere);
			const sent = up();
			const upBytes = bytesOf(take());
			const upCpu = server.cpuMs() - cpu;
			await ada.close();
			const bob = await openMember(folder, "bob");
			await bob.openDB("contacts");
			const down = stopwatch();
			const { received } = await level(bob, transport);
			const got = down();
			const downBytes = bytesOf(take());
			const downCpu = server.cpuMs() - cpu - upCpu;
			demand("readable", first, await readAll(bob));
			const readable = down().ms;
			demand("entries", 2 * first, received);

			await bob.close();
			await server.stop();
			return {
				upPerS: first / (sent.ms / 1000),
				downPerS: first / (got.ms / 1000),
				readablePerS: first / (readable / 1000),
				upBytesPerDoc: upBytes / first,
				downBytesPerDoc: downBytes / first,
				upMs: sent.ms,
				upMainMs: sent.mainMs,
				upCpuMs: sent.cpuMs,
				upServerCpuMs: upCpu,
				downMs: got.ms,
				downMainMs: got.mainMs,
				downCpuMs: got.cpuMs,
				downServerCpuMs: downCpu,
				readableMs: readable,
			};
		},
		targets: {
			upPerS: { atLeast: 5000 },
			downPerS: { atLeast: 5000 },
			readablePerS: { atLeast: 2000 },
			upBytesPerDoc: { atMost: 700 },
			downBytesPerDoc: { atMost: 700 },
		},
	},
	{
		name: "sync-again",
		title: `a reconnect with ${many} documents: nothing changed, then ${changed} of them`,
		prepare: levelled(many),
		async run({ folder }) {
			const server = await startServer(serverFolder(folder));
			const { transport, take } = countedTransport(server.address);
			const ada = await openMember(folder, "ada");
			const db = await ada.openDB("contacts");
			const fullMs = (await timed(ada, transport)).ms;
			const full = take();
			const resumedMs = (await timed(ada, transport)).ms;
			const resumed = take();
			const fromOpen = resumed.slice(handshakePieces);
			const ids = await db.getAllDocumentIds();
			const some = ids.filter((_, index) => index % (many / changed) === 0);
			await Promise.all(
				some.map((id) =>
					db.changeDoc(id, (data) => {
						data.name = "changed";
					}),
				),
			);
			const up = await timed(ada, transport);
			const upPieces = take();
			await settled(ada);
			const bob = await openMember(folder, "bob");
			const bobs = countedTransport(server.address);
			await timed(bob, bobs.transport);
			await settled(bob);
			await Promise.all(
				some.map((id) =>
					db.changeDoc(id, (data) => {
						data.name = "changed again";
					}),
				),
			);
			const upAgain = await timed(ada, transport);
			const upAgainPieces = take();
			bobs.take();
			await settled(ada);
			const down = await timed(bob, bobs.transport);
			const downPieces = bobs.take();
			demand("entries that Bob got", changed, down.status.received);
			await Promise.all([ada.close(), bob.close()]);
			await server.stop();
			return {
				fullMs,
				fullBytes: bytesOf(full),
				fullRoundTrips: roundTripsOf(full),
				resumedMs,
				resumedBytes: bytesOf(resumed),
				resumedRoundTrips: roundTripsOf(resumed),
				openBytes: bytesOf(fromOpen) - ticketBytes,
				openRoundTrips: roundTripsOf(fromOpen),
				changedUpMs: up.ms,
				changedUpAgainMs: upAgain.ms,
				changedUpFromOpenMs: fromOpenMs(upAgain, upAgainPieces),
				changedUpMainMs: upAgain.mainMs,
				changedUpBytes: bytesOf(upPieces),
				changedDownMs: down.ms,
				changedDownFromOpenMs: fromOpenMs(down, downPieces),
				changedDownMainMs: down.mainMs,
				changedDownBytes: bytesOf(downPieces),
			};
		},
		targets: {
			openBytes: { atMost: 300 },
			openRoundTrips: { atMost: 1 },
			changedUpAgainMs: { atMost: 10 },
			changedUpBytes: { atMost: 6000 },
			changedDownMs: { atMost: 10 },
			changedDownBytes: { atMost: 6000 },
		},
	},
	{
		name: "sync-live",
		title: `${edits} edits of one member, each until another one's listener can read it, both live at the server`,
		prepare: levelled(first),
		async run({ folder }) {
			const server = await startServer(serverFolder(folder));
			const [ada, bob] = [await openMember(folder, "ada"), await openMember(folder, "bob")];
			for (const tenant of [ada, bob]) await tenant.sync(server.address, { live: true }).level();
			const [hers, his] = [await ada.openDB("contacts"), await bob.openDB("contacts")];
			const [id] = await hers.getAllDocumentIds();
			/** @type {(score: unknown) => void} */
			let came = () => {};
			his.onChange(async () => came((await his.getDocument(/** @type {string} */ (id)))?.getData().score));
			/** @type {number[]} */
			const delays = [];
			const cpu = server.cpuMs();
			const passed = stopwatch();
			for (let edit = 0; edit < edits; edit++) {
				const start = performance.now();
				const arrived = new Promise((resolve) => {
					came = (score) => score === 10_000 + edit && resolve(undefined);
				});
				await hers.changeDoc(/** @type {string} */ (id), (data) => {
					data.score = 10_000 + edit;
				});
				await arrived;
				delays.push(performance.now() - start);
				await new Promise((resolve) => setTimeout(resolve, 10));
			}
			const { mainMs, cpuMs } = passed();
			const serverCpuMs = server.cpuMs() - cpu;
			await Promise.all([ada.close(), bob.close()]);
			await server.stop();
			delays.sort((a, b) => a - b);
			return {
				p50Ms: /** @type {number} */ (delays[Math.floor(edits * 0.5)]),
				p99Ms: /** @type {number} */ (delays[Math.floor(edits * 0.99)]),
				mainMsPerEdit: mainMs / edits,
				cpuMsPerEdit: cpuMs / edits,
				serverCpuMsPerEdit: serverCpuMs / edits,
			};
		},
		targets: { p50Ms: { atMost: 10 }, p99Ms: { atMost: 30 } },
	},
	{
		name: "sync-idle",
		title: `memory of one server process with ${sessions} idle live sessions`,
		prepare: levelled(first),
		async run({ folder }) {
			const server = await startServer(serverFolder(folder), { wide: true });
			const bob = await openMember(folder, "bob");
			const unlocked = await unlockMember(folder, "bob");
			const one = await openSessions(bob, unlocked, server, 1);
			const aloneMB = server.residentMB();
			const all = await openSessions(bob, unlocked, server, sessions);
			await new Promise((resolve) => setTimeout(resolve, 2000));
			const serverMB = server.residentMB();
			for (const each of [...one, ...all]) each.close();
			await bob.close();
			await server.stop();
			return { aloneMB, serverMB, sessionKB: ((serverMB - aloneMB) * 1024) / sessions };
		},
		targets: { serverMB: { atMost: 250 } },
	},
];
