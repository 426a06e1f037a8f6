import type { Aead, Folder, Random } from "../ports.js";
import { type ChunkFileName, chunkBytes, chunkFileNames, parseChunkFileName, shaOf } from "./chunk-name.js";
import { decodeEncryptedFile, encodeEncryptedFile } from "./encrypted-file.js";
import { PampaError, type PampaErrorCode } from "./pampa-error.js";
import { encodePlainFile, type Gzip } from "./plain-file.js";

/** What chunk files need of the platform. */
export interface PampaPorts {
	readonly gzip: Gzip;
	readonly aead: Aead;
	readonly random: Random;
}

export interface ReadOptions {
	/** Whether the text must be the one that the name stands for. The reference does not look. @default true */
	readonly verify?: boolean;
	/** Most bytes of text. @default 64 MiB */
	readonly maxLength?: number;
}

export interface ReadChunk {
	/** Bytes that are not UTF-8 are U+FFFD here. */
	readonly code: string;
	/** The text as it was stored. */
	readonly bytes: Uint8Array;
	readonly encrypted: boolean;
}

/** The files of one chunk folder, each with the key that is given for it. */
export class ChunkFiles {
	readonly folder: Folder;
	readonly #ports: PampaPorts;

	constructor(folder: Folder, ports: PampaPorts) {
		this.folder = folder;
		this.#ports = ports;
	}

	/**
	 * Writes a chunk in one form and then removes the other: a crash leaves the old file, both, or the new one, all with the same text.
	 * @param key encrypts; `undefined` writes a plain file. @returns the name of the file.
	 */
	async write(sha: string, code: string | Uint8Array, key: Uint8Array | undefined): Promise<string> {
		const plainFile = await encodePlainFile(chunkBytes(code), this.#ports.gzip);
		return this.writePlainFile(sha, plainFile, key);
	}

	/** As `write`, of a text that is compressed already. */
	async writePlainFile(sha: string, plainFile: Uint8Array, key: Uint8Array | undefined): Promise<string> {
		const { plain, encrypted } = chunkFileNames(sha);
		const [name, other] = key === undefined ? [plain, encrypted] : [encrypted, plain];
		await this.folder.write(
			name,
			key === undefined ? plainFile : await encodeEncryptedFile(plainFile, key, this.#ports),
		);
		await this.folder.delete(other);
		return name;
	}

	/** @returns `undefined` when there is no file. @throws {PampaError} */
	async read(sha: string, key: Uint8Array | undefined, options: ReadOptions = {}): Promise<ReadChunk | undefined> {
		const found = await this.readPlainFile(sha, key);
		if (found === undefined) return undefined;
		const bytes = await this.unpack(sha, found, options);
		const code = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
		return { code, bytes, encrypted: found.encrypted };
	}

	/** The gzip bytes of a chunk. The encrypted file counts where there is one, even when it cannot be opened. */
	async readPlainFile(
		sha: string,
		key: Uint8Array | undefined,
	): Promise<{ readonly plainFile: Uint8Array; readonly encrypted: boolean } | undefined> {
		const names = chunkFileNames(sha);
		const sealed = await this.folder.read(names.encrypted);
		if (sealed !== undefined) {
			if (key === undefined) {
				throw new PampaError(
					"ENCRYPTION_KEY_REQUIRED",
					`Chunk ${sha} is encrypted and no PAMPAX_ENCRYPTION_KEY is configured.`,
				);
			}
			const plainFile = await decodeEncryptedFile(sealed, key, { sha, aead: this.#ports.aead });
			return { plainFile, encrypted: true };
		}
		const plainFile = await this.folder.read(names.plain);
		return plainFile === undefined ? undefined : { plainFile, encrypted: false };
	}

	/** The text of gzip bytes. @throws {PampaError} */
	async unpack(
		sha: string,
		{ plainFile, encrypted }: { readonly plainFile: Uint8Array; readonly encrypted: boolean },
		{ verify = true, maxLength = 2 ** 26 }: ReadOptions = {},
	): Promise<Uint8Array> {
		const bytes = await this.#ports.gzip.decompress(plainFile, maxLength).catch((cause: unknown) => {
			const [code, failed]: [PampaErrorCode, string] = encrypted
				? ["CHUNK_DECOMPRESSION_FAILED", "Failed to decompress chunk"]
				: ["CHUNK_READ_FAILED", "Failed to read chunk"];
			throw new PampaError(code, `${failed} ${sha}: ${cause instanceof Error ? cause.message : "unknown"}`, { cause });
		});
		if (verify && shaOf(bytes) !== sha) {
			throw new PampaError("CHUNK_CONTENT_MISMATCH", `Failed to read chunk ${sha}: its text has another SHA-1`);
		}
		return bytes;
	}

	/** All files that are chunks, by name; those of others are passed over. */
	async list(): Promise<readonly ChunkFileName[]> {
		const names = await this.folder.list();
		return [...names].sort().flatMap((name) => parseChunkFileName(name) ?? []);
	}

	/** Removes both forms. */
	async remove(sha: string): Promise<void> {
		const { plain, encrypted } = chunkFileNames(sha);
		// The form that counts goes last: a crash in between must not bring an older plain file back to life.
		await this.folder.delete(plain);
		await this.folder.delete(encrypted);
	}
}
