/**
 * SHA-256 (FIPS 180-4) in plain JavaScript, at once. A change of the user's own has to know the hash of the one before while the
 * user's callback runs, and the `Crypto` port answers later; nothing secret depends on it. Everything else uses the port.
 */

const roundConstants = Uint32Array.from(primes(64), (prime) => fraction(Math.cbrt(prime)));
const initialState = Uint32Array.from(primes(8), (prime) => fraction(Math.sqrt(prime)));

/** 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
	const padded = new Uint8Array((((data.length + 8) >> 6) + 1) << 6);
	padded.set(data);
	padded[data.length] = 0x80;
	const view = new DataView(padded.buffer);
	view.setUint32(padded.length - 8, Math.floor(data.length / 2 ** 29));
	view.setUint32(padded.length - 4, (data.length << 3) >>> 0);
	const state = initialState.slice();
	const words = new Uint32Array(64);
	for (let offset = 0; offset < padded.length; offset += 64) {
		for (let i = 0; i < 16; i++) words[i] = view.getUint32(offset + 4 * i);
		addBlock(state, words);
	}
	const digest = new Uint8Array(32);
	const out = new DataView(digest.buffer);
	for (let i = 0; i < 8; i++) out.setUint32(4 * i, state[i] as number);
	return digest;
}

/** FIPS 180-4 §6.2.2; the first 16 words are the block. */
function addBlock(state: Uint32Array, words: Uint32Array): void {
	for (let i = 16; i < 64; i++) {
		const early = words[i - 15] as number;
		const late = words[i - 2] as number;
		const s0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
		const s1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
		words[i] = ((words[i - 16] as number) + s0 + (words[i - 7] as number) + s1) | 0;
	}
	let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
	for (let i = 0; i < 64; i++) {
		const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
		const choice = (e & f) ^ (~e & g);
		const t1 = (h + s1 + choice + (roundConstants[i] as number) + (words[i] as number)) | 0;
		const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
		const majority = (a & b) ^ (a & c) ^ (b & c);
		h = g;
		g = f;
		f = e;
		e = (d + t1) | 0;
		d = c;
		c = b;
		b = a;
		a = (t1 + s0 + majority) | 0;
	}
	for (const [i, value] of [a, b, c, d, e, f, g, h].entries()) state[i] = (state[i] as number) + value;
}

function rotate(word: number, bits: number): number {
	return (word >>> bits) | (word << (32 - bits));
}

/** The first 32 bits behind the point (FIPS 180-4 §4.2.2, §5.3.3). */
function fraction(root: number): number {
	return Math.floor((root - Math.floor(root)) * 2 ** 32);
}

function primes(count: number): number[] {
	const found: number[] = [];
	for (let candidate = 2; found.length < count; candidate++) {
		if (found.every((prime) => candidate % prime !== 0)) found.push(candidate);
	}
	return found;
}
