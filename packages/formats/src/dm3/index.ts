export {
	chunkSize,
	decodeChunk,
	decodeConversation,
	decodeRoot,
	encodeChunk,
	encodeConversation,
	encodeRoot,
} from "./containers/containers.js";
export {
	checkEnvelope,
	type Envelope,
	messageHash,
	type StoredEnvelope,
	storedEnvelope,
} from "./containers/envelope.js";
export { checkMaxChunkSize, defaultMaxChunkSize, demandFit, insertByTime, splitBySize } from "./containers/split.js";
export { chunksThatMayHold, isWithin, type TimeRange } from "./containers/time-search.js";
export {
	type ChunkReading,
	ConversationStorage,
	type ConversationStorageOptions,
	type Conversations,
} from "./conversation-storage.js";
export { Dm3Error, type Dm3ErrorCode } from "./dm3-error.js";
export { chacha20Poly1305 } from "./encryption/chacha20-poly1305.js";
export { type Dm3Crypto, decryptText, encryptText } from "./encryption/encrypted-text.js";
export { type ChunkIdentifier, chunkKey, conversationKey, rootKey } from "./keys/container-keys.js";
export {
	decodeStorageKey,
	defaultStorageNonce,
	deriveSigningKeys,
	deriveStorageKey,
	deriveStorageKeys,
	type Ed25519,
	type SigningKeyPair,
	type StorageKeys,
	signName,
	storageKeyMessage,
} from "./keys/profile-keys.js";
export {
	type ContainerStore,
	DatabaseContainerStore,
	type KeyValueDatabase,
	MemoryContainerStore,
} from "./stores/container-store.js";
export { decodeExportRecord, encodeExportRecord, RecordContainerStore } from "./stores/export-record.js";
export { FolderContainerStore } from "./stores/folder-store.js";
export { sha256Text } from "./text/sha256-text.js";
export { getSize, stringify } from "./text/stringify.js";
export { Queue } from "./writing/queue.js";
