import type { Folder } from "../ports.js";
import { ChunkFiles, type PampaPorts, type ReadChunk, type ReadOptions } from "./chunk-files.js";
import { chunkFileNames, shaOf } from "./chunk-name.js";
import { type Codemap, neededShas } from "./codemap/codemap.js";
import { PampaError } from "./pampa-error.js";
import {
	type ChunkReport,
	type Conversion,
	collectGarbage,
	convertChunks,
	type GcOptions,
	type GcResult,
	listChunks,
	type Rotation,
	rotateChunks,
	verifyChunks,
} from "./store-care.js";

export interface PampaStoreOptions extends PampaPorts {
	/** Master key, 32 bytes: opens encrypted chunks, and encrypts what is written. */
	readonly key?: Uint8Array;
	/**
	 * Whether chunks are written encrypted. Without a key they are written plain even so, as the reference does:
	 * `resolveEncryptionPreference` never answers so. @default whether there is a key
	 */
	readonly encrypt?: boolean;
}

export interface WrittenChunk {
	readonly sha: string;
	readonly encrypted: boolean;
	readonly fileName: string;
}

/** The chunks of one project: texts of source code, each in a file that is named by the text's SHA-1. */
export class PampaChunkStore {
	readonly #files: ChunkFiles;
	readonly #key: Uint8Array | undefined;
	readonly #encrypts: boolean;

	/** @param folder `.pampa/chunks` of the project. */
	constructor(folder: Folder, options: PampaStoreOptions) {
		const { key, encrypt = key !== undefined, ...ports } = options;
		if (key !== undefined && key.length !== 32) {
			throw new PampaError("ENCRYPTION_KEY_INVALID", "expected a master key of 32 bytes");
		}
		this.#files = new ChunkFiles(folder, ports);
		this.#key = key;
		this.#encrypts = encrypt;
	}

	/** Writes a text under its name, over a file that is there already, and removes its other form. */
	async write(code: string | Uint8Array): Promise<WrittenChunk> {
		const sha = shaOf(code);
		const key = this.#encrypts ? this.#key : undefined;
		const fileName = await this.#files.write(sha, code, key);
		return { sha, encrypted: key !== undefined, fileName };
	}

	/**
	 * @returns `undefined` when there is no file.
	 * @throws {PampaError} `SHA_INVALID`, `ENCRYPTION_…`, `CHUNK_READ_FAILED`, `CHUNK_DECOMPRESSION_FAILED`, `CHUNK_CONTENT_MISMATCH`
	 */
	read(sha: string, options: ReadOptions = {}): Promise<ReadChunk | undefined> {
		return this.#files.read(sha, this.#key, options);
	}

	/** The text of a chunk that must be there. @throws {PampaError} as `read`, and `CHUNK_NOT_FOUND` */
	async getChunk(sha: string, options: ReadOptions = {}): Promise<string> {
		const found = await this.read(sha, options);
		if (found !== undefined) return found.code;
		const { plain, encrypted } = chunkFileNames(sha);
		throw new PampaError("CHUNK_NOT_FOUND", `Failed to read chunk ${sha}: not found at ${plain} or ${encrypted}`);
	}

	/** All chunks by name; files of others are passed over. */
	list(): Promise<readonly Omit<ChunkReport, "error">[]> {
		return listChunks(this.#files);
	}

	/**
	 * Removes both forms of a chunk, unless an entry of the codemap needs it: one text may stand in several places. Save the codemap without
	 * the entry first, then remove: a crash in between leaves an orphan, which `gc` finds, never an entry without its chunk.
	 * @returns whether nobody needs it.
	 */
	async remove(sha: string, { codemap }: { readonly codemap?: Codemap } = {}): Promise<boolean> {
		if (codemap !== undefined && neededShas(codemap).has(sha)) return false;
		await this.#files.remove(sha);
		return true;
	}

	/** Reads every chunk and compares its text with its name; what is wrong is in the reports. */
	verify(): AsyncIterable<ChunkReport> {
		return verifyChunks(this.#files, this.#key);
	}

	/**
	 * Brings all chunks into one form; writing alone changes only the chunks that are written.
	 * @returns what was done, and the codemap with `encrypted` as it is now.
	 * @throws {PampaError} `ENCRYPTION_KEY_MISSING`
	 */
	async convert<Given extends Codemap | undefined = undefined>(
		form: "plain" | "encrypted",
		{ codemap }: { readonly codemap?: Given } = {},
	): Promise<Conversion & { readonly codemap: Given }> {
		const encrypted = form === "encrypted";
		const conversion = await convertChunks(this.#files, this.#key, encrypted);
		const inForm = new Set([...conversion.converted, ...conversion.unchanged]);
		const entries = [...(codemap ?? [])].map(
			([id, entry]) => [id, inForm.has(entry.sha) ? { ...entry, encrypted } : entry] as const,
		);
		return { ...conversion, codemap: (codemap === undefined ? undefined : new Map(entries)) as Given };
	}

	/**
	 * Encrypts all encrypted chunks with another key; make a store with that key afterwards.
	 * @param newKey 32 bytes. @throws {PampaError} `ENCRYPTION_KEY_REQUIRED` when the store has no key.
	 */
	async rotateKey(newKey: Uint8Array): Promise<Rotation> {
		if (this.#key === undefined)
			throw new PampaError("ENCRYPTION_KEY_REQUIRED", "expected the key that chunks have now");
		if (newKey.length !== 32) throw new PampaError("ENCRYPTION_KEY_INVALID", "expected a master key of 32 bytes");
		return rotateChunks(this.#files, this.#key, newKey);
	}

	/** Removes the files of chunks that nobody needs, or tells which ones these are. */
	gc(options: GcOptions): Promise<GcResult> {
		return collectGarbage(this.#files, options);
	}
}
