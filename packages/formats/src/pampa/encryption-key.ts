import { fromHex } from "../bytes/hex.js";
import { PampaError } from "./pampa-error.js";

/** The variable of the environment that has the master key. */
export const encryptionKeyVariable = "PAMPAX_ENCRYPTION_KEY";

export interface ParseKeyOptions {
	/**
	 * Takes whatever the reference takes: its decoders of base64 and hex pass over foreign characters.
	 * @default false
	 */
	readonly lenient?: boolean;
}

/**
 * Reads a master key: base64 in either alphabet, padded or not, or 64 hex digits, with white space around it.
 * @param text of the variable. @returns 32 bytes, `undefined` when it is unset or blank.
 * @throws {PampaError} `ENCRYPTION_KEY_INVALID`
 */
export function parseEncryptionKey(text: string | undefined, options: ParseKeyOptions = {}): Uint8Array | undefined {
	const trimmed = text?.trim() ?? "";
	if (trimmed === "") return undefined;
	const key = options.lenient === true ? parseLenient(trimmed) : parseStrict(trimmed);
	if (key?.length !== 32) {
		throw new PampaError(
			"ENCRYPTION_KEY_INVALID",
			`${encryptionKeyVariable} must be a 32-byte key encoded as base64 or hex.`,
		);
	}
	return key;
}

function parseStrict(text: string): Uint8Array | undefined {
	if (text.length === 64) return fromHex(text);
	// 43 digits hold 258 bits: the last one has two to spare, which are zero in the one way of writing it.
	const spelling = /^([A-Za-z0-9+/]{42}|[A-Za-z0-9_-]{42})[AEIMQUYcgkosw048]=?$/;
	return spelling.test(text) ? decodeBase64(text.replace("=", "")) : undefined;
}

/** As Node's `Buffer.from`: base64 first, up to the first `=`, then hex up to the first pair that is none. */
function parseLenient(text: string): Uint8Array | undefined {
	const digits = (text.split("=", 1)[0] as string).replace(/[^A-Za-z0-9+/_-]/g, "");
	const key = decodeBase64(digits);
	return key.length === 32 ? key : fromHex(/^([0-9a-fA-F]{2})*/.exec(text)?.[0] ?? "");
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Whole bytes of base64 digits in either alphabet. */
function decodeBase64(digits: string): Uint8Array {
	const bytes = new Uint8Array(Math.floor((digits.length * 6) / 8));
	let bits = 0;
	let held = 0;
	let at = 0;
	for (const digit of digits.replaceAll("-", "+").replaceAll("_", "/")) {
		bits = ((bits << 6) | alphabet.indexOf(digit)) & 0xffff;
		held += 6;
		if (held < 8) continue;
		held -= 8;
		bytes[at++] = (bits >> held) & 255;
	}
	return bytes;
}
