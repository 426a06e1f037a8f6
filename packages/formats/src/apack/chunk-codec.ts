import type { Aead } from "../ports.js";
import { encryptionOverhead, nonceLength } from "./chunk-rules.js";
import { ApackError } from "./errors.js";
import { type ChunkHeader, chunkHeaderLength, encodeChunkHeader } from "./format/chunk-header.js";
import { type CipherName, cipherOf } from "./format/encryption-block.js";
import type { ChecksumName } from "./format/file-header.js";
import { decodeLz4Block } from "./lz4-block.js";
import type { ApackPlatform } from "./platform.js";
import { checkZstdFrame } from "./zstd-frame.js";

export const compressions = { none: 0, zstd: 1, lz4: 2 } as const;
export type Compression =
	| { readonly method: "zstd"; readonly level: number }
	| { readonly method: "lz4" }
	| { readonly method: "none" };

interface EncodedChunk {
	readonly pieces: readonly Uint8Array[];
	readonly length: number;
	readonly asItIs: boolean;
}

const nothing = new Uint8Array(0);

/** What a chunk goes through: checksum, compression, encryption; backwards when read. */
export class ChunkCodec {
	readonly #platform: ApackPlatform;
	readonly #checksum: (bytes: Uint8Array) => number;
	readonly #key: Uint8Array | undefined;

	/** @param key 32 bytes; without it encrypted chunks cannot be read. */
	constructor(platform: ApackPlatform, checksum: ChecksumName, key: Uint8Array | undefined) {
		this.#platform = platform;
		this.#checksum = checksum === "crc32" ? platform.crc32 : platform.xxh3;
		this.#key = key;
	}

	get hasKey(): boolean {
		return this.#key !== undefined;
	}

	/** @returns header and payload, in pieces, how many bytes that is, and whether the content itself is among the pieces. */
	async encode(
		content: Uint8Array,
		place: { readonly index: number; readonly last: boolean },
		{ compression, cipher }: { readonly compression: Compression; readonly cipher: CipherName | undefined },
	): Promise<EncodedChunk> {
		const smaller = this.#compress(content, compression);
		const body = smaller ?? content;
		const header = {
			...place,
			originalSize: content.length,
			checksum: this.#checksum(content),
			compressed: smaller !== undefined,
			encrypted: cipher !== undefined,
			storedSize: body.length + (cipher === undefined ? 0 : encryptionOverhead),
		};
		const pieces = [encodeChunkHeader(header)];
		if (cipher === undefined) pieces.push(body);
		else {
			const nonce = this.#platform.random.randomBytes(nonceLength);
			pieces.push(nonce, await this.#aead(cipher).seal(this.#neededKey(), nonce, body, nothing));
		}
		return { pieces, length: chunkHeaderLength + header.storedSize, asItIs: pieces[1] === content };
	}

	/**
	 * @param header one that passed `checkChunkHeader`.
	 * @returns the original bytes; a view into the payload when it was stored as it is.
	 * @throws {ApackError} `key`, `decryption`, `compression`, `checksum`, `limit` or `unsupported`
	 */
	async decode(
		payload: Uint8Array,
		header: ChunkHeader,
		entry: { readonly compressionId: number; readonly encryptionId: number },
	): Promise<Uint8Array> {
		const body = header.encrypted ? await this.#decrypt(payload, cipherOf(entry.encryptionId)) : payload;
		const content = header.compressed ? this.#unfold(body, header.originalSize, entry.compressionId) : body;
		const found = this.#checksum(content);
		if (found !== header.checksum) {
			throw new ApackError("checksum", "a chunk is damaged", {
				field: "checksum",
				expected: header.checksum,
				found,
			});
		}
		return content;
	}

	#compress(content: Uint8Array, compression: Compression): Uint8Array | undefined {
		if (content.length === 0 || compression.method === "none") return undefined;
		const { zstd, compressLz4 } = this.#platform;
		const smaller = compression.method === "zstd" ? zstd.compress(content, compression.level) : compressLz4?.(content);
		return smaller !== undefined && smaller.length < content.length ? smaller : undefined;
	}

	async #decrypt(payload: Uint8Array, cipher: CipherName): Promise<Uint8Array> {
		const key = this.#neededKey();
		const [nonce, sealed] = [payload.subarray(0, nonceLength), payload.subarray(nonceLength)];
		const body = await this.#aead(cipher).open(key, nonce, sealed, nothing);
		if (body !== undefined) return body;
		throw new ApackError("decryption", "an encrypted chunk was changed, or the key is another one", { field: "tag" });
	}

	#unfold(body: Uint8Array, size: number, compressionId: number): Uint8Array {
		if (compressionId === compressions.lz4) return decodeLz4Block(body, size);
		checkZstdFrame(body, size);
		const content = this.#platform.zstd.decompress(body, size);
		if (content?.length === size) return content;
		throw new ApackError("compression", "not a Zstandard frame of the announced size", {
			expected: size,
			...(content === undefined ? {} : { found: content.length }),
		});
	}

	#aead(cipher: CipherName): Aead {
		return cipher === "aes-256-gcm" ? this.#platform.aesGcm : this.#platform.chaCha20Poly1305;
	}

	#neededKey(): Uint8Array {
		if (this.#key !== undefined) return this.#key;
		throw new ApackError("key", "the entry is encrypted: expected a key or a password");
	}
}
