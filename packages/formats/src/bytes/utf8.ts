/** @returns `undefined` when the bytes are not UTF-8. A byte order mark is a character like others. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
	try {
		return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
	} catch {
		return undefined;
	}
}

export function encodeUtf8(text: string): Uint8Array {
	return new TextEncoder().encode(text);
}
