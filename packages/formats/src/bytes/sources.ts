import type { ByteSource } from "../ports.js";

/** Bytes in memory as a source. */
export function bytesSource(bytes: Uint8Array): ByteSource {
	return {
		size: bytes.length,
		read: async (offset, length) => bytes.slice(offset, offset + length),
	};
}

/** What of a `Blob` is needed; a `File` of a browser is one. */
export interface BlobLike {
	readonly size: number;
	slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

export function blobSource(blob: BlobLike): ByteSource {
	return {
		size: blob.size,
		read: async (offset, length) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
	};
}
