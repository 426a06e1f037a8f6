/** Where an archive goes: a file, memory, a pipe. */
export interface ApackSink {
	/** Appends the pieces in their order; they may be used again once it resolves. */
	write(pieces: readonly Uint8Array[]): Promise<void>;
	/** Writes over bytes that were written before. Absent where that is impossible, as in a pipe. */
	patch?(offset: number, bytes: Uint8Array): Promise<void>;
}
