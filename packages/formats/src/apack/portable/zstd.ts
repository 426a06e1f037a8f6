import type { Zstd } from "../platform.js";

/**
 * The library has one WebAssembly instance for the whole program; started a second time, it goes on in an empty one with the addresses
 * of the first. So what is remembered here is its state, not ours.
 */
const library: { started?: Promise<void> } = {};

/** Zstandard in WebAssembly. */
export async function loadZstd(): Promise<Zstd> {
	const { compress, decompress, init } = await import("@bokuweb/zstd-wasm");
	library.started ??= init();
	await library.started;
	return {
		compress: (bytes, level) => compress(bytes, level),
		decompress(frame, size) {
			try {
				// It reserves what the frame announces, or this; the frame was checked to announce nothing else.
				return decompress(frame, { defaultHeapSize: size });
			} catch {
				return undefined;
			}
		},
	};
}
