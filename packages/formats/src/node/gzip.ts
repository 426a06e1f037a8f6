import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { Gzip } from "../pampa/plain-file.js";

const compress = promisify(gzip);
const decompress = promisify<Uint8Array, { maxOutputLength: number }, Uint8Array>(gunzip);

/** Gzip of node:zlib at its usual level. */
export const nodeGzip: Gzip = {
	compress: async (bytes) => Uint8Array.from(await compress(bytes)),
	// zlib wants room for a byte at least.
	decompress: async (bytes, maxLength) =>
		Uint8Array.from(await decompress(bytes, { maxOutputLength: Math.max(1, maxLength) })),
};
