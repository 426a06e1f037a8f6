import { crc32 } from "../../bytes/crc32.js";
import type { Random } from "../../ports.js";
import type { ApackPlatform } from "../platform.js";
import { portableAead } from "./aead.js";
import { portablePasswordKeys } from "./password-keys.js";
import { loadXxh3 } from "./xxh3.js";
import { loadZstd } from "./zstd.js";

/** What archives need, in JavaScript and WebAssembly: for browsers and wherever else. It reads LZ4, but does not write it. */
export async function portableApack({
	random,
	now,
}: {
	readonly random: Random;
	/** Milliseconds since 1970. */
	readonly now: () => number;
}): Promise<ApackPlatform> {
	const [xxh3, zstd] = await Promise.all([loadXxh3(), loadZstd()]);
	return {
		random,
		now,
		crc32,
		xxh3,
		zstd,
		aesGcm: portableAead("aes-256-gcm"),
		chaCha20Poly1305: portableAead("chacha20-poly1305"),
		keys: portablePasswordKeys(),
	};
}
