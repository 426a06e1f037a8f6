/**
 * A place beside the rows for payloads that are large together. An engine that sorts its rows writes bytes two or three times and
 * reads them through mapped memory; a pack is written once, whole, and never changed.
 */

/** Part of a pack: offset and length in bytes. */
export interface PackRange {
	readonly offset: number;
	readonly length: number;
}

/** What the store needs of a place for packs. Packs are found by a number; a number names one pack at a time. */
export interface Packs {
	/** Writes a pack that has no number yet; its bytes go on to the disk while nobody waits for them. Several may be under way. */
	prepare(parts: readonly Uint8Array[]): Promise<PreparedPack>;
	/** Every number that was given until now stays given when this resolves. */
	settle(): Promise<void>;
	/** One answer for each range, which belongs to the caller; `undefined` where the pack is not there or too short. */
	read(pack: number, ranges: readonly PackRange[]): Promise<(Uint8Array | undefined)[]>;
	/** Erases a pack for good. @returns whether it was there. */
	remove(pack: number): Promise<boolean>;
	/** Erases what was prepared and never got a number. Nothing may be under way. */
	removePrepared(): Promise<void>;
}

export interface PreparedPack {
	/** Resolves when its bytes are on disk. */
	durable(): Promise<void>;
	/** As that of `Packs`. */
	read(ranges: readonly PackRange[]): Promise<(Uint8Array | undefined)[]>;
	/** Gives it its number once its bytes are on disk; for good after `settle`. Takes the place of a pack that was there. */
	keep(pack: number): Promise<void>;
	/** Erases it; of no effect once it has its number. */
	discard(): Promise<void>;
}
