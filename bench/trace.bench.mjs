// The real keystrokes of a paper (259,778 edits of one text): one change for every 100 of them, each awaited as an editor would,
// then read in another process. The trace stands beside the project; without it the load is left out.
// Source: josephg/editing-traces, automerge-paper, CC BY 4.0.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { splice } from "@automerge/automerge/slim";
import { diskUse } from "./machine.mjs";
import { stopwatch } from "./stopwatch.mjs";
import { demand, firstDocument, makeTenant, openTenant } from "./tenant.mjs";

const file = fileURLToPath(new URL("../../shared/data/automerge-paper.json.gz", import.meta.url));
const editsPerChange = 100;

/** @returns {{ endContent: string, patches: readonly (readonly [position: number, deleted: number, inserted: string])[] }} */
function readTrace() {
	const { startContent, endContent, txns } = JSON.parse(gunzipSync(readFileSync(file)).toString("utf8"));
	demand("start", "", startContent);
	return { endContent, patches: txns.flatMap((/** @type {{ patches: never[] }} */ txn) => txn.patches) };
}

/**
 * @param {string} folder
 * @returns {Promise<import("./harness.mjs").Figures>}
 */
async function write(folder) {
	const { endContent, patches } = readTrace();
	const { tenant, figures } = await openTenant(folder);
	const before = diskUse(folder).bytes;
	const passed = stopwatch();
	const db = await tenant.openDB("papers");
	const doc = await db.createDocument({ text: "" });
	let changes = 0;
	let slowest = 0;
	for (let first = 0; first < patches.length; first += editsPerChange) {
		const start = performance.now();
		await db.changeDoc(doc, (draft) => {
			for (const [position, deleted, inserted] of patches.slice(first, first + editsPerChange)) {
				splice(/** @type {never} */ (draft), ["text"], position, deleted, inserted);
			}
		});
		slowest = Math.max(slowest, performance.now() - start);
		changes++;
	}
	const whole = passed();
	demand("text", endContent, (await db.getDocument(doc.id))?.getData().text);
	await tenant.close();
	return {
		...figures,
		...whole,
		changes,
		editsPerS: (patches.length / whole.ms) * 1000,
		msPerChange: whole.ms / changes,
		slowestChangeMs: slowest,
		addedMB: (diskUse(folder).bytes - before) / 1e6,
	};
}

/**
 * @param {string} folder
 * @returns {Promise<import("./harness.mjs").Figures>}
 */
async function read(folder) {
	const { tenant, figures } = await openTenant(folder);
	const passed = stopwatch();
	const db = await tenant.openDB("papers");
	const doc = await firstDocument(db);
	const { length } = String(doc.getData().text);
	const whole = passed();
	demand("length", readTrace().endContent.length, length);
	const again = stopwatch();
	await db.changeDoc(doc, (draft) => {
		splice(/** @type {never} */ (draft), ["text"], 0, 0, "x");
	});
	const firstChangeMs = again().ms;
	await tenant.close();
	return { ...figures, ...whole, firstChangeMs };
}

/** @type {readonly import("./harness.mjs").Load[]} */
const both = [
	{
		name: "trace-write",
		title: "the editing trace: 259,778 edits, one change for every 100, each awaited",
		prepare: ({ folder }) => makeTenant(folder),
		run: ({ folder }) => write(folder),
		runs: 3,
	},
	{
		name: "trace-read",
		title: "the editing trace, open cold and read; then the first change, which loads the document",
		prepare: async ({ folder }) => {
			await makeTenant(folder);
			await write(folder);
		},
		run: ({ folder }) => read(folder),
	},
];

if (!existsSync(file)) process.stderr.write(`${file} is not there: the editing trace is left out\n`);
export const loads = existsSync(file) ? both : [];
