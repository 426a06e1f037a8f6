import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../../bytes/hex.js";
import { Dm3Error } from "../dm3-error.js";

/**
 * dm3's hash: "0x" and the 64 lower-case hex digits of SHA-256 over the text's UTF-8. Keys are this text, and are joined as texts.
 * @throws {Dm3Error} `value` on a text with a lone surrogate, which has no UTF-8.
 */
export function sha256Text(text: string): string {
	return `0x${toHex(sha256(utf8Of(text)))}`;
}

/** @throws {Dm3Error} `value` on a lone surrogate; `TextEncoder` would write another text instead. */
export function utf8Of(text: string): Uint8Array {
	if (/\p{Surrogate}/u.test(text)) throw new Dm3Error("value", "expected a text without lone surrogates");
	return new TextEncoder().encode(text);
}
