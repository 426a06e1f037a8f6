import { UsageError } from "../../errors.js";

/** When a snapshot of a document is due. Any of the rules that are given suffices. */
export interface SnapshotPolicy {
	/** After so many changes since the last one. */
	readonly changes?: number;
	/** With the first change so many milliseconds after the last one, or after the document was made. */
	readonly interval?: number;
	/** When the changes since the last one hold more bytes than it did, or than 64 KiB where it is smaller or there is none. */
	readonly outweighed?: boolean;
}

/** @throws {UsageError} for a number of changes below 1 or an interval below 0. */
export function checkSnapshotPolicy(policy: SnapshotPolicy | "off"): void {
	if (policy === "off") return;
	for (const [field, least] of [
		["changes", 1],
		["interval", 0],
	] as const) {
		const value = policy[field];
		if (value === undefined || (Number.isSafeInteger(value) && value >= least)) continue;
		throw new UsageError(`snapshots.${field}: expected a whole number from ${least} on`, { field, found: value });
	}
}

/**
 * Each snapshot then has as many bytes of changes before it as it had itself, so all snapshots of a document but the last take no more
 * than its changes do. Under a fixed number of changes they would grow with the square of their number.
 */
export const defaultSnapshotPolicy: SnapshotPolicy = { outweighed: true };

/** Below, changes load faster than anybody notices. */
const leastWeight = 64 * 1024;

/** What was written to a document since its last snapshot. */
export interface SinceSnapshot {
	readonly changes: number;
	readonly bytes: number;
	/** Milliseconds. */
	readonly elapsed: number;
	/** Bytes of the last snapshot, 0 without one. */
	readonly snapshotBytes: number;
}

export function isSnapshotDue(policy: SnapshotPolicy, since: SinceSnapshot): boolean {
	if (since.changes === 0) return false;
	if (policy.changes !== undefined && since.changes >= policy.changes) return true;
	if (policy.interval !== undefined && since.elapsed >= policy.interval) return true;
	return policy.outweighed === true && since.bytes > Math.max(since.snapshotBytes, leastWeight);
}
