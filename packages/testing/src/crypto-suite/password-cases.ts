import { fromHex } from "@mindoodb/core";
import { argon2id } from "@noble/hashes/argon2.js";
import { pbkdf2 } from "@noble/hashes/pbkdf2.js";
import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CryptoUnderTest } from "./crypto-under-test.js";
import { expectOwnBytes } from "./expect-own-bytes.js";

const text = (value: string) => new TextEncoder().encode(value);
const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });

export function passwordCases(crypto: CryptoUnderTest): void {
	describe("password derivation", () => {
		it("computes the first 32 bytes of RFC 7914 §11's PBKDF2 vectors", async () => {
			const one = await crypto().pbkdf2(text("passwd"), text("salt"), 1);
			expect(one).toEqual(fromHex("55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"));
			const many = await crypto().pbkdf2(text("Password"), text("NaCl"), 80_000);
			expect(many).toEqual(fromHex("4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"));
			expectOwnBytes(one);
		});

		it("agrees with noble on PBKDF2", async () => {
			await fc.assert(
				fc.asyncProperty(bytes(1, 80), bytes(1, 40), fc.integer({ min: 1, max: 50 }), async (password, salt, c) => {
					expect(await crypto().pbkdf2(password, salt, c)).toEqual(pbkdf2(sha256, password, salt, { c, dkLen: 32 }));
				}),
				{ numRuns: 30 },
			);
		});

		it("agrees with noble on Argon2id", async () => {
			const costs = fc.record({
				lanes: fc.integer({ min: 1, max: 4 }),
				passes: fc.integer({ min: 1, max: 3 }),
				memoryKiB: fc.integer({ min: 32, max: 200 }),
			});
			await fc.assert(
				fc.asyncProperty(bytes(1, 80), bytes(8, 40), costs, async (password, salt, { lanes, passes, memoryKiB }) => {
					const derived = await crypto().argon2id(password, salt, { lanes, passes, memoryKiB });
					expect(derived).toEqual(argon2id(password, salt, { p: lanes, t: passes, m: memoryKiB, dkLen: 32 }));
					expectOwnBytes(derived);
				}),
				{ numRuns: 25 },
			);
		});

		it("runs Argon2id with the costs of RFC 9106's second recommended option", async () => {
			const derived = await crypto().argon2id(text("password"), text("somesalt12345678"), {
				memoryKiB: 64 * 1024,
				passes: 3,
				lanes: 4,
			});
			expect(derived).toEqual(fromHex("64d388aeb007b664336c2357dfdd47c496340c12d8ee87dd33f05ae923aa5718"));
		});

		it("refuses costs, salts and passwords that no adapter could agree on", async () => {
			const good = { memoryKiB: 64, passes: 1, lanes: 1 };
			const [password, salt] = [text("password"), new Uint8Array(16)];
			const refused = { code: "usage" };
			await expect(crypto().argon2id(new Uint8Array(0), salt, good)).rejects.toMatchObject(refused);
			await expect(crypto().argon2id(password, salt.subarray(9), good)).rejects.toMatchObject(refused);
			for (const bad of [
				{ memoryKiB: 7 },
				{ memoryKiB: 1.5 },
				{ passes: 0 },
				{ lanes: 0 },
				{ lanes: 256 },
				{ passes: -1 },
			]) {
				await expect(crypto().argon2id(password, salt, { ...good, ...bad })).rejects.toMatchObject(refused);
			}
			for (const rounds of [0, -1, 1.5, Number.NaN, 2 ** 33]) {
				await expect(crypto().pbkdf2(password, salt, rounds)).rejects.toMatchObject(refused);
			}
		});
	});
}
