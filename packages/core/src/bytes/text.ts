import { FormatError } from "../errors.js";

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Up to this many characters of ASCII a loop is quicker than the platform, also in a process that has just started: there a loop
 * of 32 costs 5 microseconds and the platform's encoder 1, until both are compiled.
 */
const shortText = 16;
const beyondAscii = /[\u0080-\uffff]/;

/** Whether a text is the same in ASCII and UTF-8. */
export function isAscii(text: string): boolean {
	if (text.length > shortText) return !beyondAscii.test(text);
	for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
	return true;
}

/** Writes a text of ASCII characters at `offset`. */
export function writeAscii(target: Uint8Array, offset: number, text: string): void {
	if (text.length > shortText) encoder.encodeInto(text, target.subarray(offset));
	else for (let i = 0; i < text.length; i++) target[offset + i] = text.charCodeAt(i);
}

/** UTF-8 bytes of a well-formed string. @throws {FormatError} on a lone surrogate, which UTF-8 cannot hold. */
export function encodeUtf8(text: string): Uint8Array {
	const short = text.length <= shortText ? tryAscii(text) : undefined;
	if (short !== undefined) return short;
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
