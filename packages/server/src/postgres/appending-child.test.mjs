/**
 * One of the processes of `processes.test.ts`: appends entries to a store, several calls at once, and says on stdout what is durable. It
 * runs the built packages.
 *
 * Arguments: url, schema, tenantRoot, entries. Lines: "ready", then "ack ARRIVAL HASH"; it begins with the first byte on stdin.
 */
import { once } from "node:events";
import { writeSync } from "node:fs";
import { PostgresStores } from "@mindoodb/server";
import { entryMaker } from "@mindoodb/testing";
import { nodeCrypto } from "mindoodb";

const [url, schema, tenantRoot, entries] = process.argv.slice(2);
const crypto = nodeCrypto();
const stores = await PostgresStores.connect(url, crypto, { schema });
const store = await stores.open({ tenantRoot, dbId: "notes", purpose: "documents" });
let left = Number(entries);

async function write() {
	const maker = await entryMaker({ crypto, tenantRoot });
	while (left-- > 0) {
		const [placed] = await store.append([await maker.make()]);
		writeSync(1, `ack ${placed.arrival} ${placed.hash}\n`);
	}
}

writeSync(1, "ready\n");
await once(process.stdin, "data");
await Promise.all([write(), write(), write()]);
await stores.close();
process.exit();
