/** Lesson 10: lists that a peer brings are longer than a call takes arguments. */
import { randomFillSync } from "node:crypto";
import { MemoryLevel } from "memory-level";
import { nodeCrypto } from "mindoodb";
import { expect, test } from "vitest";
import { toHex } from "../bytes/hex.js";
import type { Stub } from "../entry/entry.js";
import { Draft } from "./drafting.js";
import { LevelTable } from "./level.js";
import { Payloads } from "./payloads.js";
import { StoreState } from "./state.js";

const many = 130_000;

test("130,000 entries, each the head of a chain, are one batch", async () => {
	const options = { keyEncoding: "view", valueEncoding: "view", storeEncoding: "view" } as const;
	const level = new MemoryLevel<Uint8Array, Uint8Array>(options);
	await level.open();
	const table = new LevelTable(level);
	const link = {
		tenantRoot: "11".repeat(32),
		dbId: "notes",
		docId: "document",
		createdAt: 1,
		createdByPublicKey: "22".repeat(32),
		previousByAuthor: undefined,
	};
	const hashes = randomFillSync(new Uint8Array(32 * many));
	const stubs = Array.from({ length: many }, (_, i): Stub => {
		const hash = toHex(hashes.subarray(32 * i, 32 * (i + 1)));
		return { kind: "stub", hash, headerHash: new Uint8Array(32), link, signature: undefined };
	});
	const draft = new Draft({ crypto: nodeCrypto(), table, payloads: new Payloads(table, {}) }, new StoreState(table));
	await draft.prepare(stubs);
	for (const stub of stubs) await draft.place(stub);
	expect(draft.rows().length).toBeGreaterThan(many);
	await table.close();
});
