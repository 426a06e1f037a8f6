/** An encrypted payload that waits for the chunk entry that will hold it. */
export interface StagedContent {
	/** SHA-256 of the payload, hex. */
	readonly contentHash: string;
	/** More than 4 KiB; less lies in the entry's record. */
	readonly payload: Uint8Array;
}

/** What `Staging.collect` found. */
export interface CollectedStaging {
	/** Payloads that were let go. */
	readonly contents: number;
	/** Their bytes, as far as no entry and no other upload needs them. */
	readonly bytes: number;
}

/**
 * Payloads of chunks before their entries: nobody else sees them, and they belong to whoever staged them until an entry refers to them.
 * An upload is named by 16 random hex digits.
 */
export interface Staging {
	/**
	 * Takes payloads; one that is here already is not written again. The arrays may be used again when this resolves. Until `settle` a crash
	 * may lose them. @param now milliseconds.
	 */
	put(upload: string, contents: readonly StagedContent[], now: number): Promise<void>;
	/** What the upload staged is durable when this resolves: entries may refer to it. @param now milliseconds. */
	settle(upload: string, now: number): Promise<void>;
	/** A payload that was staged or lies in an entry, unchecked. */
	get(contentHash: string): Promise<Uint8Array | undefined>;
	/** Ends the claim of an upload on these payloads, and erases those that neither an entry nor another upload needs. */
	release(upload: string, contentHashes: readonly string[]): Promise<void>;
	/** As `release` for all payloads staged before a time. @param options `dryRun`: only tells what it would do. */
	collect(before: number, options?: { readonly dryRun?: boolean }): Promise<CollectedStaging>;
}
