/** Lower-case hex digits, two a byte. */
export function toHex(bytes: Uint8Array): string {
	let text = "";
	for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
	return text;
}

/** Bytes of hex digits in either case; `undefined` when the text is anything else. */
export function fromHex(text: string): Uint8Array | undefined {
	if (!/^([0-9a-fA-F]{2})*$/.test(text)) return undefined;
	const bytes = new Uint8Array(text.length / 2);
	for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(text.slice(2 * at, 2 * at + 2), 16);
	return bytes;
}
