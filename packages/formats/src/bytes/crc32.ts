/** CRC-32 of IEEE 802.3, as zlib and PNG have it: reflected, polynomial 0xEDB88320, start and end complemented. */
const table: readonly number[] = Array.from({ length: 256 }, (_, byte) => {
	let value = byte;
	for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0xed_b8_83_20 : value >>> 1;
	return value;
});

/** @returns 32 bits, not negative. */
export function crc32(bytes: Uint8Array): number {
	let value = -1;
	for (let i = 0; i < bytes.length; i++)
		value = (value >>> 8) ^ (table[(value ^ (bytes[i] as number)) & 0xff] as number);
	return ~value >>> 0;
}
