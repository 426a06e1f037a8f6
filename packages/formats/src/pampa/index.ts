export { FormatError, type FormatErrorData } from "../errors.js";
export type { Aead, Folder, Random } from "../ports.js";
export type { PampaPorts, ReadChunk, ReadOptions } from "./chunk-files.js";
export { type ChunkFileNames, chunkFileNames, isSha, shaOf } from "./chunk-name.js";
export {
	type Codemap,
	codemapFileName,
	decodeCodemap,
	encodeCodemap,
	neededShas,
	readCodemap,
	writeCodemap,
} from "./codemap/codemap.js";
export { type CodemapEntry, mergeEntry, normalizeEntry } from "./codemap/codemap-entry.js";
export { decodeEncryptedFile, deriveChunkKey, encodeEncryptedFile } from "./encrypted-file.js";
export { encryptionKeyVariable, type ParseKeyOptions, parseEncryptionKey } from "./encryption-key.js";
export {
	type EncryptionPreference,
	type PreferenceOptions,
	type PreferenceReason,
	resolveEncryptionPreference,
} from "./encryption-preference.js";
export { PampaChunkStore, type PampaStoreOptions, type WrittenChunk } from "./pampa-chunk-store.js";
export { PampaError, type PampaErrorCode } from "./pampa-error.js";
export { encodePlainFile, type Gzip } from "./plain-file.js";
export type { ChunkReport, Conversion, FailedChunk, GcOptions, GcResult, Rotation } from "./store-care.js";
