import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Level } from "@mindoodb/core";
import { damageRecord, type FaultyLevel, faultyLevel, testStore } from "@mindoodb/testing";
import { folderStores, memoryStores, nodeCrypto } from "mindoodb";

/** The engine opened last, which a test can damage. */
function watched() {
	let newest: FaultyLevel | undefined;
	return {
		wrapLevel(level: Level): Level {
			newest = faultyLevel(level);
			return newest.level;
		},
		damage: (_: unknown, arrival: number, how: "bytes" | "missing") =>
			damageRecord(newest as FaultyLevel, arrival, how),
	};
}

testStore("in memory", async () => {
	const crypto = nodeCrypto();
	const { wrapLevel, damage } = watched();
	return { crypto, stores: memoryStores(crypto, { wrapLevel }), damage };
});

testStore("in a folder", async () => {
	const crypto = nodeCrypto();
	const dir = await mkdtemp(join(tmpdir(), "mindoodb-stores-"));
	const { wrapLevel, damage } = watched();
	const end = () => rm(dir, { recursive: true, force: true });
	return { crypto, stores: folderStores(dir, crypto, { wrapLevel }), damage, end };
});
