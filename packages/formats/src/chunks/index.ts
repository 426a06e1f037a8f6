export { FormatError, type FormatErrorData } from "../errors.js";
export type { ByteSource } from "../ports.js";
export {
	type Chunk,
	type DecodedChunk,
	type DecodeOptions,
	decodeChunk,
	decodeChunkPrefix,
	decodeChunkView,
	encodeChunk,
	type HashOptions,
	maxDataLength,
	packetLengthOf,
} from "./chunk.js";
export { ChunkError, type ChunkErrorCode } from "./chunk-error.js";
export { encodeMessageFrame, type Frame, FrameDecoder, type FrameOptions, readFrames } from "./frames.js";
export { type ChunkHash, type Hasher, type MakeHasher, portableHasher } from "./hasher.js";
export { type AssemblyOptions, type IndexRange, MessageAssembly, type Outcome } from "./message-assembly.js";
export { Reassembler, type ReassemblerOptions } from "./reassembler.js";
export { datumOf, type SplitOptions, splitSource } from "./split.js";
