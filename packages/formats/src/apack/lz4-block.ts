import { ApackError } from "./errors.js";

/**
 * Unfolds a raw LZ4 block (no frame, no size in front). Input and output must both be used up exactly, every copy lies inside what
 * was unfolded before, and the last sequence has literals alone.
 * Source: the LZ4 block format description (lz4_Block_format.md of the LZ4 project).
 * @param size bytes of the output; the caller has checked it against a limit.
 * @throws {ApackError} `compression`
 */
export function decodeLz4Block(block: Uint8Array, size: number): Uint8Array {
	const output = new Uint8Array(size);
	let from = 0;
	let to = 0;

	const longer = (length: number): number => {
		let sum = length;
		let byte = 255;
		while (byte === 255) {
			if (from >= block.length) throw damaged(from);
			byte = block[from++] as number;
			sum += byte;
		}
		return sum;
	};

	while (from < block.length) {
		const token = block[from++] as number;
		let literals = token >>> 4;
		if (literals === 15) literals = longer(literals);
		if (from + literals > block.length || to + literals > size) throw damaged(from);
		output.set(block.subarray(from, from + literals), to);
		from += literals;
		to += literals;
		if (from === block.length) {
			if (to !== size || (token & 15) !== 0) throw damaged(from);
			return output;
		}
		if (from + 2 > block.length) throw damaged(from);
		const distance = (block[from] as number) | ((block[from + 1] as number) << 8);
		from += 2;
		let length = token & 15;
		if (length === 15) length = longer(length);
		length += 4;
		if (distance === 0 || distance > to || to + length > size) throw damaged(from);
		copy(output, to, distance, length);
		to += length;
	}
	throw damaged(from);
}

/** A copy that overlaps itself repeats the last `distance` bytes. */
function copy(output: Uint8Array, to: number, distance: number, length: number): void {
	if (length <= 24) {
		for (let i = to; i < to + length; i++) output[i] = output[i - distance] as number;
		return;
	}
	// Each round doubles what can be copied at once without overlap.
	const start = to - distance;
	let ready = distance;
	for (let done = 0; done < length; ) {
		const now = Math.min(ready, length - done);
		output.copyWithin(to + done, start, start + now);
		done += now;
		ready += now;
	}
}

function damaged(offset: number): ApackError {
	return new ApackError("compression", "not an LZ4 block of the announced size", { offset });
}
