/**
 * The process that `crash.test.ts` kills: writes entries in groups of all sizes and says on stdout what is durable. It runs the
 * built packages.
 *
 * Arguments: folder, tenantRoot. It is started ahead and waits for a byte on stdin. Lines: "ack HASH…", "purging DOCID", "purged DOCID".
 */
import { once } from "node:events";
import { writeSync } from "node:fs";
import { entryMaker } from "@mindoodb/testing";
import { folderStores, nodeCrypto } from "mindoodb";

const [dir, tenantRoot] = process.argv.slice(2);
const crypto = nodeCrypto();
await once(process.stdin, "data");
const store = await folderStores(dir, crypto).open({ tenantRoot, dbId: "notes", purpose: "documents" });
const say = (line) => writeSync(1, `${line}\n`);
const random = (below) => crypto.randomBytes(2).reduce((sum, byte) => sum * 256 + byte, 0) % below;

const rows = async (placements) => [
	{ type: "put", key: new TextEncoder().encode(placements.at(-1).hash), value: new Uint8Array(random(300)) },
];

/** Chunks whose payloads were staged before, in a pack of their own. */
async function upload(maker) {
	const name = Buffer.from(crypto.randomBytes(8)).toString("hex");
	const { docId } = (await maker.make({ chained: false })).common;
	const chunks = [];
	for (let i = 0; i < 4; i++) {
		const payload = crypto.randomBytes(80_000);
		chunks.push(await maker.make({ docId, entryType: "attachment_chunk", payload, originalSize: payload.length - 29 }));
	}
	const contents = chunks.map(({ common, payload }) => ({ contentHash: common.contentHash, payload }));
	await store.staging.put(name, contents, 1);
	await store.staging.settle(name, 1);
	await store.append(
		chunks.map((chunk) => ({ ...chunk, payload: undefined })),
		{ rows },
	);
	say(`ack ${chunks.map(({ hash }) => hash).join(" ")}`);
	await store.staging.release(
		name,
		contents.map(({ contentHash }) => contentHash),
	);
}

async function write(maker) {
	const entries = await maker.document(1 + random(40), { signed: false });
	if (random(4) === 0) entries.push(await maker.make({ payload: crypto.randomBytes(4000 + random(60_000)) }));
	await store.append(entries, { rows });
	say(`ack ${entries.map(({ hash }) => hash).join(" ")}`);
	if (random(3) === 0) await upload(maker);
	if (random(12) !== 0) return;
	const { docId } = entries[0].common;
	say(`purging ${docId}`);
	await store.purgeDocHistory(docId);
	say(`purged ${docId}`);
}

async function writeForEver() {
	const maker = await entryMaker({ crypto, tenantRoot });
	for (;;) await write(maker);
}

await Promise.all([writeForEver(), writeForEver(), writeForEver()]);
