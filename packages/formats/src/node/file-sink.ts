import { type FileHandle, open } from "node:fs/promises";
import type { ApackSink } from "../apack/writing/sink.js";

/** Small pieces are collected up to this many bytes. */
const collected = 65_536;

/** A new file that an archive is written to. */
export interface FileSink extends ApackSink {
	patch(offset: number, bytes: Uint8Array): Promise<void>;
	/** Writes what is collected, and makes it durable. */
	close(): Promise<void>;
}

/** Makes a file. @throws the system's error when there is one of this name already. */
export async function createFileSink(
	path: string,
	{ mode = 0o600 }: { readonly mode?: number } = {},
): Promise<FileSink> {
	return fileSink(await open(path, "wx", mode));
}

function fileSink(file: FileHandle): FileSink {
	let position = 0;
	let pending: Uint8Array[] = [];
	let length = 0;
	const flush = async () => {
		const [pieces, bytes] = [pending, length];
		[pending, length] = [[], 0];
		let done = 0;
		while (done < bytes) {
			const { bytesWritten } = await file.writev(rest(pieces, done), position + done);
			done += bytesWritten;
		}
		position += bytes;
	};
	return {
		async write(pieces) {
			const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
			if (length + bytes < collected) {
				// The caller may use its pieces again, so what waits is a copy.
				for (const piece of pieces) pending.push(piece.slice());
				length += bytes;
				return;
			}
			pending.push(...pieces);
			length += bytes;
			await flush();
		},
		async patch(offset, bytes) {
			await flush();
			await file.write(bytes, 0, bytes.length, offset);
		},
		async close() {
			try {
				await flush();
				await file.datasync();
			} finally {
				await file.close();
			}
		},
	};
}

/** A system may write fewer bytes than it was given. */
function rest(pieces: readonly Uint8Array[], done: number): Uint8Array[] {
	let skipped = done;
	const left: Uint8Array[] = [];
	for (const piece of pieces) {
		const from = Math.min(skipped, piece.length);
		skipped -= from;
		if (from < piece.length) left.push(piece.subarray(from));
	}
	return left;
}
