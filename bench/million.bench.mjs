// A database with a million entries: opening it and listing documents must not cost more than in a small one.
// Making it takes minutes, so it is made once and kept under bench/.cache/; delete that folder to have it made anew.
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { contact } from "./documents.mjs";
import { diskUse } from "./machine.mjs";
import { stopwatch } from "./stopwatch.mjs";
import { demand, makeTenant, openTenant } from "./tenant.mjs";

const documents = 10_000;
const entriesPerDocument = 100;
/** Documents edited at the same time: as many as the database keeps in memory. */
const width = 64;
const cache = fileURLToPath(new URL("./.cache", import.meta.url));
const folder = join(cache, "million-entries-1");

async function prepare() {
	if (existsSync(folder)) return;
	const unfinished = `${folder}-${process.pid}`;
	mkdirSync(cache, { recursive: true });
	await makeTenant(unfinished, async (tenant) => {
		const db = await tenant.openDB("contacts");
		for (let first = 0; first < documents; first += width) {
			const count = Math.min(width, documents - first);
			const docs = await db.createDocuments(
				Array.from({ length: count }, (_, index) => ({ ...contact(first + index), score: 0 })),
			);
			for (let edit = 1; edit < entriesPerDocument; edit++) {
				await Promise.all(
					docs.map((doc) =>
						db.changeDoc(doc, (draft) => {
							draft.score = edit;
						}),
					),
				);
			}
			if (first % (50 * width) === 0) process.stderr.write(`${first} of ${documents} documents\n`);
		}
	}).catch((error) => {
		rmSync(unfinished, { recursive: true, force: true });
		throw error;
	});
	renameSync(unfinished, folder);
}

/** @type {readonly import("./harness.mjs").Load[]} */
export const loads = [
	{
		name: "list-50-of-million",
		title: "open cold with 1,000,000 entries in the store, list 50 documents",
		sharesFolder: true,
		prepare,
		async run() {
			const { tenant, figures } = await openTenant(folder);
			const passed = stopwatch();
			const db = await tenant.openDB("contacts");
			const opened = passed();
			let listed = 0;
			for await (const doc of db.iterateDocuments({ limit: 50 })) {
				demand("field", entriesPerDocument - 1, doc.getData().score);
				listed++;
			}
			const whole = passed();
			demand("documents", 50, listed);
			demand("entries", documents * entriesPerDocument, (await db.store.position()).arrival);
			await tenant.close();
			return { ...figures, openMs: opened.ms, ...whole, storeMB: diskUse(folder).bytes / 1e6 };
		},
		targets: { ms: { atMost: 150 }, peakMB: { atMost: 200 } },
	},
];
