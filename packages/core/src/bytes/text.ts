import { FormatError } from "../errors.js";

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Up to this many characters of ASCII a loop is quicker than the platform's encoder. */
const shortText = 64;

/** UTF-8 bytes of a well-formed string. @throws {FormatError} on a lone surrogate, which UTF-8 cannot hold. */
export function encodeUtf8(text: string): Uint8Array {
	const ascii = text.length <= shortText ? tryAscii(text) : undefined;
	if (ascii !== undefined) return ascii;
	if (!isWellFormed(text)) throw new FormatError("text: expected well-formed UTF-16, found a lone surrogate");
	return encoder.encode(text);
}

/** As `encodeUtf8`, with U+FFFD in place of lone surrogates. */
export function encodeUtf8Lossy(text: string): Uint8Array {
	return (text.length <= shortText ? tryAscii(text) : undefined) ?? encoder.encode(text);
}

/** @throws {FormatError} when the bytes are not well-formed UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string {
	try {
		return strictDecoder.decode(bytes);
	} catch (cause) {
		throw new FormatError("text: expected well-formed UTF-8", { cause });
	}
}

/** Bytes of a string of ASCII characters; for labels that stand in the source. */
export function asciiBytes(text: string): Uint8Array {
	return encoder.encode(text);
}

function tryAscii(text: string): Uint8Array | undefined {
	const bytes = new Uint8Array(text.length);
	for (let i = 0; i < text.length; i++) {
		const unit = text.charCodeAt(i);
		if (unit > 127) return undefined;
		bytes[i] = unit;
	}
	return bytes;
}

function isWellFormed(text: string): boolean {
	for (let i = 0; i < text.length; i++) {
		const unit = text.charCodeAt(i);
		if (unit < 0xd800 || unit > 0xdfff) continue;
		if (unit > 0xdbff || i + 1 === text.length) return false;
		const next = text.charCodeAt(++i);
		if (next < 0xdc00 || next > 0xdfff) return false;
	}
	return true;
}
