/** The same bytes as a plain array that belongs to the caller alone: never a `Buffer`, never a view into Node's pool. */
export function plainBytes(buffer: Uint8Array): Uint8Array {
	return buffer.byteLength === buffer.buffer.byteLength
		? new Uint8Array(buffer.buffer, 0, buffer.byteLength)
		: new Uint8Array(buffer);
}

/** A string that is equal for equal bytes; quicker than hex. */
export function bytesToken(bytes: Uint8Array): string {
	return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** The bytes of a string whose characters are all below 256. */
export function latin1Bytes(text: string): Uint8Array {
	const bytes = new Uint8Array(text.length);
	for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
	return bytes;
}
