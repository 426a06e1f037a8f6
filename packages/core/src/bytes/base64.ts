import { FormatError } from "../errors.js";

const standard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** RFC 4648 §4, with padding. */
export function toBase64(bytes: Uint8Array): string {
	return encode(bytes, standard, true);
}

/** RFC 4648 §5, without padding. */
export function toBase64Url(bytes: Uint8Array): string {
	return encode(bytes, url, false);
}

/** Inverse of `toBase64`; refuses every text that `toBase64` would not write. @throws {FormatError} */
export function fromBase64(text: string): Uint8Array {
	return decode(text, standard, true);
}

/** Inverse of `toBase64Url`; refuses every text that `toBase64Url` would not write. @throws {FormatError} */
export function fromBase64Url(text: string): Uint8Array {
	return decode(text, url, false);
}

function encode(bytes: Uint8Array, alphabet: string, padded: boolean): string {
	let text = "";
	for (let i = 0; i < bytes.length; i += 3) {
		const left = bytes.length - i;
		const group = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
		text += (alphabet[group >> 18] as string) + (alphabet[(group >> 12) & 63] as string);
		if (left > 1) text += alphabet[(group >> 6) & 63] as string;
		else if (padded) text += "=";
		if (left > 2) text += alphabet[group & 63] as string;
		else if (padded) text += "=";
	}
	return text;
}

function decode(text: string, alphabet: string, padded: boolean): Uint8Array {
	const digits = padded ? text.replace(/={1,2}$/, "") : text;
	if ((padded && text.length % 4 !== 0) || digits.length % 4 === 1) {
		throw new FormatError("base64: the length is impossible", { found: text.length });
	}
	const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4));
	let bits = 0;
	let held = 0;
	let at = 0;
	for (let i = 0; i < digits.length; i++) {
		const value = alphabet.indexOf(digits[i] as string);
		if (value < 0) throw new FormatError("base64: found a character outside the alphabet", { offset: i });
		bits = (bits << 6) | value;
		held += 6;
		if (held >= 8) {
			held -= 8;
			bytes[at++] = (bits >> held) & 255;
		}
		bits &= (1 << held) - 1;
	}
	if (bits !== 0) throw new FormatError("base64: unused bits are not zero", { offset: digits.length - 1 });
	return bytes;
}
