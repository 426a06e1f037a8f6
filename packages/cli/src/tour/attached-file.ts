import { createHash } from "node:crypto";

/** Divisible by two, and by the size of the pieces. */
export const attachedBytes = 6 * 1024 * 1024;
/** Between two pieces that are looked for. */
const stride = 128 * 1024;
const pieceBytes = 32;

/** The file that the tour attaches: bytes that do not compress, the same at each run. */
export function attachedFile(): Uint8Array {
	return createHash("shake256", { outputLength: attachedBytes }).update("a file of the tour").digest();
}

/** Pieces of it, some from everywhere, that nobody else may see. */
export function piecesOfFile(): Uint8Array[] {
	const file = attachedFile();
	return Array.from({ length: attachedBytes / stride }, (_, index) =>
		file.subarray(index * stride, index * stride + pieceBytes),
	);
}
