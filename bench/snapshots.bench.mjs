// A long document after snapshots: opened cold in another process and changed, which loads it into Automerge.

import { contact } from "./documents.mjs";
import { diskUse } from "./machine.mjs";
import { stopwatch } from "./stopwatch.mjs";
import { demand, firstDocument, makeTenant, openTenant } from "./tenant.mjs";

/**
 * Makes one document and changes one field of it, in groups of changes that are issued without waiting.
 * @param {import("mindoodb").MindooDB} db
 * @param {number} changes
 */
async function write(db, changes) {
	const doc = await db.createDocument(contact(0));
	for (let first = 1; first <= changes; first += 1000) {
		const writes = [];
		for (let no = first; no < first + 1000; no++) {
			writes.push(
				db.changeDoc(doc, (draft) => {
					draft.no = no;
				}),
			);
		}
		await Promise.all(writes);
	}
}

/**
 * @param {number} changes
 * @param {import("mindoodb").SnapshotPolicy | "off"} snapshots
 * @returns {Pick<import("./harness.mjs").Load, "prepare" | "run">}
 */
const longDocument = (changes, snapshots) => ({
	prepare: ({ folder }) =>
		makeTenant(folder, async (tenant) => {
			await write(await tenant.openDB("contacts", { snapshots }), changes);
		}),
	async run({ folder }) {
		const { tenant, figures } = await openTenant(folder);
		const passed = stopwatch();
		const db = await tenant.openDB("contacts", { snapshots: "off" });
		const doc = await firstDocument(db);
		const opened = passed();
		await db.changeDoc(doc, (draft) => {
			draft.no = 0;
		});
		const whole = passed();
		demand("the value before", changes, doc.getData().no);
		const entries = (await db.getAllChangeHashesForDoc(doc.id)).length;
		const read = (await db.getAllChangeHashesForDoc(doc.id, true)).length;
		await tenant.close();
		return { ...figures, openMs: opened.ms, ...whole, entries, read, totalClosedMB: diskUse(folder).bytes / 1e6 };
	},
});

/**
 * Edits of one field with the snapshots that are written by default: what they take on disk, and of what it consists.
 * @param {number} together edits that are made shortly after each other, and so share an entry
 * @returns {Pick<import("./harness.mjs").Load, "prepare" | "run" | "runs">}
 */
const editsOnDisk = (together) => ({
	runs: 1,
	prepare: ({ folder }) =>
		makeTenant(folder, async (tenant) => {
			const db = await tenant.openDB("contacts");
			const doc = await db.createDocument(contact(0));
			for (let first = 1; first <= 10_000; first += together) {
				const edits = Array.from({ length: together }, (_, i) =>
					db.changeDoc(doc, (draft) => {
						draft.no = first + i;
					}),
				);
				await Promise.all(edits);
			}
		}),
	async run({ folder }) {
		const { tenant, figures } = await openTenant(folder);
		const passed = stopwatch();
		const db = await tenant.openDB("contacts");
		const doc = await firstDocument(db);
		/** @type {Record<string, number>} */
		const found = { entries: 0, snapshots: 0, headerBytes: 0, changeBytes: 0, snapshotBytes: 0 };
		for await (const entry of entriesOf(db, doc.id)) {
			if (entry.kind !== "entry") continue;
			const isSnapshot = entry.fields?.entryType === "doc_snapshot";
			found.entries++;
			found.headerBytes += entry.header.length;
			found[isSnapshot ? "snapshotBytes" : "changeBytes"] += entry.payload?.length ?? 0;
			if (isSnapshot) found.snapshots++;
		}
		const whole = passed();
		await tenant.close();
		return { ...figures, ...whole, ...found };
	},
});

/**
 * @param {import("mindoodb").MindooDB} db
 * @param {string} docId
 */
async function* entriesOf(db, docId) {
	const hashes = await db.getAllChangeHashesForDoc(docId);
	for (let first = 0; first < hashes.length; first += 256) {
		for (const entry of await db.store.getEntries(hashes.slice(first, first + 256))) yield entry;
	}
}

/** @type {readonly import("./harness.mjs").Load[]} */
export const loads = [
	{
		name: "snapshot-50000",
		title: "a document of 50,000 changes after snapshots: open cold, load it and change it",
		...longDocument(50_000, { changes: 10_000 }),
		targets: { ms: { atMost: 100 } },
	},
	{
		name: "no-snapshot-50000",
		title: "the same document without snapshots",
		...longDocument(50_000, "off"),
	},
	{ name: "edits-10000-alone", title: "10,000 edits of one field on disk, an entry each", ...editsOnDisk(1) },
	{ name: "edits-10000-together", title: "10,000 edits of one field on disk, 250 an entry", ...editsOnDisk(250) },
];
