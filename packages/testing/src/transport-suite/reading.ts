import type { Duplex } from "@mindoodb/core";

/** Takes one piece. */
export async function readPiece(from: Duplex): Promise<Uint8Array> {
	const { done, value } = await from.incoming[Symbol.asyncIterator]().next();
	if (done === true) throw new Error("expected bytes, found the end");
	return value;
}

/** Takes `size` bytes. Throws when fewer come, or others behind them in one piece. */
export async function read(from: Duplex, size: number): Promise<Uint8Array> {
	const bytes = new Uint8Array(size);
	let filled = 0;
	const pieces = from.incoming[Symbol.asyncIterator]();
	while (filled < size) {
		const { done, value } = await pieces.next();
		if (done === true) throw new Error(`expected ${size} bytes, found ${filled}`);
		bytes.set(value, filled);
		filled += value.length;
	}
	return bytes;
}

/** Takes what comes until the end. */
export async function readAll(from: Duplex): Promise<Uint8Array> {
	const pieces: Uint8Array[] = [];
	for await (const piece of from.incoming) pieces.push(piece);
	const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
	let at = 0;
	for (const piece of pieces) {
		bytes.set(piece, at);
		at += piece.length;
	}
	return bytes;
}

/** Bytes that repeat nowhere within 4 GiB, so that a piece that is lost, doubled or moved shows. */
export function pattern(size: number, seed = 0): Uint8Array {
	const words = new Uint32Array(Math.ceil(size / 4));
	for (let index = 0; index < words.length; index++) words[index] = Math.imul(index + seed, 2_654_435_761);
	return new Uint8Array(words.buffer, 0, size);
}
