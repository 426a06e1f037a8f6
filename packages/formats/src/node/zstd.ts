import zlib from "node:zlib";
import type { Zstd } from "../apack/platform.js";
import { loadZstd } from "../apack/portable/zstd.js";

/** What node:zlib has from Node 22.15 on, and the types of Node 20 do not know. */
interface NativeZstd {
	zstdCompressSync(bytes: Uint8Array, options: { params: Record<number, number>; pledgedSrcSize: number }): Uint8Array;
	zstdDecompressSync(bytes: Uint8Array, options: { maxOutputLength: number }): Uint8Array;
	constants: { ZSTD_c_compressionLevel: number };
}

/** Zstandard of Node itself where it is there, else in WebAssembly. */
export async function nodeZstd(): Promise<Zstd> {
	return "zstdCompressSync" in zlib ? native(zlib as unknown as NativeZstd) : loadZstd();
}

function native({ zstdCompressSync, zstdDecompressSync, constants }: NativeZstd): Zstd {
	return {
		compress(bytes, level) {
			const params = { [constants.ZSTD_c_compressionLevel]: level };
			return own(zstdCompressSync(bytes, { params, pledgedSrcSize: bytes.length }));
		},
		decompress(frame, size) {
			try {
				return own(zstdDecompressSync(frame, { maxOutputLength: size }));
			} catch {
				return undefined;
			}
		},
	};
}

const own = ({ buffer, byteOffset, length }: Uint8Array) => new Uint8Array(buffer, byteOffset, length);
