// Creating, editing and reading documents: encrypted, signed, on disk, every write synced before it counts.
// Times run from `openDB` on an unlocked tenant to the last value or the last durable write.
import { join } from "node:path";
import { contact } from "./documents.mjs";
import { diskUse } from "./machine.mjs";
import { stopwatch } from "./stopwatch.mjs";
import { demand, firstDocument, inFlight, makeTenant, openTenant } from "./tenant.mjs";

const perSecond = (/** @type {number} */ count, /** @type {number} */ ms) => (count / ms) * 1000;
const megabyte = 1e6;

/**
 * @param {number} count
 * @returns {Pick<import("./harness.mjs").Load, "prepare" | "run">}
 */
const create = (count) => ({
	prepare: ({ folder }) => makeTenant(folder),
	async run({ folder }) {
		const { tenant, figures } = await openTenant(folder);
		const before = diskUse(folder).bytes;
		const passed = stopwatch();
		const db = await tenant.openDB("contacts");
		const opened = passed();
		await inFlight(count, 64, (index) => db.createDocument(contact(index)));
		const whole = passed();
		const bytes = diskUse(folder).bytes - before;
		await tenant.close();
		return {
			...figures,
			openMs: opened.ms,
			...whole,
			documentsPerS: perSecond(count, whole.ms),
			bytesPerDocument: bytes / count,
			bytesPerDocumentClosed: (diskUse(folder).bytes - before) / count,
		};
	},
});

/**
 * @param {number} count
 * @returns {Pick<import("./harness.mjs").Load, "prepare" | "run">}
 */
const readAll = (count) => ({
	prepare: ({ folder }) =>
		makeTenant(folder, async (tenant) => {
			const db = await tenant.openDB("contacts");
			await db.createDocuments(Array.from({ length: count }, (_, index) => contact(index)));
		}),
	async run({ folder }) {
		const { tenant, figures } = await openTenant(folder);
		const passed = stopwatch();
		const db = await tenant.openDB("contacts");
		const opened = passed();
		let sum = 0;
		for await (const doc of db.iterateDocuments()) sum += Number(doc.getData().no);
		const whole = passed();
		demand("sum of the field", (count * (count - 1)) / 2, sum);
		await tenant.close();
		return { ...figures, openMs: opened.ms, ...whole };
	},
});

const edits = 10_000;

/** @type {import("./harness.mjs").Load["run"]} */
async function edit({ folder }) {
	const { tenant, figures } = await openTenant(folder);
	const stores = join(folder, "stores");
	const before = diskUse(stores).bytes;
	const passed = stopwatch();
	const db = await tenant.openDB("contacts");
	const doc = await firstDocument(db);
	const writes = [];
	for (let no = 1; no <= edits; no++) {
		writes.push(
			db.changeDoc(doc, (draft) => {
				draft.no = no;
			}),
		);
	}
	const issued = passed();
	await Promise.all(writes);
	const whole = passed();
	const openBytes = diskUse(stores).bytes - before;
	demand("last value", edits, (await db.getDocument(doc.id))?.getData().no);
	const entries = (await db.getAllChangeHashesForDoc(doc.id)).length;
	await tenant.close();
	return {
		...figures,
		issuedMs: issued.ms,
		...whole,
		editsPerS: perSecond(edits, whole.ms),
		entries,
		addedMB: openBytes / megabyte,
		addedClosedMB: (diskUse(stores).bytes - before) / megabyte,
		totalClosedMB: diskUse(stores).bytes / megabyte,
	};
}

/** @type {import("./harness.mjs").Load["run"]} */
async function editInBlocks({ folder }) {
	const { tenant, figures } = await openTenant(folder);
	const db = await tenant.openDB("contacts");
	const block = async (/** @type {string} */ id, /** @type {number} */ first) => {
		const passed = stopwatch();
		const writes = [];
		for (let no = first; no < first + 1000; no++) {
			writes.push(
				db.changeDoc(id, (draft) => {
					draft.no = no;
				}),
			);
		}
		await Promise.all(writes);
		return passed().ms;
	};
	// Another document first, so that the comparison is not between cold and warm code.
	const warm = await db.createDocument(contact(1));
	for (let round = 0; round < 3; round++) await block(warm.id, 1 + round * 1000);
	const doc = await firstDocument(db);
	const times = [];
	for (let first = 1; first <= edits; first += 1000) times.push(await block(doc.id, first));
	demand("last value", edits, (await db.getDocument(doc.id))?.getData().no);
	await tenant.close();
	const [firstMs = Number.NaN] = times;
	const lastMs = times.at(-1) ?? Number.NaN;
	return { ...figures, firstMs, lastMs, lastToFirst: lastMs / firstMs };
}

/** @type {NonNullable<import("./harness.mjs").Load["prepare"]>} */
const oneDocument = ({ folder }) =>
	makeTenant(folder, async (tenant) => {
		await (await tenant.openDB("contacts")).createDocument(contact(0));
	});

/** @type {readonly import("./harness.mjs").Load[]} */
export const loads = [
	{
		name: "create-1000",
		title: "create 1,000 documents, up to 64 in flight",
		...create(1000),
		targets: { documentsPerS: { atLeast: 2500 } },
	},
	{
		name: "edit-10000",
		title: "10,000 edits of one field of one document, issued without waiting, until the last is durable",
		prepare: oneDocument,
		run: edit,
		targets: { editsPerS: { atLeast: 12_000 }, addedMB: { atMost: 1.2 }, addedClosedMB: { atMost: 1.2 } },
	},
	{
		name: "edit-blocks",
		title: "the first and the last 1,000 of 10,000 edits, each block until it is durable",
		prepare: oneDocument,
		run: editInBlocks,
		targets: { lastToFirst: { atMost: 1.2 } },
	},
	{
		name: "read-1000",
		title: "open cold and read all of 1,000 documents",
		...readAll(1000),
		targets: { ms: { atMost: 40 } },
	},
	{
		name: "read-10000",
		title: "open cold and read all of 10,000 documents",
		...readAll(10_000),
		targets: { ms: { atMost: 250 } },
	},
];
