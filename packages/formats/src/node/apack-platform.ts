import zlib from "node:zlib";
import type { ApackPlatform } from "../apack/platform.js";
import { loadXxh3 } from "../apack/portable/xxh3.js";
import { crc32 as portableCrc32 } from "../bytes/crc32.js";
import { nodeAead } from "./aead.js";
import { nodePasswordKeys } from "./password-keys.js";
import { nodeRandom } from "./random.js";
import { nodeZstd } from "./zstd.js";

/** The length that it puts in front, which a raw block does not have. */
const lz4Prefix = 4;

/** What archives need, from Node. */
export async function nodeApack(): Promise<ApackPlatform> {
	// Native code and WebAssembly are loaded where an archive needs them, not with every program that imports this room.
	const [xxh3, zstd, { compressSync }] = await Promise.all([loadXxh3(), nodeZstd(), import("lz4-napi")]);
	return {
		random: nodeRandom,
		now: () => Date.now(),
		// Node has it from 20.15 and 22.2 on.
		crc32: zlib.crc32 ?? portableCrc32,
		xxh3,
		zstd,
		aesGcm: nodeAead("aes-256-gcm"),
		chaCha20Poly1305: nodeAead("chacha20-poly1305"),
		keys: nodePasswordKeys(),
		compressLz4: (bytes) =>
			Uint8Array.from(compressSync(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)).subarray(lz4Prefix)),
	};
}
