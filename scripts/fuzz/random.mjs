// Numbers that follow from a seed, and damage that follows from them.

/** @typedef {ReturnType<typeof makeRandom>} Random */

/** @param {number} seed */
export function makeRandom(seed) {
	let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
	/** @param {number} below from 1 to 2^32 @returns {number} from 0 */
	const number = (below) => {
		// xorshift32, Marsaglia 2003
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		return (state >>> 0) % below;
	};
	/** @param {number} length */
	const bytes = (length) => Uint8Array.from({ length }, () => number(256));
	/**
	 * @template T
	 * @param {readonly T[]} list not empty
	 * @returns {T}
	 */
	const pick = (list) => list[number(list.length)];
	/**
	 * Bytes with one to four things wrong: bits, bytes, parts left out, put in, doubled, cut off.
	 * @param {Uint8Array} original
	 */
	const damage = (original) => {
		/** @type {Uint8Array} */
		let damaged = Uint8Array.from(original);
		for (let left = 1 + number(4); left > 0; left--) damaged = damageOnce(damaged);
		return damaged;
	};
	/** @param {Uint8Array} given */
	const damageOnce = (given) => {
		const at = number(given.length + 1);
		const to = Math.min(given.length, at + number(64));
		const joined = (/** @type {Uint8Array[]} */ ...parts) => Uint8Array.from(Buffer.concat(parts));
		switch (number(6)) {
			case 0:
				if (at < given.length) given[at] ^= 1 << number(8);
				return given;
			case 1:
				if (at < given.length) given[at] = pick([0, 1, 0x7f, 0x80, 0xff]);
				return given;
			case 2:
				return given.slice(0, at);
			case 3:
				return joined(given.subarray(0, at), given.subarray(to));
			case 4:
				return joined(given.subarray(0, to), given.subarray(at));
			default:
				return joined(given.subarray(0, at), bytes(number(32)), given.subarray(at));
		}
	};
	return { number, bytes, pick, damage };
}
