// Files that belong to documents: 256 MB as a stream, in a store of their own, durable before it counts.
// Beside each figure stands what node:crypto alone does with the same bytes in the same process: AES-256-GCM and SHA-256 twice.
import { createCipheriv, createHash } from "node:crypto";
import { join } from "node:path";
import { folderStores, nodeCrypto } from "mindoodb";
import { diskUse } from "./machine.mjs";
import { stopwatch } from "./stopwatch.mjs";
import { demand, makeTenant, openTenant } from "./tenant.mjs";

const megabyte = 1e6;
const fileBytes = 256 * megabyte;
const pieceBytes = megabyte;

/** Bytes that do not shrink; all pieces are made of them. */
const noise = new Uint8Array(pieceBytes);
for (let i = 0, state = 1; i < noise.length; i++) {
	state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
	noise[i] = state >>> 24;
}

/** The file, piece by piece: no two chunks alike, and as cheap to make as a read from the disk's cache. */
async function* file(bytes = fileBytes) {
	for (let at = 0; at < bytes; at += pieceBytes) yield piece(at, Math.min(pieceBytes, bytes - at));
}

function piece(/** @type {number} */ at, /** @type {number} */ length) {
	const bytes = noise.slice(0, length);
	const view = new DataView(bytes.buffer);
	for (let offset = 0; offset + 8 <= length; offset += 16_384) view.setFloat64(offset, at + offset);
	return bytes;
}

/** MB/s of the cryptography alone. */
function ceiling() {
	const chunk = piece(0, 262_144);
	const [key, iv] = [new Uint8Array(32), new Uint8Array(12)];
	const rounds = 256;
	const passed = stopwatch();
	for (let i = 0; i < rounds; i++) {
		createHash("sha256").update(chunk).digest();
		const cipher = createCipheriv("aes-256-gcm", key, iv);
		const sealed = cipher.update(chunk);
		cipher.final();
		createHash("sha256").update(sealed).digest();
	}
	return (rounds * chunk.length) / megabyte / (passed().ms / 1000);
}

/** @param {string} folder @param {boolean} apart whether chunks lie in a store of their own */
async function openFiles(folder, apart) {
	const { tenant } = await openTenant(folder);
	if (!apart) return { tenant, db: await tenant.openDB("files") };
	const stores = folderStores(join(folder, "stores"), nodeCrypto());
	const attachmentStore = await stores.open({
		tenantRoot: tenant.identity.tenantRoot,
		dbId: "files",
		purpose: "attachments",
	});
	return { tenant, db: await tenant.openDB("files", { attachmentStore }) };
}

/** @param {import("mindoodb").MindooDB} db */
async function addFile(db) {
	const doc = await db.createDocument({ title: "a large file" });
	let id = "";
	await db.changeDoc(doc, async (_, attachments) => {
		id = await attachments.addAttachmentStream(file(), "large.bin", "application/octet-stream");
	});
	return { docId: doc.id, id };
}

const least = (/** @type {number[]} */ times) => Math.min(...times);

/** @param {boolean} apart @returns {import("./harness.mjs").Load["run"]} */
const attach =
	(apart) =>
	async ({ folder }) => {
		const { tenant, db } = await openFiles(folder, apart);
		const ceilingMBs = ceiling();
		const idle = process.memoryUsage.rss();
		let most = idle;
		const watch = setInterval(() => {
			most = Math.max(most, process.memoryUsage.rss());
		}, 5);
		const passed = stopwatch();
		const { docId, id } = await addFile(db);
		const added = passed();
		let doc = await db.getDocument(docId);
		if (doc === undefined) throw new Error("the document is gone");
		const reading = stopwatch();
		let bytes = 0;
		for await (const each of doc.streamAttachment(id)) bytes += each.length;
		const read = reading();
		demand("bytes read", fileBytes, bytes);
		const ranges = [];
		for (let i = 0; i < 10; i++) {
			const start = 128 * megabyte + i * 3_333_333;
			const ranging = stopwatch();
			const part = await doc.getAttachmentRange(id, start, start + megabyte);
			ranges.push(ranging().ms);
			demand("bytes of the range", megabyte, part.length);
		}
		const appends = [];
		for (let i = 0; i < 20; i++) {
			const tail = piece(1e9 + i * pieceBytes, 65_536);
			const appending = stopwatch();
			await db.changeDoc(docId, (_, attachments) => attachments.appendToAttachment(id, tail));
			appends.push(appending().ms);
		}
		clearInterval(watch);
		const before = diskUse(folder).bytes;
		await addFile(db);
		const twice = diskUse(folder).bytes - before;
		doc = await db.getDocument(docId);
		demand("bytes after the appends", fileBytes + 20 * 65_536, doc?.getAttachments()[0]?.size ?? 0);
		await tenant.close();
		const median = (/** @type {number[]} */ times) => [...times].sort((a, b) => a - b)[times.length >> 1] ?? Number.NaN;
		return {
			ceilingMBs,
			addMBs: fileBytes / megabyte / (added.ms / 1000),
			readMBs: fileBytes / megabyte / (read.ms / 1000),
			rangeMs: median(ranges),
			rangeLeastMs: least(ranges),
			appendMs: median(appends),
			memoryMB: (most - idle) / megabyte,
			againMB: twice / megabyte,
		};
	};

const targets = {
	addMBs: { atLeast: 250 },
	readMBs: { atLeast: 400 },
	rangeMs: { atMost: 4 },
	appendMs: { atMost: 5 },
	memoryMB: { atMost: 150 },
	againMB: { atMost: 1 },
};

/** @type {readonly import("./harness.mjs").Load[]} */
export const loads = [
	{
		name: "attach-256",
		title: "256 MB as a stream in and out, ranges, appends, the same again: chunks in a store of their own",
		prepare: ({ folder }) => makeTenant(folder),
		run: attach(true),
		targets,
		runs: 3,
	},
	{
		name: "attach-256-one-store",
		title: "the same with chunks beside the documents",
		prepare: ({ folder }) => makeTenant(folder),
		run: attach(false),
		targets: { memoryMB: targets.memoryMB, againMB: targets.againMB },
		runs: 3,
	},
];
