import { fromHex } from "@mindoodb/core";
import { argon2id } from "@noble/hashes/argon2.js";
import { describe, expect, it } from "vitest";

describe("noble as the oracle for Argon2id", () => {
	it("computes RFC 9106 §5.3, whose secret and associated data the port does not take", () => {
		const tag = argon2id(new Uint8Array(32).fill(1), new Uint8Array(16).fill(2), {
			m: 32,
			t: 3,
			p: 4,
			dkLen: 32,
			key: new Uint8Array(8).fill(3),
			personalization: new Uint8Array(12).fill(4),
		});
		expect(tag).toEqual(fromHex("0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"));
	});
});
