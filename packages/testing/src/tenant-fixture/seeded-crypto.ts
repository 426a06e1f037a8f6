import {
	type Crypto,
	concatBytes,
	equalBytes,
	fromBase64,
	fromHex,
	type KeyPairBytes,
	type Random,
	toHex,
} from "@mindoodb/core";
import { publishedWrappingKey } from "./published-wrapping-key.js";

const ed25519Prefix = fromHex("302e020100300506032b657004220420");
const hashBytes = 32;

/**
 * Cryptography whose every random choice a seed decides, so that a failing run can be repeated. Keys for wrapping are all the same
 * published one unless one is given; everything else is the adapter's own work.
 */
export async function seededCrypto(inner: Crypto, random: Random, own?: KeyPairBytes): Promise<Crypto> {
	const wrappingKey = fromBase64(publishedWrappingKey);
	const { publicKey } = await inner.importUnwrappingKey(wrappingKey);
	return {
		...inner,
		randomBytes: (length) => random.randomBytes(length),
		async generateSigningKeyPair() {
			const privateKey = concatBytes(ed25519Prefix, random.randomBytes(32));
			return { privateKey, publicKey: (await inner.importSigningKey(privateKey)).publicKey };
		},
		generateWrappingKeyPair: async () => own ?? { publicKey: publicKey.slice(), privateKey: wrappingKey.slice() },
		async wrap(receiver, data, label) {
			if (!equalBytes(receiver, publicKey)) return inner.wrap(receiver, data, label);
			return rsaOaep(inner, modulusOf(publicKey), data, label, random.randomBytes(hashBytes));
		},
	};
}

/** The modulus in an SPKI of RSA with 3,072 bits and the exponent 65,537: 384 bytes before the last five. */
function modulusOf(spki: Uint8Array): Uint8Array {
	return spki.slice(spki.length - 5 - 384, spki.length - 5);
}

/** RFC 8017 §7.1.1 with SHA-256 and the exponent 65,537. */
async function rsaOaep(
	crypto: Crypto,
	modulus: Uint8Array,
	message: Uint8Array,
	label: Uint8Array,
	seed: Uint8Array,
): Promise<Uint8Array> {
	const block = new Uint8Array(modulus.length - hashBytes - 1);
	block.set(await crypto.sha256(label));
	block[block.length - message.length - 1] = 1;
	block.set(message, block.length - message.length);
	const maskedBlock = exclusiveOr(block, await mask(crypto, seed, block.length));
	const maskedSeed = exclusiveOr(seed, await mask(crypto, maskedBlock, hashBytes));
	const padded = BigInt(`0x${toHex(concatBytes(Uint8Array.of(0), maskedSeed, maskedBlock))}`);
	const n = BigInt(`0x${toHex(modulus)}`);
	let power = padded;
	for (let i = 0; i < 16; i++) power = (power * power) % n;
	const wrapped = (power * padded) % n;
	return fromHex(wrapped.toString(16).padStart(2 * modulus.length, "0"));
}

/** MGF1. */
async function mask(crypto: Crypto, seed: Uint8Array, length: number): Promise<Uint8Array> {
	const blocks: Uint8Array[] = [];
	for (let counter = 0; blocks.length * hashBytes < length; counter++) {
		blocks.push(await crypto.sha256(concatBytes(seed, Uint8Array.of(0, 0, 0, counter))));
	}
	return concatBytes(...blocks).slice(0, length);
}

function exclusiveOr(a: Uint8Array, b: Uint8Array): Uint8Array {
	return a.map((byte, i) => byte ^ (b[i] as number));
}
