/**
 * A plain chunk file: one gzip member (RFC 1952) of the chunk's UTF-8.
 *
 * | offset | bytes | value |
 * |---|---|---|
 * | 0 | 2 | 1f 8b |
 * | 2 | 1 | 08, DEFLATE |
 * | 3 | 1 | 00, no flags |
 * | 4 | 4 | 00, no time |
 * | 8 | 1 | 00, no extra flags |
 * | 9 | 1 | 03, Unix; zlib writes another byte on other systems, we do not |
 * | 10 | n | DEFLATE; differs from one version of zlib to the next |
 * | 10 + n | 4 | CRC-32 of the text, little endian |
 * | 14 + n | 4 | its length mod 2^32, little endian |
 *
 * What is read may have any header that gzip allows, and several members.
 */

/** Compression by gzip. `formats/node` has one; a browser's `CompressionStream("gzip")` is enough to make one there. */
export interface Gzip {
	/** @returns one member. */
	compress(bytes: Uint8Array): Promise<Uint8Array>;
	/**
	 * @returns what all members hold. Rejects with an error of its own for anything that is not gzip from the first byte to the last, and
	 * before it makes more than `maxLength` bytes.
	 */
	decompress(bytes: Uint8Array, maxLength: number): Promise<Uint8Array>;
}

const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3);

/** @returns the same header on every platform. */
export async function encodePlainFile(bytes: Uint8Array, gzip: Gzip): Promise<Uint8Array> {
	const file = await gzip.compress(bytes);
	file.set(header);
	return file;
}
