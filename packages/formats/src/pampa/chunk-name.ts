import { sha1 } from "@noble/hashes/legacy.js";
import { toHex } from "../bytes/hex.js";
import { PampaError } from "./pampa-error.js";

/** The two forms of a chunk's file. When both are there, the encrypted one counts. */
export interface ChunkFileNames {
	readonly plain: string;
	readonly encrypted: string;
}

export interface ChunkFileName {
	readonly sha: string;
	readonly encrypted: boolean;
}

/** The bytes of a chunk's text: UTF-8, where a surrogate without its partner becomes U+FFFD. Nothing else is changed. */
export function chunkBytes(code: string | Uint8Array): Uint8Array {
	return typeof code === "string" ? new TextEncoder().encode(code) : code;
}

/**
 * What a chunk is called: SHA-1 of its text, before compression, as 40 lower-case hex digits. The specification's own example is another
 * number than the SHA-1 of its text.
 */
export function shaOf(code: string | Uint8Array): string {
	return toHex(sha1(chunkBytes(code)));
}

export function isSha(text: unknown): text is string {
	return typeof text === "string" && /^[0-9a-f]{40}$/.test(text);
}

/** @throws {PampaError} `SHA_INVALID`, so that no name leads out of the folder. */
export function chunkFileNames(sha: string): ChunkFileNames {
	if (!isSha(sha)) throw new PampaError("SHA_INVALID", "expected 40 lower-case hex digits as the name of a chunk");
	return { plain: `${sha}.gz`, encrypted: `${sha}.gz.enc` };
}

/** @returns `undefined` of names that belong to others. */
export function parseChunkFileName(name: string): ChunkFileName | undefined {
	const found = /^([0-9a-f]{40})\.gz(\.enc)?$/.exec(name);
	return found === null ? undefined : { sha: found[1] as string, encrypted: found[2] !== undefined };
}

/** Whether a name is that of a file which some writer of chunks was about to rename. */
export function isTemporaryName(name: string): boolean {
	return /^[0-9a-f]{40}\.gz(\.enc)?\.tmp([-.][0-9A-Za-z._-]+)?$/.test(name);
}
