/**
 * Which 32 bytes may serve as an Ed25519 public key, and as R of a signature. Platforms differ here (older OpenSSL takes points of
 * small order, others take encodings that are not canonical), replicas must not, so the checks are ours.
 *
 * Source: RFC 8032 §5.1.3; Web Cryptography, Ed25519 "Verify"; docs/entry-format.md, "Header".
 */

const p = 2n ** 255n - 19n;
const order = 2n ** 252n + 27742317777372353535851937790883648493n;
/** d = -121665/121666 mod p. */
const d = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

/** y coordinates of the eight points whose order divides the cofactor; two encodings each, but for 1 and -1. */
const smallOrder: ReadonlySet<bigint> = new Set([
	0n,
	1n,
	p - 1n,
	2707385501144840649318225287225658788936804267575313519463743609750303402022n,
	p - 2707385501144840649318225287225658788936804267575313519463743609750303402022n,
]);

/** The encodings of those points by their first byte, which is another for each. */
const smallOrderEncodings: ReadonlyMap<number, Uint8Array> = new Map(
	[...smallOrder].map((y) => [
		Number(y & 255n),
		Uint8Array.from({ length: 32 }, (_, i) => Number((y >> BigInt(8 * i)) & 255n)),
	]),
);

/** Whether `bytes` are 32, encode a point canonically, and that point is not of small order. Costs about 100 microseconds. */
export function isUsableEd25519Point(bytes: Uint8Array): boolean {
	if (bytes.length !== 32) return false;
	const y = littleEndian(bytes) & (2n ** 255n - 1n);
	if (y >= p || smallOrder.has(y)) return false;
	const y2 = (y * y) % p;
	// x² = u/v has a root exactly when uv has one, and v is never 0 because -1/d is no square. x = 0 is of small order.
	return isSquare(((y2 + p - 1n) * (d * y2 + 1n)) % p);
}

/**
 * Whether `signature` has 64 bytes and its first half, R, is not one of the points of small order. No signer makes such an R; a
 * verifier that follows Web Cryptography refuses it, one that follows RFC 8032 alone takes it. Other encodings of those points
 * need no place here: R is compared as bytes.
 */
export function isUsableEd25519Signature(signature: Uint8Array): boolean {
	if (signature.length !== 64) return false;
	const encoding = smallOrderEncodings.get(signature[0] as number);
	if (encoding === undefined) return true;
	for (let i = 1; i < 31; i++) if (signature[i] !== encoding[i]) return true;
	return ((signature[31] as number) & 0x7f) !== encoding[31];
}

/** Whether the second half of a 64-byte signature is below the order of the base point (RFC 8032 §5.1.7, step 1). */
export function hasReducedScalar(signature: Uint8Array): boolean {
	return signature.length === 64 && littleEndian(signature.subarray(32)) < order;
}

function littleEndian(bytes: Uint8Array): bigint {
	let digits = "";
	for (let i = bytes.length - 1; i >= 0; i--) digits += (bytes[i] as number).toString(16).padStart(2, "0");
	return BigInt(`0x${digits}`);
}

/** Euler's criterion: value^((p-1)/2) = 1. */
function isSquare(value: bigint): boolean {
	let result = 1n;
	let base = value;
	for (let exponent = (p - 1n) / 2n; exponent > 0n; exponent >>= 1n) {
		if (exponent & 1n) result = (result * base) % p;
		base = (base * base) % p;
	}
	return result === 1n;
}
