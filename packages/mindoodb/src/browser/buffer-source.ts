/** What the platform's functions take; core never holds shared memory, but its type allows it. */
export function bufferSource(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
	return bytes as Uint8Array<ArrayBuffer>;
}
