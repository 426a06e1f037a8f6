import type { Crypto } from "../../crypto/crypto.js";
import { FormatError } from "../../errors.js";
import { Answer } from "./answer.js";
import { isOtherVersion, version } from "./message.js";
import { checkedParameters, replicaParameters, type Side } from "./parameters.js";
import { type ReconciliationIndex, storeIndex } from "./record-index.js";

/**
 * The answer to a message of the side that began. Keeps nothing between two messages: what a peer can make it do is bounded by one.
 * @throws {FormatError} when the message is none, or too long.
 */
export async function respond(side: Side, message: Uint8Array): Promise<Uint8Array> {
	const { mostMessageBytes } = checkedParameters(side.parameters);
	if (message.length > mostMessageBytes) {
		throw new FormatError("negentropy: the message is too long", {
			code: "limit",
			expected: mostMessageBytes,
			found: message.length,
		});
	}
	if (isOtherVersion(message)) return Uint8Array.of(version);
	const answer = new Answer(side, { asks: false });
	// A list is answered by a list, from which the other side learns the differences.
	await answer.toMessage(message, (span, _, own) => answer.list(span, own?.records));
	return answer.writer.finish();
}

/** What a store answers to messages of other replicas: its `reconcile`. */
export function storeResponder(
	crypto: Pick<Crypto, "sha256Many">,
	store: ReconciliationIndex,
): (message: Uint8Array) => Promise<Uint8Array> {
	const side = { crypto, index: storeIndex(store), parameters: replicaParameters };
	return (message) => respond(side, message);
}
