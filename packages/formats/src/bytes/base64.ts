const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const codes: readonly number[] = Array.from(digits, (digit) => digit.charCodeAt(0));
/** Values of the character codes below 128; -1 for what is no digit. */
const values = Int8Array.from({ length: 128 }, (_, code) => digits.indexOf(String.fromCharCode(code)));
/** Groups of three bytes that become text at once. */
const atOnce = 1024;

/** RFC 4648 §4, with padding. */
export function toBase64(bytes: Uint8Array): string {
	let text = "";
	for (let start = 0; start < bytes.length; start += 3 * atOnce) {
		text += String.fromCharCode(...digitsOf(bytes.subarray(start, start + 3 * atOnce)));
	}
	return text.padEnd(4 * Math.ceil(bytes.length / 3), "=");
}

/** Inverse of `toBase64`; `undefined` for every text that `toBase64` would not write. */
export function fromBase64(text: string): Uint8Array | undefined {
	if (text.length % 4 !== 0) return undefined;
	const end = text.endsWith("==") ? text.length - 2 : text.endsWith("=") ? text.length - 1 : text.length;
	const bytes = new Uint8Array(Math.floor((end * 3) / 4));
	let bits = 0;
	let held = 0;
	let at = 0;
	for (let i = 0; i < end; i++) {
		const value = values[text.charCodeAt(i)] ?? -1;
		if (value < 0) return undefined;
		bits = (bits << 6) | value;
		held += 6;
		if (held >= 8) {
			held -= 8;
			bytes[at++] = bits >> held;
		}
		bits &= (1 << held) - 1;
	}
	return bits === 0 ? bytes : undefined;
}

function digitsOf(bytes: Uint8Array): number[] {
	const found: number[] = [];
	for (let i = 0; i < bytes.length; i += 3) {
		const left = bytes.length - i;
		const group = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
		found.push(codes[group >> 18] as number, codes[(group >> 12) & 63] as number);
		if (left > 1) found.push(codes[(group >> 6) & 63] as number);
		if (left > 2) found.push(codes[group & 63] as number);
	}
	return found;
}
