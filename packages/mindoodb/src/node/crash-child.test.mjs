/**
 * The process that `crash.test.ts` kills: writes entries in groups of all sizes and says on stdout what is durable. It runs the
 * built packages.
 *
 * Arguments: folder, tenantRoot. Lines: "ack HASH…", "purging DOCID", "purged DOCID".
 */
import { writeSync } from "node:fs";
import { entryMaker } from "@mindoodb/testing";
import { folderStores, nodeCrypto } from "mindoodb";

const [dir, tenantRoot] = process.argv.slice(2);
const crypto = nodeCrypto();
const store = await folderStores(dir, crypto).open({ tenantRoot, dbId: "notes", purpose: "documents" });
const say = (line) => writeSync(1, `${line}\n`);
const random = (below) => crypto.randomBytes(2).reduce((sum, byte) => sum * 256 + byte, 0) % below;

async function write(maker) {
	const entries = await maker.document(1 + random(40), { signed: false });
	if (random(4) === 0) entries.push(await maker.make({ payload: crypto.randomBytes(4000 + random(60_000)) }));
	const rows = async (placements) => [
		{ type: "put", key: new TextEncoder().encode(placements.at(-1).hash), value: new Uint8Array(random(300)) },
	];
	await store.append(entries, { rows });
	say(`ack ${entries.map(({ hash }) => hash).join(" ")}`);
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
