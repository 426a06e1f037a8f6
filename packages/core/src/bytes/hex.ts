import { FormatError } from "../errors.js";

const alphabet = "0123456789abcdef";
/** Character codes of the digits. */
const codes: readonly number[] = Array.from(alphabet, (digit) => digit.charCodeAt(0));
/** Values of the character codes below 128; -1 for what is no digit. */
const values = Int8Array.from({ length: 128 }, (_, code) => alphabet.indexOf(String.fromCharCode(code)));
/** Bytes that become text at once. */
const atOnce = 64;

/** Lower-case hex digits, two a byte. */
export function toHex(bytes: Uint8Array): string {
	if (bytes.length <= atOnce) return digitsOf(bytes, 0, bytes.length);
	let text = "";
	for (let start = 0; start < bytes.length; start += atOnce) {
		text += digitsOf(bytes, start, Math.min(start + atOnce, bytes.length));
	}
	return text;
}

/**
 * Bytes of lower-case hex digits.
 * @param length bytes that are expected.
 * @throws {FormatError} on other characters, upper case or another length.
 */
export function fromHex(text: string, length?: number): Uint8Array {
	if (text.length % 2 !== 0 || (length !== undefined && text.length !== 2 * length)) {
		throw new FormatError(
			`hex: expected ${length === undefined ? "an even number of" : 2 * length} digits, found ${text.length}`,
		);
	}
	const bytes = new Uint8Array(text.length / 2);
	for (let i = 0; i < bytes.length; i++) {
		const byte = ((values[text.charCodeAt(2 * i)] ?? -1) << 4) | (values[text.charCodeAt(2 * i + 1)] ?? -1);
		if (byte < 0) throw new FormatError("hex: expected digits 0-9 and a-f", { offset: 2 * i });
		bytes[i] = byte;
	}
	return bytes;
}

/** One flat string: text that grows by two digits a step is a chain of fragments, which costs more than everything else here. */
function digitsOf(bytes: Uint8Array, start: number, end: number): string {
	const text = new Array<number>(2 * (end - start));
	for (let i = start, at = 0; i < end; i++) {
		const byte = bytes[i] as number;
		text[at++] = codes[byte >> 4] as number;
		text[at++] = codes[byte & 15] as number;
	}
	return String.fromCharCode(...text);
}
