import { ApackError } from "../errors.js";
import { containerTrailerMagic } from "../format/container-trailer.js";
import {
	decodeEncryptionBlock,
	type EncryptionBlock,
	encryptionBlockFixedLength,
	encryptionBlockLength,
	encryptionBlockMagic,
} from "../format/encryption-block.js";
import { entryMagic } from "../format/entry-header.js";
import { hasMagic } from "../format/field-checks.js";
import { decodeFileHeader, type FileHeader, fileHeaderLength } from "../format/file-header.js";
import { type ApackLimits, defaultLimits } from "../limits.js";
import { checkKeyLength, unlockBlock } from "../password.js";
import type { ApackPlatform } from "../platform.js";
import type { ByteView } from "./byte-view.js";

export interface OpenOptions {
	readonly platform: ApackPlatform;
	/** The content key, 32 bytes: of an archive without an encryption block, or instead of the password. */
	readonly key?: Uint8Array;
	readonly password?: string;
	readonly limits?: Partial<ApackLimits>;
	readonly signal?: AbortSignal;
}

/** What stands before the first entry. */
export interface Preamble {
	readonly header: FileHeader;
	/** `undefined` when the archive is not encrypted, or opens with a raw key alone. */
	readonly encryption: EncryptionBlock | undefined;
	/** Where the first entry begins. */
	readonly dataStart: number;
	readonly limits: ApackLimits;
	readonly key: Uint8Array | undefined;
}

/** @throws {ApackError} `truncated`, `malformed`, `checksum`, `unsupported`, `limit` or `key` */
export async function readPreamble(
	view: ByteView,
	{ platform, key, password, limits: changed }: OpenOptions,
): Promise<Preamble> {
	const limits = { ...defaultLimits, ...changed };
	if (key !== undefined) checkKeyLength(key);
	const header = decodeFileHeader(await view.view(0, fileHeaderLength, 4096));
	checkLimits(header, limits);
	const encryption = header.encrypted ? await readEncryptionBlock(view) : undefined;
	const dataStart = fileHeaderLength + (encryption?.length ?? 0);
	const unlocked =
		key === undefined && password !== undefined && encryption !== undefined
			? await unlockBlock(encryption.block, password, { platform, limits })
			: key?.slice();
	return { header, encryption: encryption?.block, dataStart, limits, key: unlocked };
}

/** An encrypted archive without the block opens with a raw key: then an entry comes at once, or the trailer where there is none. */
async function readEncryptionBlock(view: ByteView): Promise<{ block: EncryptionBlock; length: number } | undefined> {
	const magic = await view.view(fileHeaderLength, encryptionBlockMagic.length);
	if (hasMagic(magic, entryMagic) || hasMagic(magic, containerTrailerMagic)) return undefined;
	const length = encryptionBlockLength(await view.view(fileHeaderLength, encryptionBlockFixedLength));
	return { block: decodeEncryptionBlock(await view.view(fileHeaderLength, length)), length };
}

function checkLimits({ chunkSize, entryCount }: FileHeader, limits: ApackLimits): void {
	const check = (field: string, found: number, expected: number) => {
		if (found <= expected) return;
		throw new ApackError("limit", `${field}: expected at most ${expected}, found ${found}`, { field, expected, found });
	};
	check("chunkSize", chunkSize, limits.chunkSize);
	check("entryCount", entryCount, limits.entries);
}
