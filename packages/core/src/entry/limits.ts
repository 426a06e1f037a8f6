/** One table of limits: on writing, on storing and on the wire, so that nothing can be written that no server takes. */
export const limits = {
	/** UTF-8 bytes of dbId, docId and decryptionKeyId; at least 1. */
	idBytes: 128,
	dependencies: 1024,
	directoryHeads: 64,
	headerBytes: 48 * 1024,
	payloadBytes: 32 * 1024 * 1024,
	/** Plaintext bytes of a run or a snapshot, and of one inflated Automerge change. */
	plaintextBytes: 64 * 1024 * 1024,
	/** A deflated payload of n bytes unfolds to at most `unfoldsFree + unfoldsPerByte × n` bytes. */
	unfoldsFree: 16_384,
	unfoldsPerByte: 32,
	chunkPayloadBytes: 1024 * 1024,
	/** Plaintext bytes of one attachment chunk: `chunkPayloadBytes` less mode, iv and tag. */
	chunkBytes: 1024 * 1024 - 29,
	changesPerRun: 256,
	operationsPerChange: 262_144,
	/** Of all changes of a run together. */
	operationsPerRun: 262_144,
	/** Predecessors that the operations of all changes of a run name together. */
	predecessorsPerRun: 4 * 262_144,
	/** Exclusive. */
	createdAt: 2 ** 48,
	signatureBytes: 64,
} as const;
