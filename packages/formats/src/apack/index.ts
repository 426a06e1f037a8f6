/** APACK archives: read, written, verified. */

export { type FetchLike, type HttpSourceOptions, httpSource } from "../bytes/http-source.js";
export { type BlobLike, blobSource, bytesSource } from "../bytes/sources.js";
export { FormatError } from "../errors.js";
export type { Aead, ByteSource, Random } from "../ports.js";
export type { Compression } from "./chunk-codec.js";
export { ApackError, type ApackErrorCode } from "./errors.js";
export { fileNameSegments } from "./file-names.js";
export {
	type Attribute,
	type AttributeValue,
	attributeTypes,
	attributeValue,
	makeAttribute,
} from "./format/attribute.js";
export type { ChunkHeader } from "./format/chunk-header.js";
export type { CipherName, EncryptionBlock, KdfParameters } from "./format/encryption-block.js";
export type { EntryHeader } from "./format/entry-header.js";
export type { ChecksumName, FileHeader } from "./format/file-header.js";
export { type ApackLimits, defaultLimits } from "./limits.js";
export { decodeLz4Block } from "./lz4-block.js";
export type { ApackPlatform, PasswordKeys, Zstd } from "./platform.js";
export { portableApack } from "./portable/portable-apack.js";
export { type ArchiveReader, openArchive, type ReadOptions } from "./reading/archive-reader.js";
export { readArchiveStream, type StreamedEntry } from "./reading/archive-stream.js";
export type { ApackEntry } from "./reading/entry.js";
export { type ChunkVerdict, type ExamineOptions, examineChunks } from "./reading/examine.js";
export type { OpenOptions } from "./reading/preamble.js";
export { type EntryVerdict, verifyArchive } from "./reading/verify.js";
export type { ArchiveEncryption, ArchiveOptions } from "./writing/archive-options.js";
export { type ArchiveWriter, createArchive, type NewEntry, type WrittenEntry } from "./writing/archive-writer.js";
export type { Content } from "./writing/chunking.js";
export { MemorySink } from "./writing/memory-sink.js";
export type { ApackSink } from "./writing/sink.js";
export { checkZstdFrame } from "./zstd-frame.js";
