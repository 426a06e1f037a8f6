/** Byte strings as statements take them and rows give them. */

/** Many byte strings as one parameter for `::bytea[]`. */
export function byteaArray(items: readonly Uint8Array[]): string {
	return `{${items.map((bytes) => `"\\\\x${hexOf(bytes)}"`).join(",")}}`;
}

/** A plain array of its own: what the client gives lies in a pool or is a `Buffer`. */
export function plain(bytes: Uint8Array): Uint8Array {
	return new Uint8Array(bytes);
}

export function hexOf(bytes: Uint8Array): string {
	return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}
