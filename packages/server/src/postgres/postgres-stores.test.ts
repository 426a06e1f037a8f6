import { startTestObjects, startTestPostgres, type TestObjects, type TestPostgres, testStore } from "@mindoodb/testing";
import { nodeCrypto } from "mindoodb";
import postgres from "postgres";
import { afterAll, beforeAll } from "vitest";
import { S3Blobs } from "../blobs/s3-blobs.js";
import { PostgresStores } from "./postgres-stores.js";

const crypto = nodeCrypto();
let server: TestPostgres;
let objects: TestObjects;
let schemas = 0;

beforeAll(async () => {
	[server, objects] = await Promise.all([startTestPostgres(), startTestObjects()]);
});

afterAll(() => Promise.all([server?.stop(), objects?.stop()]));

testStore("in Postgres", async () => {
	const schema = `test_${schemas++}`;
	const blobs = new S3Blobs(objects.place(schema), { random: crypto, leastBytes: 6000 });
	const stores = await PostgresStores.connect(server.url, crypto, { connections: 2, schema, blobs });
	const sql = postgres(server.url, { max: 1, connection: { search_path: schema } });
	return {
		crypto,
		stores,
		shared: true,
		async damage(_, arrival, how) {
			const key = new Uint8Array(7).fill(0x10, 0, 1);
			new DataView(key.buffer).setUint32(3, arrival);
			if (how === "missing") await sql`DELETE FROM mindoodb_rows WHERE key = ${key}`;
			else {
				await sql`
					UPDATE mindoodb_rows SET value = set_bit(value, 8 * (length(value) - 1), 1 - get_bit(value, 8 * (length(value) - 1)))
					WHERE key = ${key}`;
			}
		},
		async end() {
			await sql.end();
			await stores.close();
		},
	};
});
