/** Unsigned lexicographic order, a prefix before what it begins: negative, 0 or positive. Not for secrets. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
	const length = Math.min(a.length, b.length);
	for (let i = 0; i < length; i++) {
		const difference = (a[i] as number) - (b[i] as number);
		if (difference !== 0) return difference;
	}
	return a.length - b.length;
}

/** Whether both hold the same bytes. Not for secrets: see `equalSecrets`. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
	return a.length === b.length && compareBytes(a, b) === 0;
}

/** Whether both hold the same bytes, in time that depends on the lengths alone. */
export function equalSecrets(a: Uint8Array, b: Uint8Array): boolean {
	let difference = a.length ^ b.length;
	for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i % (b.length || 1)] ?? 0);
	return difference === 0;
}
