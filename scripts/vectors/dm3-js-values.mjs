// Values of JavaScript that JSON cannot name, as the vectors of `stringify` call them.

/** @type {Readonly<Record<string, () => unknown>>} */
const values = {
	undefinedProp: () => ({ a: undefined, b: 1 }),
	undefinedInArray: () => [undefined, 1],
	nan: () => ({ n: Number.NaN, i: Number.POSITIVE_INFINITY }),
	date: () => new Date(0),
	bigint: () => ({ n: 12345678901234567890n }),
	fn: () => ({ a: 1, f() {} }),
	sym: () => ({ a: [Symbol()] }),
	map: () => new Map([[1, 2]]),
	u8: () => Uint8Array.of(1, 2),
	circular: () => {
		/** @type {{ a: number, self?: unknown }} */
		const value = { a: 1 };
		value.self = value;
		return value;
	},
	toJSON: () => ({ toJSON: () => ({ z: 1, a: 2 }) }),
	undefinedTop: () => undefined,
};

/** @param {string} name */
export function jsValue(name) {
	const make = values[name];
	if (make === undefined) throw new Error(`unknown value ${name}`);
	return make();
}
