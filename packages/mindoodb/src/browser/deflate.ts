import { concatBytes } from "@mindoodb/core";
import { bufferSource } from "./buffer-source.js";

/** Raw DEFLATE by the platform's `CompressionStream`. */
export async function deflateRawStream(data: Uint8Array): Promise<Uint8Array> {
	const { readable, writable } = new CompressionStream("deflate-raw");
	const [parts] = await Promise.all([readAll(readable), writeAll(writable, data)]);
	return concatBytes(...parts);
}

async function writeAll(writable: WritableStream<BufferSource>, data: Uint8Array): Promise<void> {
	const writer = writable.getWriter();
	await Promise.all([writer.write(bufferSource(data)), writer.close()]);
}

async function readAll(readable: ReadableStream<Uint8Array>): Promise<Uint8Array[]> {
	const reader = readable.getReader();
	const parts: Uint8Array[] = [];
	for (let next = await reader.read(); !next.done; next = await reader.read()) parts.push(next.value);
	return parts;
}
