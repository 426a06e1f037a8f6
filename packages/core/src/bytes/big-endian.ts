/** Writes an unsigned integer below 2^53, most significant byte first. @returns the offset behind it. */
export function writeUint(target: Uint8Array, offset: number, value: number, width: number): number {
	let rest = value;
	for (let i = offset + width - 1; i >= offset; i--) {
		target[i] = rest % 256;
		rest = Math.floor(rest / 256);
	}
	return offset + width;
}

/** Reads an unsigned integer of up to 6 bytes, most significant byte first. */
export function readUint(source: Uint8Array, offset: number, width: number): number {
	let value = 0;
	for (let i = offset; i < offset + width; i++) value = value * 256 + (source[i] as number);
	return value;
}
