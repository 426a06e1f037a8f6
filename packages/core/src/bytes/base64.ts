import { FormatError } from "../errors.js";

interface Alphabet {
	/** Character codes of the 64 digits. */
	readonly codes: readonly number[];
	/** Values of the character codes below 128; -1 for what is no digit. */
	readonly values: Int8Array;
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const standard = alphabetOf(`${letters}+/`);
const url = alphabetOf(`${letters}-_`);

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

/** Groups of three bytes that become text at once. */
const atOnce = 1024;

function encode(bytes: Uint8Array, alphabet: Alphabet, padded: boolean): string {
	let text = "";
	for (let start = 0; start < bytes.length; start += 3 * atOnce) {
		text += encodePart(bytes, start, Math.min(start + 3 * atOnce, bytes.length), alphabet);
	}
	return padded ? text.padEnd(4 * Math.ceil(bytes.length / 3), "=") : text;
}

function encodePart(bytes: Uint8Array, start: number, end: number, { codes }: Alphabet): string {
	const text = new Array<number>(Math.ceil(((end - start) * 4) / 3));
	for (let i = start, at = 0; i < end; i += 3) {
		const left = end - i;
		const group = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
		text[at++] = codes[group >> 18] as number;
		text[at++] = codes[(group >> 12) & 63] as number;
		if (left > 1) text[at++] = codes[(group >> 6) & 63] as number;
		if (left > 2) text[at++] = codes[group & 63] as number;
	}
	return String.fromCharCode(...text);
}

function decode(text: string, { values }: Alphabet, padded: boolean): Uint8Array {
	const digits = padded ? text.replace(/={1,2}$/, "") : text;
	if ((padded && text.length % 4 !== 0) || digits.length % 4 === 1) {
		throw new FormatError("base64: the length is impossible", { found: text.length });
	}
	const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4));
	let bits = 0;
	let held = 0;
	let at = 0;
	for (let i = 0; i < digits.length; i++) {
		const value = values[digits.charCodeAt(i)] ?? -1;
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

function alphabetOf(digits: string): Alphabet {
	return {
		codes: Array.from(digits, (digit) => digit.charCodeAt(0)),
		values: Int8Array.from({ length: 128 }, (_, code) => digits.indexOf(String.fromCharCode(code))),
	};
}
