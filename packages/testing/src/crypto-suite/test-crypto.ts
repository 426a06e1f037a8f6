import type { Crypto } from "@mindoodb/core";
import { beforeAll, describe } from "vitest";
import { agreementCases } from "./agreement-cases.js";
import { cipherCases } from "./cipher-cases.js";
import { deflateCases } from "./deflate-cases.js";
import { hashCases } from "./hash-cases.js";
import { passwordCases } from "./password-cases.js";
import { signatureCases } from "./signature-cases.js";
import { wrappingCases } from "./wrapping-cases.js";

/**
 * The acceptance suite of the `Crypto` port, to be called at the top of a vitest file. It runs published vectors, agrees with
 * noble on random honest input, and offers what an adapter must refuse.
 */
export function testCrypto(name: string, makeCrypto: () => Promise<Crypto>): void {
	describe(`Crypto: ${name}`, () => {
		let crypto: Crypto | undefined;
		beforeAll(async () => {
			crypto = await makeCrypto();
		});
		const underTest = () => crypto as Crypto;
		hashCases(underTest);
		cipherCases(underTest);
		signatureCases(underTest);
		wrappingCases(underTest);
		agreementCases(underTest);
		passwordCases(underTest);
		deflateCases(underTest);
	});
}
