// A long document after snapshots, for somebody whose process has the tenant open: its first reading, its first change of a root
// field, and its first change of another kind, which loads it into Automerge. Beside it, what Automerge alone takes to load as much in a new process.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { change, getBackend, init, load, save } from "@automerge/automerge/slim";
import { nodeEnv } from "mindoodb";
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
 * @param {"off" | undefined} snapshots the default when undefined
 * @returns {Pick<import("./harness.mjs").Load, "prepare" | "run">}
 */
const longDocument = (changes, snapshots) => ({
	prepare: ({ folder }) =>
		makeTenant(folder, async (tenant) => {
			await write(await tenant.openDB("contacts", snapshots === undefined ? {} : { snapshots }), changes);
		}),
	async run({ folder }) {
		const { tenant, figures } = await openTenant(folder);
		const db = await tenant.openDB("contacts", { snapshots: "off" });
		const [id = ""] = await db.getAllDocumentIds();
		const read = stopwatch();
		const doc = await db.getDocument(id);
		const getMs = read().ms;
		const changed = stopwatch();
		await db.changeDoc(id, (draft) => {
			draft.no = 0;
		});
		const whole = changed();
		const loading = stopwatch();
		await db.changeDoc(id, (draft) => {
			draft.tags = ["loaded"];
		});
		const { ms: loadMs, mainMs: loadMainMs } = loading();
		demand("the value before", changes, doc?.getData().no);
		const entries = (await db.getAllChangeHashesForDoc(id)).length;
		const loaded = (await db.getAllChangeHashesForDoc(id, true)).length;
		await tenant.close();
		return {
			...figures,
			getMs,
			...whole,
			loadMs,
			loadMainMs,
			entries,
			loaded,
			totalClosedMB: diskUse(folder).bytes / 1e6,
		};
	},
});

const savedFile = "saved.automerge";

/** @param {number} changes */
const automergeAlone = (changes) => ({
	/** @param {import("./harness.mjs").Place} place */
	async prepare({ folder }) {
		await nodeEnv();
		let doc = change(init(), (draft) => Object.assign(draft, contact(0)));
		for (let no = 1; no <= changes; no++) {
			doc = change(doc, { time: 0 }, (draft) => Object.assign(draft, { no }));
		}
		await writeFile(join(folder, savedFile), save(doc));
	},
	/** @param {import("./harness.mjs").Place} place */
	async run({ folder }) {
		await nodeEnv();
		const saved = await readFile(join(folder, savedFile));
		const first = stopwatch();
		getBackend(load(saved)).free();
		const whole = first();
		const again = stopwatch();
		getBackend(load(saved)).free();
		return { ...whole, againMs: again().ms };
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
		title:
			"a document of 50,000 changes after snapshots: getMs its first reading, ms its first change, loadMs its first that needs Automerge",
		...longDocument(50_000, undefined),
		targets: { getMs: { atMost: 100 }, ms: { atMost: 100 }, loadMs: { atMost: 100 } },
	},
	{
		name: "no-snapshot-50000",
		title: "the same document without snapshots",
		...longDocument(50_000, "off"),
	},
	{
		name: "automerge-50000",
		title: "as many changes loaded by Automerge alone",
		sharesFolder: true,
		...automergeAlone(50_000),
	},
	{ name: "edits-10000-alone", title: "10,000 edits of one field on disk, an entry each", ...editsOnDisk(1) },
	{ name: "edits-10000-together", title: "10,000 edits of one field on disk, 250 an entry", ...editsOnDisk(250) },
];
