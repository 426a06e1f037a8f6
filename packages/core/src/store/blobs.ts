/**
 * A place outside of a store's own files for single large payloads: an object store. Objects are written once and never changed; each has
 * a name of its own, so that erasing one takes nothing away from whoever keeps the same bytes.
 */
export interface Blobs {
	/** Payloads of so many bytes and more belong here; more than 4 KiB. */
	readonly leastBytes: number;
	/** Keeps a payload, durably. @returns its name, 8 bytes that no other object of this payload has. */
	put(contentHash: string, payload: Uint8Array): Promise<Uint8Array>;
	/** The payload, unchecked; `undefined` when it is not there. */
	get(contentHash: string, name: Uint8Array): Promise<Uint8Array | undefined>;
	/** Erases it for good; does nothing when it is not there. */
	remove(contentHash: string, name: Uint8Array): Promise<void>;
	/** All that are there, in batches. */
	list(): AsyncIterable<readonly ListedBlob[]>;
}

export interface ListedBlob {
	readonly contentHash: string;
	readonly name: Uint8Array;
	/** Milliseconds. */
	readonly writtenAt: number;
}
