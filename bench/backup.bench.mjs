// Backing up, checking and restoring a tenant of 10,000 documents, in a folder and a file on disk. Times run to the last durable byte.
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { createFileSink, nodeApack, openFileSource } from "@mindoodb/formats/node";
import { backupTenant, folderStores, nodeCrypto, nodeEnv, openBackup, restoreBackup, verifyBackup } from "mindoodb";
import { contact } from "./documents.mjs";
import { stopwatch } from "./stopwatch.mjs";
import { demand, makeTenant, openTenant } from "./tenant.mjs";

const count = 10_000;
const archive = (/** @type {string} */ folder) => join(folder, "archive.apack");
const perSecond = (/** @type {number} */ entries, /** @type {number} */ ms) => (entries / ms) * 1000;

/** @param {import("mindoodb").MindooTenant} tenant */
const fill = async (tenant) => {
	const db = await tenant.openDB("contacts");
	await db.createDocuments(Array.from({ length: count }, (_, index) => contact(index)));
};

/**
 * @param {import("mindoodb").MindooTenant} tenant
 * @param {string} path
 */
async function write(tenant, path) {
	const sink = await createFileSink(path);
	const written = await backupTenant(tenant, sink, { env: await nodeEnv(), platform: await nodeApack() });
	await sink.close();
	return written;
}

/**
 * @template T
 * @param {string} path
 * @param {(backup: import("mindoodb").OpenedBackup) => Promise<T>} work
 */
async function withArchive(path, work) {
	const source = await openFileSource(path);
	try {
		return await work(await openBackup(source, { crypto: nodeCrypto(), platform: await nodeApack() }));
	} finally {
		await source.close();
	}
}

/** @type {readonly import("./harness.mjs").Load[]} */
export const loads = [
	{
		name: "backup",
		title: `${count} documents into an archive`,
		prepare: ({ folder }) => makeTenant(folder, fill),
		async run({ folder }) {
			const { tenant } = await openTenant(folder);
			await tenant.openDB("contacts");
			const passed = stopwatch();
			await write(tenant, archive(folder));
			const whole = passed();
			await tenant.close();
			const { size } = statSync(archive(folder));
			return { ...whole, entriesPerS: perSecond(count, whole.ms), archiveMB: size / 1e6 };
		},
	},
	{
		name: "restore",
		title: `${count} documents out of an archive into an empty folder`,
		prepare: ({ folder }) =>
			makeTenant(folder, async (tenant) => {
				await fill(tenant);
				await write(tenant, archive(folder));
			}),
		async run({ folder }) {
			const crypto = nodeCrypto();
			return withArchive(archive(folder), async (backup) => {
				const checking = stopwatch();
				const { faults } = await verifyBackup(crypto, [backup]);
				const checked = checking();
				demand("faults", 0, faults.length);
				const target = join(folder, "restored");
				mkdirSync(target);
				const passed = stopwatch();
				const { entries } = await restoreBackup({ crypto, stores: folderStores(target, crypto) }, [backup]);
				const whole = passed();
				demand("at least the documents", true, entries >= count);
				return { verifyMs: checked.ms, ...whole, entriesPerS: perSecond(entries, whole.ms) };
			});
		},
		targets: { ms: { atMost: 5000 } },
	},
];
