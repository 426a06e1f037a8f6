import { createHash, createHmac, hkdfSync } from "node:crypto";
import { nodeCrypto } from "mindoodb";
import { describe, expect, it } from "vitest";
import { encodeCbor } from "../bytes/cbor.js";
import { fromHex } from "../bytes/hex.js";
import { tenantSubkeys } from "./subkeys.js";

const crypto = nodeCrypto();
const tenantRoot = createHash("sha256").update("a tenant").digest("hex");
const key = new Uint8Array(createHash("sha256").update("a key").digest());

/** The design's formula, by another implementation of HKDF. */
function expected(label: string, ...context: string[]): string {
	const info = encodeCbor([label, fromHex(tenantRoot), ...context]);
	return Buffer.from(hkdfSync("sha256", key, "mindoodb/1", info, 32)).toString("hex");
}
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("tenantSubkeys", () => {
	it("derives what docs/entry-format.md says", async () => {
		const subkeys = await tenantSubkeys(crypto, key, tenantRoot);
		expect(hex(await subkeys.documentKey("db", "doc"))).toBe(expected("document", "db", "doc"));
		expect(hex(await subkeys.contentTagKey("db", "doc"))).toBe(expected("content-tag", "db", "doc"));
		expect(hex(await subkeys.projectionKey("db", "doc"))).toBe(expected("projection", "db", "doc"));
		expect(hex(await subkeys.presenceKey("db", "doc"))).toBe(expected("presence", "db", "doc"));
		expect(hex(await subkeys.attachmentKey())).toBe(expected("attachment"));
		expect(hex(await subkeys.attachmentIvKey())).toBe(expected("attachment-iv"));
		expect(await subkeys.keyCommitment("default")).toBe(expected("key-commitment", "default"));
	});

	it("pins the bytes of one document key", async () => {
		const subkeys = await tenantSubkeys(crypto, new Uint8Array(32).fill(1), "02".repeat(32));
		expect(hex(await subkeys.documentKey("contacts", "doc"))).toBe(
			"444c30d55e25ba69c5ac76466b8d3eb694fc174ef22bb5d4c291cad23d0e0a29",
		);
		expect(await subkeys.keyCommitment("default")).toBe(
			"8b32339f533c4960f5a7f937ecb94d6f1bcd5db84743d2ee02921fb0413d2095",
		);
	});

	it("costs one HMAC a subkey, and one for the key", async () => {
		let count = 0;
		const counting = {
			...crypto,
			hmac: async (key: Uint8Array, data: Uint8Array) => {
				count++;
				return new Uint8Array(createHmac("sha256", key).update(data).digest());
			},
		};
		const subkeys = await tenantSubkeys(counting, key, tenantRoot);
		expect(count).toBe(1);
		for (let i = 0; i < 10; i++) await subkeys.documentKey("db", `doc ${i}`);
		expect(count).toBe(11);
	});

	it("separates tenants, keys, databases, documents and labels", async () => {
		const other = await tenantSubkeys(crypto, key, "00".repeat(32));
		const otherKey = await tenantSubkeys(crypto, new Uint8Array(32), tenantRoot);
		const subkeys = await tenantSubkeys(crypto, key, tenantRoot);
		const all = [
			await subkeys.documentKey("a", "bc"),
			await subkeys.documentKey("ab", "c"),
			await subkeys.contentTagKey("a", "bc"),
			await other.documentKey("a", "bc"),
			await otherKey.documentKey("a", "bc"),
		];
		expect(new Set(all.map(hex)).size).toBe(all.length);
	});

	it("refuses keys and tenant roots that are none", async () => {
		await expect(tenantSubkeys(crypto, key.slice(1), tenantRoot)).rejects.toMatchObject({ code: "usage" });
		await expect(tenantSubkeys(crypto, key, tenantRoot.toUpperCase())).rejects.toMatchObject({ code: "format" });
		await expect(tenantSubkeys(crypto, key, "ab")).rejects.toMatchObject({ code: "format" });
	});
});
