/**
 * What a recorded WebSocket connection carried. Clients mask what they send (RFC 6455, 5.3), and frames cut it into pieces, so that a search
 * of the bytes on the wire alone would find nothing whatever they say.
 *
 * | size | of a frame (RFC 6455, 5.2) |
 * |---|---|
 * | 1 | flags, opcode |
 * | 1 | 0x80 when masked; length, or 126 or 127 |
 * | 0, 2, 8 | length, for 126 and 127 |
 * | 0, 4 | mask |
 */
const endOfHead = Buffer.from("\r\n\r\n");

/** The HTTP head and the payloads of all frames behind it, unmasked and joined; what began in another way, as it is. */
export function withoutFrames(recorded: Uint8Array): Uint8Array {
	const bytes = Buffer.from(recorded.buffer, recorded.byteOffset, recorded.byteLength);
	const head = bytes.indexOf(endOfHead);
	if (head < 0) return bytes;
	const start = head + endOfHead.length;
	const pieces = [bytes.subarray(0, start)];
	for (let at = start; at + 2 <= bytes.length; ) {
		const second = bytes.readUInt8(at + 1);
		at += 2;
		let length = second & 127;
		const wide = length === 126 ? 2 : length === 127 ? 8 : 0;
		const masked = second >= 128 ? 4 : 0;
		if (at + wide + masked > bytes.length) break;
		if (wide === 2) length = bytes.readUInt16BE(at);
		if (wide === 8) length = Number(bytes.readBigUInt64BE(at));
		at += wide;
		const mask = bytes.subarray(at, at + masked);
		at += masked;
		const payload = Buffer.from(bytes.subarray(at, at + length));
		if (masked > 0)
			for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] as number) ^ (mask[i & 3] as number);
		pieces.push(payload);
		at += length;
	}
	return Buffer.concat(pieces);
}
