import { toHex } from "@mindoodb/core";
import { normalizeEntry } from "@mindoodb/formats/pampa";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Fields } from "./three-way.js";

/** A chunk's file. */
export interface ChunkFile {
	readonly sha: string;
	readonly encrypted: boolean;
	readonly bytes: Uint8Array;
}

/** Entries by the codemap's ids, or chunks by name. */
export type Things = ReadonlyMap<string, Fields>;

export interface ProjectState {
	/** Each field as JSON. */
	readonly entries: Things;
	/** Of each chunk what `formOf` says. */
	readonly chunks: Things;
}

/** What happens to the codemap. */
export interface EntryChanges {
	/** All entries as they are to be. */
	readonly target: Things;
	/** Ids of those that are new or change. */
	readonly write: ReadonlySet<string>;
	readonly remove: ReadonlySet<string>;
}

/** A place that has a project: a folder, or a database. A transfer goes from one to another. */
export interface ProjectSide {
	read(): Promise<ProjectState>;
	/** @returns `undefined` when it went since `read`. */
	readChunk(sha: string): Promise<ChunkFile | undefined>;
	writeChunks(files: readonly ChunkFile[]): Promise<void>;
	removeChunks(shas: Iterable<string>): Promise<void>;
	changeEntries(changes: EntryChanges): Promise<void>;
}

/** Two plain files are the same chunk, however they are compressed; encrypted ones may be under different keys. */
export function formOf({ encrypted, bytes }: Omit<ChunkFile, "sha">): Fields {
	return new Map([["form", encrypted ? `encrypted ${toHex(sha256(bytes))}` : "plain"]]);
}

export function isEncrypted(form: Fields | undefined): boolean {
	return form !== undefined && form.get("form") !== "plain";
}

/** The name of the chunk that an entry needs; "unknown" where it says none. */
export function shaOfEntry(fields: Fields): string {
	return normalizeEntry({ sha: JSON.parse(fields.get("sha") ?? "null") }).sha;
}
