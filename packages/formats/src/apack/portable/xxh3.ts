/** @returns the low 32 bits of XXH3-64 with seed 0, as a function that can be called at once. */
export async function loadXxh3(): Promise<(bytes: Uint8Array) => number> {
	const { createXXHash3 } = await import("hash-wasm");
	const hasher = await createXXHash3();
	return (bytes) => {
		// It gives the 64 bits big-endian.
		const digest = hasher.init().update(bytes).digest("binary");
		return new DataView(digest.buffer, digest.byteOffset).getUint32(4);
	};
}
