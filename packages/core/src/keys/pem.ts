/** Public keys as text: PEM of SPKI DER (RFC 7468 §13, RFC 8410 §4). */
import { fromBase64, toBase64 } from "../bytes/base64.js";
import { equalBytes } from "../bytes/compare.js";
import { concatBytes } from "../bytes/concat.js";
import { FormatError } from "../errors.js";

const head = "-----BEGIN PUBLIC KEY-----\n";
const foot = "\n-----END PUBLIC KEY-----\n";

/** What stands before the 32 raw bytes of an Ed25519 key in SPKI DER. */
const ed25519Prefix = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);

/** @param spki SPKI DER. */
export function encodePublicKeyPem(spki: Uint8Array): string {
	const lines = toBase64(spki).match(/.{1,64}/g) ?? [];
	return head + lines.join("\n") + foot;
}

/** Inverse of `encodePublicKeyPem`, with Windows line ends and without a last one too. @throws {FormatError} */
export function decodePublicKeyPem(pem: string): Uint8Array {
	const text = `${pem.replaceAll("\r\n", "\n").trimEnd()}\n`;
	if (text.length > 8192 || !text.startsWith(head) || !text.endsWith(foot)) {
		throw new FormatError("public key: expected PEM that begins with BEGIN PUBLIC KEY", { field: "publicKey" });
	}
	return fromBase64(text.slice(head.length, -foot.length).replaceAll("\n", ""));
}

/** @param publicKey 32 raw bytes. */
export function encodeSigningKeyPem(publicKey: Uint8Array): string {
	return encodePublicKeyPem(concatBytes(ed25519Prefix, publicKey));
}

/** @returns 32 raw bytes; whether they are a usable key, `Crypto.isValidSigningPublicKey` says. @throws {FormatError} */
export function decodeSigningKeyPem(pem: string): Uint8Array {
	const spki = decodePublicKeyPem(pem);
	const prefix = spki.subarray(0, ed25519Prefix.length);
	if (spki.length !== ed25519Prefix.length + 32 || !equalBytes(prefix, ed25519Prefix)) {
		throw new FormatError("public key: expected an Ed25519 key in SPKI form", { field: "publicKey" });
	}
	return spki.slice(ed25519Prefix.length);
}
