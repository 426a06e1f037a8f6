import type { StoredEnvelope } from "../containers/envelope.js";
import { demandFit, insertByTime, splitBySize } from "../containers/split.js";
import { chunksThatMayHold, isWithin, type TimeRange, targetChunk } from "../containers/time-search.js";
import { Dm3Error } from "../dm3-error.js";
import { type ChunkIdentifier, highestId } from "../keys/container-keys.js";

export interface DraftChunk {
	readonly identifier: ChunkIdentifier;
	/** `undefined` while nobody needed to know; then it is unchanged. */
	readonly messages?: readonly StoredEnvelope[];
	readonly changed: boolean;
}

type Load = (identifier: ChunkIdentifier) => Promise<readonly StoredEnvelope[]>;
type Change = (message: StoredEnvelope) => StoredEnvelope | undefined;

/** A conversation while it is changed, in memory; what is not needed is not read. */
export class ConversationDraft {
	readonly #load: Load;
	readonly #maxChunkSize: number;
	#chunks: readonly DraftChunk[];

	/** @param chunks as the store has them; none for a new conversation. @param load reads one of them. */
	constructor(chunks: readonly ChunkIdentifier[], load: Load, maxChunkSize: number) {
		this.#chunks = chunks.map((identifier) => ({ identifier, changed: false }));
		this.#load = load;
		this.#maxChunkSize = maxChunkSize;
	}

	get chunks(): readonly DraftChunk[] {
		return this.#chunks;
	}

	/** @throws {Dm3Error} `too-large`, or what `load` throws; the draft is to be thrown away then. */
	async add(message: StoredEnvelope): Promise<void> {
		demandFit(message, this.#maxChunkSize);
		const at = targetChunk(this.#identifiers(), message.timestamp);
		const chunk = this.#chunks[at];
		if (chunk === undefined) this.#chunks = [newChunk(0, [message])];
		else this.#replace(at, insertByTime(await this.#messages(at), message));
	}

	/** @returns the messages of this time, in their order. */
	async find(range: TimeRange): Promise<StoredEnvelope[]> {
		const found: (readonly StoredEnvelope[])[] = [];
		for (const { id } of chunksThatMayHold(this.#identifiers(), range)) {
			const messages = await this.#messages(this.#position(id));
			found.push(messages.filter(({ timestamp }) => isWithin(timestamp, range)));
		}
		return found.flat();
	}

	/**
	 * Gives every message that it can read to `change`, which returns the same one, one of the same time to stand in its place, or none.
	 * @returns how many became another or none, and what kept chunks from being read.
	 */
	async change(change: Change): Promise<{ readonly count: number; readonly failures: readonly Dm3Error[] }> {
		const failures: Dm3Error[] = [];
		let count = 0;
		for (const { id } of this.#identifiers()) {
			const at = this.#position(id);
			const messages = await this.#messages(at).catch((error: unknown) => {
				if (!(error instanceof Dm3Error)) throw error;
				failures.push(error);
				return [];
			});
			const changed = messages.map(change);
			const different = changed.filter((message, index) => message !== messages[index]).length;
			if (different === 0) continue;
			count += different;
			this.#replace(
				at,
				changed.filter((message) => message !== undefined),
			);
		}
		return { count, failures };
	}

	#position(id: number): number {
		return this.#chunks.findIndex(({ identifier }) => identifier.id === id);
	}

	#identifiers(): ChunkIdentifier[] {
		return this.#chunks.map(({ identifier }) => identifier);
	}

	async #messages(at: number): Promise<readonly StoredEnvelope[]> {
		const chunk = this.#chunks[at] as DraftChunk;
		if (chunk.messages !== undefined) return chunk.messages;
		const messages = await this.#load(chunk.identifier);
		this.#chunks = this.#chunks.with(at, { ...chunk, messages });
		return messages;
	}

	/** The first group keeps the chunk's id; further ones stand behind it with ids of their own. */
	#replace(at: number, messages: readonly StoredEnvelope[]): void {
		const old = this.#chunks[at] as DraftChunk;
		const next = 1 + highestId(this.#identifiers());
		const groups = splitBySize(messages, this.#maxChunkSize).map((group, index) =>
			index === 0 ? firstChunk(old, group) : newChunk(next + index - 1, group),
		);
		const chunks = this.#chunks.toSpliced(at, 1, ...groups);
		// Already in order, unless another writer let the times of two chunks overlap.
		this.#chunks = chunks.sort((a, b) => a.identifier.timestamp - b.identifier.timestamp);
	}
}

function firstChunk(old: DraftChunk, messages: readonly StoredEnvelope[]): DraftChunk {
	const before = old.messages ?? [];
	const same = messages.length === before.length && messages.every((message, at) => message === before[at]);
	return same ? old : { ...newChunk(old.identifier.id, messages), changed: true };
}

function newChunk(id: number, messages: readonly StoredEnvelope[]): DraftChunk {
	return { identifier: { id, timestamp: (messages[0] as StoredEnvelope).timestamp }, messages, changed: true };
}
