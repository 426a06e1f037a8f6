import { promisify } from "node:util";
import {
	deflateRaw as deflateCallback,
	deflateRawSync,
	inflateRaw as inflateCallback,
	inflateRawSync,
	type ZlibOptions,
} from "node:zlib";
import { UsageError } from "@mindoodb/core";
import { plainBytes } from "./bytes.js";

/** Up to here a call is cheaper at once than its way through the thread pool (measured: 6 to 300 microseconds). */
const atOnce = 32 * 1024;

const deflateSoon = promisify(deflateCallback) as (data: Uint8Array, options: ZlibOptions) => Promise<Uint8Array>;

/** What `info: true` makes of the answers; `@types/node` does not know it. */
interface WithEngine {
	readonly buffer: Uint8Array;
	readonly engine: { readonly bytesWritten: number };
}
const inflateNow = inflateRawSync as unknown as (data: Uint8Array, options: ZlibOptions) => WithEngine;
const inflateSoon = promisify(inflateCallback) as unknown as (
	data: Uint8Array,
	options: ZlibOptions,
) => Promise<WithEngine>;

export async function deflateRaw(data: Uint8Array): Promise<Uint8Array> {
	if (data.length > atOnce) return plainBytes(await deflateSoon(data, {}));
	// zlib clears its whole window first: a window no larger than the data makes small changes three times quicker.
	const windowBits = Math.max(9, Math.min(15, Math.ceil(Math.log2(data.length + 1))));
	const options = { windowBits, memLevel: Math.max(1, windowBits - 7), chunkSize: Math.max(64, data.length + 64) };
	return plainBytes(deflateRawSync(data, options));
}

export async function inflateRaw(data: Uint8Array, size: number): Promise<Uint8Array | undefined> {
	const result = await inflateRawAtMost(data, size);
	return result?.length === size ? result : undefined;
}

export async function inflateRawAtMost(data: Uint8Array, limit: number): Promise<Uint8Array | undefined> {
	if (!Number.isSafeInteger(limit) || limit < 0) throw new UsageError("inflate: expected a size of 0 bytes or more");
	// zlib's smallest bound is 1 byte; a bound of 0 is checked below.
	const options = {
		maxOutputLength: Math.max(1, limit),
		chunkSize: Math.max(64, Math.min(limit + 1, 64 * 1024)),
		info: true,
	};
	try {
		const { buffer, engine } =
			data.length <= atOnce && limit <= 8 * atOnce ? inflateNow(data, options) : await inflateSoon(data, options);
		return engine.bytesWritten === data.length && buffer.length <= limit ? plainBytes(buffer) : undefined;
	} catch (error) {
		if (error instanceof Error && "code" in error && isBadData(error.code)) return undefined;
		throw error;
	}
}

function isBadData(code: unknown): boolean {
	return code === "Z_DATA_ERROR" || code === "Z_BUF_ERROR" || code === "Z_NEED_DICT" || code === "ERR_BUFFER_TOO_LARGE";
}
