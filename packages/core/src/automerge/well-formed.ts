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
