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
