import { nodeCrypto } from "mindoodb";
import { expect, it } from "vitest";
import { equalBytes } from "../bytes/compare.js";
import { encodeUtf8 } from "../bytes/text.js";
import { openPayload, sealPayload } from "./payload.js";

const crypto = nodeCrypto();
const key = new Uint8Array(32).fill(2);

function binding(entryType: "doc_change" | "doc_snapshot") {
	return { entryType, createdByPublicKey: "01".repeat(32), decryptionKeyId: "default" };
}

/** Lines as a program writes them that has nothing to say. */
const log = encodeUtf8(
	Array.from({ length: 4000 }, (_, i) => {
		const time = new Date(1_700_000_000_000 + i * 1000).toISOString();
		return `${time} INFO heartbeat ok, nothing to do, all 12 workers idle\n`;
	}).join(""),
);

for (const entryType of ["doc_change", "doc_snapshot"] as const) {
	it(`${entryType}: what deflates far, hardly, or is short is stored as it is, and everything opens again`, async () => {
		const env = { crypto, random: crypto };
		const cases = [
			{ plaintext: new Uint8Array(250_000).fill(120), mode: 0 },
			{ plaintext: new Uint8Array(17_000), mode: 2 },
			{ plaintext: new Uint8Array(256), mode: 2 },
			{ plaintext: new Uint8Array(255), mode: 0 },
			{ plaintext: crypto.randomBytes(256), mode: 0 },
			{ plaintext: log, mode: 2 },
		];
		for (const { plaintext, mode } of cases) {
			const { payload, originalSize } = await sealPayload(env, binding(entryType), plaintext, key);
			expect(payload[0]).toBe(mode);
			const opened = await openPayload(crypto, { ...binding(entryType), originalSize }, payload, key);
			expect(opened !== undefined && equalBytes(opened, plaintext)).toBe(true);
		}
	});
}
