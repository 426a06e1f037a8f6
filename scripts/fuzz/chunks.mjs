// Random and damaged chunks and streams: a value or a ChunkError, the same however the stream is cut, memory within its bound.
import {
	ChunkError,
	decodeChunk,
	encodeChunk,
	encodeMessageFrame,
	FrameDecoder,
	Reassembler,
} from "@mindoodb/formats/chunks";
import { nodeHasher } from "@mindoodb/formats/node";
import { makeRandom } from "./random.mjs";

const makeHasher = nodeHasher;
const maxBytes = 64 * 1024;

/**
 * @param {number} runs
 * @param {number} seed
 * @returns {Promise<void>} fails on the first input that is treated wrongly
 */
export async function fuzz(runs, seed) {
	const random = makeRandom(seed);
	const datum = random.bytes(32);
	for (let run = 0; run < runs; run++) {
		const packets = Array.from({ length: 1 + random.number(3) }, () => {
			const index = random.pick([0, 1, 2, 0xffffffff]);
			return encodeChunk({ index, datum, data: random.bytes(1 + random.number(70)) }, { makeHasher });
		});
		const frames = packets.map((packet) => (random.number(3) === 0 ? encodeMessageFrame(packet) : packet));
		const good = random.number(10) === 0 ? random.bytes(random.number(200)) : Uint8Array.from(Buffer.concat(frames));
		const bytes = random.damage(good);
		decodeOrRefuse(packets[0], random.damage(packets[0]));
		const whole = readStream(bytes, bytes.length || 1);
		const cut = readStream(bytes, 1 + random.number(20));
		if (whole !== cut) throw new Error(`run ${run}: the stream reads differently in pieces\n${whole}\n${cut}`);
	}
}

/**
 * @param {Uint8Array} original
 * @param {Uint8Array} damaged
 */
function decodeOrRefuse(original, damaged) {
	try {
		const chunk = decodeChunk(damaged, { makeHasher });
		if (!Buffer.from(encodeChunk(chunk, { makeHasher })).equals(damaged))
			throw new Error("accepted what we would not write");
		if (!Buffer.from(damaged).equals(original)) throw new Error("a damaged chunk was accepted");
	} catch (error) {
		if (!(error instanceof ChunkError)) throw error;
	}
}

/**
 * @param {Uint8Array} bytes
 * @param {number} length
 * @returns {string} what came out of it
 */
function readStream(bytes, length) {
	const decoder = new FrameDecoder({ makeHasher, maxMessageLength: maxBytes });
	const reassembler = new Reassembler({ makeHasher, maxBytes, maxMessages: 8 });
	const told = [];
	try {
		for (let start = 0; start < bytes.length; start += length) {
			decoder.push(bytes.subarray(start, start + length));
			for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
				if (frame.kind === "message") told.push(`message ${frame.message.length}`);
				else if (frame.kind === "damaged-chunk") told.push(frame.error.code);
				else told.push(`chunk ${frame.chunk.index} ${reassembler.add(frame.chunk).outcome}`);
			}
			if (reassembler.heldBytes > maxBytes) throw new Error("more is held than allowed");
		}
		decoder.end();
	} catch (error) {
		if (!(error instanceof ChunkError)) throw error;
		told.push(error.code);
	}
	return told.join(", ");
}
