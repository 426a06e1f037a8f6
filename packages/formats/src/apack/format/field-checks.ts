import { ApackError } from "../errors.js";

interface Field {
	readonly field: string;
	/** Of the field, from the start of its structure or of the archive. */
	readonly offset?: number;
}

/** @throws {ApackError} `malformed` when the two differ. */
export function expectField(found: number | string, expected: number | string, place: Field): void {
	if (found !== expected) throw malformed(place, expected, found);
}

/** @throws {ApackError} `malformed` when a byte is not zero. */
export function expectZeros(bytes: Uint8Array, place: Field): void {
	if (bytes.some((byte) => byte !== 0)) throw malformed(place, "zeros", "other bytes");
}

/** @throws {ApackError} `malformed` when the number is negative or has no exact `number`. */
export function sizeOf(value: bigint, place: Field): number {
	if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed(place, "0 to 2^53 - 1", String(value));
	return Number(value);
}

/** @throws {ApackError} `malformed` unless `least <= value <= most`. */
export function expectWithin(value: number, least: number, most: number, place: Field): void {
	if (!(value >= least && value <= most)) throw malformed(place, `${least} to ${most}`, value);
}

/** Four letters at the start of a structure. @throws {ApackError} `malformed` */
export function expectMagic(bytes: Uint8Array, magic: string, offset?: number): void {
	if (!hasMagic(bytes, magic)) {
		throw malformed(
			{ field: "magic", ...(offset === undefined ? {} : { offset }) },
			magic.replace("\0", ""),
			"other bytes",
		);
	}
}

export function hasMagic(bytes: Uint8Array, magic: string): boolean {
	if (bytes.length < magic.length) return false;
	for (let i = 0; i < magic.length; i++) if (bytes[i] !== magic.charCodeAt(i)) return false;
	return true;
}

/** The four bytes of a magic. */
export function magicBytes(magic: string): Uint8Array {
	return Uint8Array.from(magic, (letter) => letter.charCodeAt(0));
}

/** @throws {ApackError} `truncated` unless there are exactly `length` bytes. */
export function expectLength(bytes: Uint8Array, length: number, field: string): void {
	if (bytes.length === length) return;
	throw new ApackError(
		bytes.length < length ? "truncated" : "malformed",
		`${field}: expected ${length} bytes, found ${bytes.length}`,
		{ field, expected: length, found: bytes.length },
	);
}

function malformed(place: Field, expected: number | string, found: number | string): ApackError {
	return new ApackError("malformed", `${place.field}: expected ${expected}, found ${found}`, {
		...place,
		expected,
		found,
	});
}
