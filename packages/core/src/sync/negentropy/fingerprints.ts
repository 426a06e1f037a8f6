import { concatBytes } from "../../bytes/concat.js";
import type { Crypto } from "../../crypto/crypto.js";
import { fingerprintBytes } from "./message.js";
import type { RangeSum } from "./record-index.js";
import { encodeVarint } from "./varint.js";

/** First 16 bytes of SHA-256(sum ‖ varint of the count). */
export async function fingerprintsOf(
	crypto: Pick<Crypto, "sha256Many">,
	sums: readonly RangeSum[],
): Promise<Uint8Array[]> {
	const hashes = await crypto.sha256Many(sums.map(({ count, sum }) => concatBytes(sum, encodeVarint(BigInt(count)))));
	return hashes.map((hash) => hash.subarray(0, fingerprintBytes));
}

/** The sum of ids as 32-byte little-endian integers mod 2^256. */
export function sumOfIds(ids: readonly Uint8Array[]): RangeSum {
	const sum = new Uint8Array(32);
	for (const id of ids) {
		let carry = 0;
		for (let i = 0; i < sum.length; i++) {
			carry += (sum[i] as number) + (id[i] as number);
			sum[i] = carry & 255;
			carry >>= 8;
		}
	}
	return { count: ids.length, sum };
}
