import { open } from "node:fs/promises";
import type { ByteSource } from "../ports.js";

/** A file to read from; `close` it in the end. */
export interface FileSource extends ByteSource {
	close(): Promise<void>;
	[Symbol.asyncDispose](): Promise<void>;
}

/** Opens a file. Its size is what it is now. @throws the system's error when there is none. */
export async function openFileSource(path: string): Promise<FileSource> {
	const file = await open(path, "r");
	const close = () => file.close();
	const { size } = await file.stat().catch(async (error: unknown) => {
		await close();
		throw error;
	});
	return {
		size,
		async read(offset, length) {
			const bytes = Buffer.allocUnsafeSlow(length);
			let done = 0;
			while (done < length) {
				const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
				if (bytesRead === 0) break;
				done += bytesRead;
			}
			return new Uint8Array(bytes.buffer, bytes.byteOffset, done);
		},
		close,
		[Symbol.asyncDispose]: close,
	};
}
