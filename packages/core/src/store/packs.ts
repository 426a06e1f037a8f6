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
	/** Writes a pack that has no number yet; its bytes are on disk when this resolves. Several may be under way. */
	prepare(parts: readonly Uint8Array[]): Promise<PreparedPack>;
	/** One answer for each range, which belongs to the caller; `undefined` where the pack is not there or too short. */
	read(pack: number, ranges: readonly PackRange[]): Promise<(Uint8Array | undefined)[]>;
	/** Erases a pack for good. @returns whether it was there. */
	remove(pack: number): Promise<boolean>;
	/** Erases what was prepared and never got a number. Nothing may be under way. */
	removePrepared(): Promise<void>;
}

export interface PreparedPack {
	/** Gives it its number, for good when this resolves. Takes the place of a pack that was there. */
	keep(pack: number): Promise<void>;
	discard(): Promise<void>;
}
