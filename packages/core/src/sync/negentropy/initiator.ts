import { toHex } from "../../bytes/hex.js";
import { FormatError } from "../../errors.js";
import { Answer } from "./answer.js";
import { firstBound, lastBound, type Span } from "./bound.js";
import { checkedParameters, type Side } from "./parameters.js";
import type { RecordIndex } from "./record-index.js";

/** All ids that the other side has in a range. */
export interface Listed {
	readonly span: Span;
	/** 32 bytes each, in the order of the other side; views into its message. */
	readonly ids: readonly Uint8Array[];
}

export interface Round {
	readonly listed: readonly Listed[];
	/** What to send; `undefined` when nothing is left to be compared. */
	readonly next: Uint8Array | undefined;
}

/** The side that begins, and learns the differences. It keeps nothing between two messages either. */
export class Initiator {
	readonly #side: Side;
	readonly #mostMessageBytes: number;

	constructor(side: Side) {
		this.#side = side;
		this.#mostMessageBytes = checkedParameters(side.parameters).mostMessageBytes;
	}

	/** The first message. */
	async begin(): Promise<Uint8Array> {
		const span = { lower: firstBound, upper: lastBound };
		const [sum] = await this.#side.index.sums([span]);
		const answer = new Answer(this.#side, { asks: true });
		await answer.split(span, { count: sum?.count ?? 0, records: undefined });
		return answer.writer.finish();
	}

	/**
	 * Takes what the other side answered.
	 * @throws {FormatError} when it is no message, too long, or `unsupported` when the other side speaks another version.
	 */
	async receive(message: Uint8Array): Promise<Round> {
		if (message.length > this.#mostMessageBytes) {
			throw new FormatError("negentropy: the message is too long", {
				code: "limit",
				expected: this.#mostMessageBytes,
				found: message.length,
			});
		}
		const answer = new Answer(this.#side, { asks: true });
		const listed: Listed[] = [];
		await answer.toMessage(message, async (span, { ids }) => {
			listed.push({ span, ids });
			answer.writer.skip(span.upper);
			return true;
		});
		return { listed, next: answer.writer.isEmpty ? undefined : answer.writer.finish() };
	}
}

/** Ids, hex, that one side has and the other has not. */
export interface Differences {
	readonly have: readonly string[];
	readonly need: readonly string[];
}

/** Compares lists of the other side with the records of this one. Reads all of them within the ranges of the lists. */
export async function differencesOf(index: RecordIndex, listed: readonly Listed[]): Promise<Differences> {
	const have: string[] = [];
	const need: string[] = [];
	for (const { span, ids } of listed) {
		const theirs = new Set(ids.map(toHex));
		for await (const batch of index.records(span)) {
			for (const { id } of batch) if (!theirs.delete(toHex(id))) have.push(toHex(id));
		}
		need.push(...theirs);
	}
	return { have, need };
}
