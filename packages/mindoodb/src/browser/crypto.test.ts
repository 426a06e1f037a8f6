import type { Crypto } from "@mindoodb/core";
import { testCrypto } from "@mindoodb/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nodeCrypto } from "../node/crypto.js";
import { webCrypto } from "./crypto.js";
import { composeEd25519, followsTheRule, webEd25519 } from "./ed25519.js";
import { nobleEd25519 } from "./noble-ed25519.js";
import { platformEd25519 } from "./platform-ed25519.js";
import { composeX25519, computesX25519, nobleX25519, platformX25519, webX25519 } from "./x25519.js";

const { subtle } = globalThis.crypto;

testCrypto("webCrypto", webCrypto);

// What a platform without Ed25519, or with another rule, gets.
testCrypto("webCrypto with noble's Ed25519 and X25519", async () => ({
	...(await webCrypto()),
	...composeEd25519(nobleEd25519(), nobleEd25519()),
	...composeX25519(nobleX25519()),
}));

describe("the choice of Ed25519", () => {
	it("knows this platform to follow the rule, and one that does not from it", async () => {
		expect(await followsTheRule(platformEd25519(subtle))).toBe(true);
		expect(await followsTheRule(nobleEd25519())).toBe(true);
		for (const answer of [true, false]) {
			expect(await followsTheRule({ ...nobleEd25519(), verify: async () => answer })).toBe(false);
		}
		const throwing = { ...nobleEd25519(), importPublic: () => Promise.reject(new Error("not supported")) };
		expect(await followsTheRule(throwing)).toBe(false);
	});

	it("takes noble where the platform has no Ed25519 at all", async () => {
		const without = new Proxy(subtle, {
			get: (target, name) => {
				if (name === "importKey" || name === "generateKey") return () => Promise.reject(new Error("NotSupportedError"));
				const value: unknown = Reflect.get(target, name);
				return typeof value === "function" ? value.bind(target) : value;
			},
		});
		const crypto = await webEd25519(without);
		const pair = await crypto.generateSigningKeyPair();
		const key = await crypto.importSigningKey(pair.privateKey);
		const message = Uint8Array.of(1, 2, 3);
		expect(await nodeCrypto().verify(pair.publicKey, message, await crypto.sign(key, message))).toBe(true);
	});
});

describe("the choice of X25519", () => {
	it("takes this platform's, and no other that is missing or wrong", async () => {
		expect(await computesX25519(platformX25519(subtle))).toBe(true);
		expect(await computesX25519(nobleX25519())).toBe(true);
		expect(await computesX25519({ ...nobleX25519(), agree: async () => new Uint8Array(32) })).toBe(false);
		const throwing = { ...nobleX25519(), importPrivate: () => Promise.reject(new Error("not supported")) };
		expect(await computesX25519(throwing)).toBe(false);
	});

	it("takes noble where the platform has none", async () => {
		const crypto = await webX25519({} as SubtleCrypto);
		const node = nodeCrypto();
		const [ours, theirs] = [await crypto.importAgreementKey(new Uint8Array(32).fill(1)), new Uint8Array(32).fill(2)];
		const { publicKey } = await node.importAgreementKey(theirs);
		const shared = await node.agree(await node.importAgreementKey(theirs), ours.publicKey);
		expect(await crypto.agree(ours, publicKey)).toEqual(shared);
	});
});

describe("nodeCrypto and webCrypto", () => {
	it("read each other's keys, signatures, wraps and DEFLATE data", async () => {
		const [node, web]: readonly [Crypto, Crypto] = [nodeCrypto(), await webCrypto()];
		for (const [from, to] of [
			[node, web],
			[web, node],
		] as const) {
			const signing = await from.generateSigningKeyPair();
			const wrapping = await from.generateWrappingKeyPair();
			const signingKeys = [
				await from.importSigningKey(signing.privateKey),
				await to.importSigningKey(signing.privateKey),
			];
			const unwrappingKey = await to.importUnwrappingKey(wrapping.privateKey);
			expect(unwrappingKey.publicKey).toEqual(wrapping.publicKey);
			expect(signingKeys[0]?.publicKey).toEqual(signingKeys[1]?.publicKey);
			await fc.assert(
				fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (data) => {
					const signature = await from.sign(signingKeys[0] as (typeof signingKeys)[0], data);
					expect(await to.sign(signingKeys[1] as (typeof signingKeys)[0], data)).toEqual(signature);
					expect(await to.verify(signing.publicKey, data, signature)).toBe(true);
					const wrapped = await from.wrap(wrapping.publicKey, data.slice(0, 318), data);
					expect(await to.unwrap(unwrappingKey, wrapped, data)).toEqual(data.slice(0, 318));
					expect(await to.inflate(await from.deflate(data), data.length)).toEqual(data);
				}),
				{ numRuns: 10 },
			);
		}
	});

	it("agree on random signatures, keys and points, honest or not", async () => {
		const [node, web, noble] = [nodeCrypto(), await webCrypto(), composeEd25519(nobleEd25519(), nobleEd25519())];
		const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
		await fc.assert(
			fc.asyncProperty(bytes32, bytes32, bytes32, async (publicKey, r, s) => {
				s[31] = (s[31] as number) & 0x0f;
				const signature = Uint8Array.of(...r, ...s);
				const answers = [node, web, noble].map((crypto) => crypto.verify(publicKey, r, signature));
				expect(new Set(await Promise.all(answers)).size).toBe(1);
				expect(web.isValidSigningPublicKey(publicKey)).toBe(node.isValidSigningPublicKey(publicKey));
			}),
			{ numRuns: 100 },
		);
	});
});
