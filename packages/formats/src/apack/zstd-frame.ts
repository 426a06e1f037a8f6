import { ApackError } from "./errors.js";

/** The longest window that a decoder must have: 2^27 bytes, what level 22 of the reference program announces. */
const longestWindow = 2 ** 27;
/** RFC 8878, section 3.1.1.2.4. */
const longestBlock = 131_072;

/**
 * Walks over a Zstandard frame without unfolding it, so that no decoder is asked for more memory than the chunk may have.
 * Source: RFC 8878, sections 3.1.1.1 (frame header) and 3.1.1.2 (blocks).
 * @param size bytes that the frame must unfold to.
 * @throws {ApackError} `compression` unless the bytes are exactly one frame, without dictionary, that announces no other size; `limit`
 * when its window is longer than 128 MiB.
 */
export function checkZstdFrame(bytes: Uint8Array, size: number): void {
	const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const need = (end: number) => {
		if (end > bytes.length) throw damaged(bytes.length);
	};
	need(5);
	if (data.getUint32(0, true) !== 0xfd_2f_b5_28) throw damaged(0);
	const descriptor = data.getUint8(4);
	const single = (descriptor & 0x20) !== 0;
	// A dictionary, and the two bits that encoders leave zero.
	if ((descriptor & 0x1b) !== 0) throw damaged(4);
	let at = 5;
	if (!single) {
		need(at + 1);
		const byte = data.getUint8(at++);
		const base = 2 ** (10 + (byte >>> 3));
		if (base + (base / 8) * (byte & 7) > longestWindow) {
			throw new ApackError("limit", "the window of a Zstandard frame is longer than 128 MiB", {
				field: "window",
				expected: longestWindow,
			});
		}
	}
	const sizeBytes = contentSizeBytes(descriptor >>> 6, single);
	need(at + sizeBytes);
	if (sizeBytes > 0 && contentSize(data, at, sizeBytes) !== BigInt(size)) throw damaged(at);
	at += sizeBytes;
	for (let last = false; !last; ) {
		need(at + 3);
		const header = data.getUint16(at, true) | (data.getUint8(at + 2) << 16);
		const [type, length] = [(header >>> 1) & 3, header >>> 3];
		if (type === 3 || length > longestBlock) throw damaged(at);
		last = (header & 1) !== 0;
		at += 3 + (type === 1 ? 1 : length);
	}
	if ((descriptor & 4) !== 0) at += 4;
	if (at !== bytes.length) throw damaged(at);
}

function contentSizeBytes(flag: number, single: boolean): number {
	return flag === 0 ? (single ? 1 : 0) : 2 ** flag;
}

function contentSize(data: DataView, at: number, bytes: number): bigint {
	if (bytes === 1) return BigInt(data.getUint8(at));
	if (bytes === 2) return BigInt(data.getUint16(at, true) + 256);
	return bytes === 4 ? BigInt(data.getUint32(at, true)) : data.getBigUint64(at, true);
}

function damaged(offset: number): ApackError {
	return new ApackError("compression", "not a Zstandard frame of the announced size", { offset });
}
