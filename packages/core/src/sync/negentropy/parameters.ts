import type { Crypto } from "../../crypto/crypto.js";
import { UsageError } from "../../errors.js";
import { leastFrameSize } from "./message.js";
import type { RecordIndex } from "./record-index.js";

export interface Parameters {
	/** Parts into which a range is split that differs. @default 6 */
	readonly buckets?: number;
	/** A range that differs and has fewer records is listed. @default 4 */
	readonly listBelow?: number;
	/** Most bytes of a message that this side makes, from 4096 on. @default unlimited */
	readonly frameSizeLimit?: number | undefined;
	/** Most bytes of a message that this side takes. @default 1 MiB */
	readonly mostMessageBytes?: number;
}

/** Messages between replicas: the wire takes none above 1 MiB. */
export const replicaParameters: Parameters = { frameSizeLimit: 768 * 1024 };

/** One side of a reconciliation. Both may take other parameters. */
export interface Side {
	readonly crypto: Pick<Crypto, "sha256Many">;
	readonly index: RecordIndex;
	readonly parameters?: Parameters;
}

/** @throws {UsageError} on parameters with which two sides come to no end. */
export function checkedParameters({
	buckets = 6,
	listBelow = 4,
	frameSizeLimit,
	mostMessageBytes = 1024 * 1024,
}: Parameters = {}) {
	if (!(buckets >= 2 && buckets <= 64))
		throw new UsageError("negentropy: expected 2 to 64 buckets", { found: buckets });
	if (!(listBelow >= 2))
		throw new UsageError("negentropy: expected lists of ranges below 2 records or more", { found: listBelow });
	if (frameSizeLimit !== undefined && !(frameSizeLimit >= leastFrameSize)) {
		throw new UsageError("negentropy: the limit of a message is too small", { expected: leastFrameSize });
	}
	return { buckets, listBelow, frameSizeLimit, mostMessageBytes };
}
