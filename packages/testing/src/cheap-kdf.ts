import type { PasswordKeyOptions } from "@mindoodb/core";

/**
 * Password derivation that costs nothing, for tests: options of every function that makes or opens a key under a password. The
 * limits must be lowered too, because costs that protect nothing are refused wherever they come from.
 */
export const cheapKdf: Required<PasswordKeyOptions> = {
	kdf: { name: "argon2id", memoryKiB: 8, passes: 1, lanes: 1 },
	limits: { memoryKiB: [8, 1024 * 1024], rounds: [1, 20_000_000] },
};
