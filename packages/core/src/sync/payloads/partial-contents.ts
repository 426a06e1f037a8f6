/** A part of a payload as it came: encrypted bytes, of which nobody knows yet whether they are the right ones. */
export interface ContentPart {
	/** Place in the payload, in steps of 131,072 bytes. */
	readonly index: number;
	/** 131,072 bytes, less at the end of the payload. */
	readonly data: Uint8Array;
}

export interface PartialContent {
	readonly contentHash: string;
	/** Ascending. */
	readonly indexes: readonly number[];
	/** When the last part was put, milliseconds. */
	readonly since: number;
}

/** Parts of payloads whose transfer was cut, so that the rest alone has to come. Hashes are SHA-256 of whole payloads, hex. */
export interface PartialContents {
	/** Keeps parts; a part that is there already is replaced. What was put longest ago may be let go to make room. @param now milliseconds. */
	put(contentHash: string, parts: readonly ContentPart[], now: number): Promise<void>;
	/** All parts of a payload, by ascending index. */
	get(contentHash: string): Promise<readonly ContentPart[]>;
	list(): Promise<readonly PartialContent[]>;
	drop(contentHash: string): Promise<void>;
	/** Lets go of payloads of which nothing came since a time. @returns how many. */
	collect(before: number): Promise<number>;
}
