import { FormatError } from "../errors.js";

const digits: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Lower-case hex digits, two a byte. */
export function toHex(bytes: Uint8Array): string {
	let text = "";
	for (let i = 0; i < bytes.length; i++) text += digits[bytes[i] as number] as string;
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
		const high = digit(text.charCodeAt(2 * i));
		const low = digit(text.charCodeAt(2 * i + 1));
		if (high < 0 || low < 0) throw new FormatError("hex: expected digits 0-9 and a-f", { offset: 2 * i });
		bytes[i] = (high << 4) | low;
	}
	return bytes;
}

function digit(code: number): number {
	if (code >= 48 && code <= 57) return code - 48;
	if (code >= 97 && code <= 102) return code - 87;
	return -1;
}
