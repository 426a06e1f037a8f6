import type { Random } from "@mindoodb/core";

/** Random bytes that a seed decides: the same in every run. For tests alone; anybody can foretell them. */
export function seededRandom(seed: number): Random {
	let state = seed >>> 0;
	// splitmix32
	const next = () => {
		state = (state + 0x9e3779b9) >>> 0;
		let mixed = state;
		mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
		mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
		return (mixed ^ (mixed >>> 15)) >>> 0;
	};
	return {
		randomBytes(length) {
			const bytes = new Uint8Array(length);
			for (let i = 0; i < length; i++) bytes[i] = next() & 255;
			return bytes;
		},
	};
}
