const surrogate = /[\ud800-\udfff]/;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A string as Automerge keeps it: a lone surrogate becomes U+FFFD. */
export function wellFormed(value: string): string {
	return surrogate.test(value) ? decoder.decode(encoder.encode(value)) : value;
}

/** Whether no surrogate stands alone. */
export function isWellFormed(value: string): boolean {
	return wellFormed(value) === value;
}

/** Sorts keys as Automerge's maps do, in place. */
export function sortKeys(keys: string[]): string[] {
	keys.sort();
	return keys.some((key) => surrogate.test(key)) ? keys.sort(compareCodePoints) : keys;
}

/** The order of Unicode code points, which is that of UTF-8 bytes and of Automerge's maps; JavaScript's own compares UTF-16. */
function compareCodePoints(a: string, b: string): number {
	const length = Math.min(a.length, b.length);
	for (let i = 0; i < length; i++) {
		const left = a.charCodeAt(i);
		const right = b.charCodeAt(i);
		if (left !== right) return rank(left) - rank(right);
	}
	return a.length - b.length;
}

/** Surrogates stand for code points behind all others. */
function rank(unit: number): number {
	return unit >= 0xd800 && unit < 0xe000 ? unit + 0x2800 : unit;
}
