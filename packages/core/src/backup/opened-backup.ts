import {
	type ApackEntry,
	ApackError,
	type ApackPlatform,
	type ArchiveReader,
	type ByteSource,
	openArchive,
} from "@mindoodb/formats/apack";
import { toHex } from "../bytes/hex.js";
import type { Crypto } from "../crypto/crypto.js";
import type { StoredEntry } from "../entry/entry.js";
import { FormatError, VerifyError } from "../errors.js";
import { decodeSegment, entryOf } from "./backup-record.js";
import {
	type BackupManifest,
	type BackupSegment,
	type BackupStorePart,
	decodeManifest,
	longestManifest,
	tenantRootOf,
} from "./manifest.js";
import type { PreviousBackup } from "./write-backup.js";

/** Why a part of an archive cannot be used. */
export type BackupDamage = ApackError | FormatError | VerifyError;

export interface OpenBackupOptions {
	readonly crypto: Crypto;
	readonly platform: ApackPlatform;
	/** Of an encrypted archive; an archive knows no other key. */
	readonly password?: string;
	readonly signal?: AbortSignal;
}

/** @throws {FormatError} when the archive is no backup. @throws {ApackError} when it is damaged, cut short, or the password is wrong. */
export async function openBackup(source: ByteSource, options: OpenBackupOptions): Promise<OpenedBackup> {
	const { crypto, ...opening } = options;
	const reader = await openArchive(source, opening);
	const entries: ApackEntry[] = [];
	for await (const entry of reader.entries()) entries.push(entry);
	const last = entries.at(-1);
	if (last?.name !== "manifest") throw new FormatError("backup: expected an archive that ends with a manifest");
	if (last.originalSize > longestManifest) {
		throw new FormatError("backup: the manifest is too long", {
			code: "limit",
			expected: longestManifest,
			found: last.originalSize,
		});
	}
	const bytes = await reader.readRange(last, 0, last.originalSize);
	const manifest = decodeManifest(bytes);
	checkEntries(entries, manifest);
	return new OpenedBackup({
		crypto,
		reader,
		entries,
		manifest,
		id: toHex(await crypto.sha256(bytes)),
		tenantRoot: await tenantRootOf(crypto, manifest.tenant),
	});
}

/** A backup that is open for reading. What it gives out fits its manifest, but no signature has been checked. */
export class OpenedBackup implements PreviousBackup {
	/** 64 hex digits. */
	readonly id: string;
	readonly tenantRoot: string;
	readonly manifest: BackupManifest;
	readonly #crypto: Crypto;
	readonly #reader: ArchiveReader;
	readonly #entries: readonly ApackEntry[];
	/** Where each store's segments begin, by the store's place in the manifest. */
	readonly #offsets: readonly (readonly number[])[];

	/** Use `openBackup`. */
	constructor(parts: {
		readonly crypto: Crypto;
		readonly reader: ArchiveReader;
		readonly entries: readonly ApackEntry[];
		readonly manifest: BackupManifest;
		readonly id: string;
		readonly tenantRoot: string;
	}) {
		this.#crypto = parts.crypto;
		this.#reader = parts.reader;
		this.#entries = parts.entries;
		this.manifest = parts.manifest;
		this.id = parts.id;
		this.tenantRoot = parts.tenantRoot;
		this.#offsets = parts.manifest.stores.map(({ segments }) => {
			let offset = 0;
			return segments.map(({ bytes }) => {
				offset += bytes;
				return offset - bytes;
			});
		});
	}

	get marks(): readonly BackupStorePart[] {
		return this.manifest.stores;
	}

	get encrypted(): boolean {
		return this.#reader.header.encrypted;
	}

	/**
	 * The entries of one segment of a store; `undefined` for a record that is none.
	 * @param store place in the manifest. @throws {ApackError} {FormatError} {VerifyError} when the segment is not what was written.
	 */
	async segment(store: number, index: number): Promise<(StoredEntry | undefined)[]> {
		const segment = this.manifest.stores[store]?.segments[index] as BackupSegment;
		const start = this.#offsets[store]?.[index] as number;
		const bytes = await this.#read(store, start, segment);
		const records = decodeSegment(bytes, segment.records);
		return Promise.all(
			records.map(async (record) => {
				try {
					return await entryOf(this.#crypto, record);
				} catch (error) {
					if (error instanceof FormatError) return undefined;
					throw error;
				}
			}),
		);
	}

	/** As `segment`, with damage as data. */
	segmentIfWhole(store: number, index: number): Promise<(StoredEntry | undefined)[] | BackupDamage> {
		return told(this.segment(store, index));
	}

	/** A file that went along. @returns `undefined` when none of this name did. @throws as `segment`. */
	async file(name: string): Promise<Uint8Array | undefined> {
		const { files, stores } = this.manifest;
		const index = files.findIndex((file) => file.name === name);
		const part = files[index];
		return part && this.#read(stores.length + index, 0, part);
	}

	/** As `file`, with damage as data. */
	fileIfWhole(name: string): Promise<Uint8Array | undefined | BackupDamage> {
		return told(this.file(name));
	}

	async #read(entry: number, start: number, { bytes, sha256 }: Omit<BackupSegment, "records">): Promise<Uint8Array> {
		const read = await this.#reader.readRange(this.#entries[entry] as ApackEntry, start, start + bytes);
		const found = toHex(await this.#crypto.sha256(read));
		if (found === sha256) return read;
		throw new VerifyError("backup: these bytes are not the ones that the manifest speaks of", {
			code: "address",
			expected: sha256,
			found,
		});
	}
}

/** A failing disk, or a fault of the program, is no damage of the archive. */
async function told<T>(reading: Promise<T>): Promise<T | BackupDamage> {
	try {
		return await reading;
	} catch (error) {
		if (error instanceof ApackError || error instanceof FormatError || error instanceof VerifyError) return error;
		throw error;
	}
}

/** The archive holds what the manifest lists, and nothing else. */
function checkEntries(entries: readonly ApackEntry[], { stores, files }: BackupManifest): void {
	const expected = [
		...stores.map(({ segments }, index) => ({
			name: `stores/${index}`,
			size: segments.reduce((sum, { bytes }) => sum + bytes, 0),
		})),
		...files.map(({ bytes }, index) => ({ name: `files/${index}`, size: bytes })),
	];
	for (const [index, { name, size }] of expected.entries()) {
		const entry = entries[index];
		if (entry?.name === name && entry.originalSize === size) continue;
		throw new FormatError("backup: the archive does not hold what its manifest lists", { field: name, expected: size });
	}
	if (entries.length !== expected.length + 1) {
		throw new FormatError("backup: the archive holds more than its manifest lists", { expected: expected.length + 1 });
	}
}
