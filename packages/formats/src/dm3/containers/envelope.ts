import { Dm3Error } from "../dm3-error.js";
import { isCount, isObject } from "../text/json-object.js";
import { sha256Text } from "../text/sha256-text.js";
import { stringify } from "../text/stringify.js";

/**
 * A message with what carried it, its encrypted fields decrypted. Only the time means something to the storage; everything else is kept
 * as it was given, whichever spelling it has (the specification and the reference differ in several fields).
 */
export interface Envelope {
	readonly message: {
		readonly metadata: {
			/** Milliseconds since 1970. */
			readonly timestamp: number;
			readonly [field: string]: unknown;
		};
		readonly [field: string]: unknown;
	};
	readonly [field: string]: unknown;
}

/** An envelope as it stands in a chunk. */
export interface StoredEnvelope {
	readonly envelope: Envelope;
	/** `stringify(envelope)`. */
	readonly text: string;
	/** UTF-8 bytes of the text. */
	readonly size: number;
	/** Milliseconds since 1970. */
	readonly timestamp: number;
}

/**
 * @param code of the error: `container` when the value was found in one.
 * @throws {Dm3Error} unless `message.metadata.timestamp` is a safe integer from 0.
 */
export function checkEnvelope(value: unknown, code: "envelope" | "container" = "envelope"): Envelope {
	const message = isObject(value) ? value.message : undefined;
	const metadata = isObject(message) ? message.metadata : undefined;
	if (!isObject(metadata) || !isCount(metadata.timestamp)) {
		throw new Dm3Error(code, "expected an envelope whose message has a time in whole milliseconds since 1970", {
			field: "message.metadata.timestamp",
		});
	}
	return value as Envelope;
}

/** What names a message to edit or delete it: sha256(stringify(envelope.message)). Copies of a message share it. */
export function messageHash(envelope: Envelope): string {
	return sha256Text(stringify(envelope.message));
}

/** @throws {Dm3Error} `envelope`, `value` */
export function storedEnvelope(given: Envelope): StoredEnvelope {
	// What is written is what counts: a `toJSON` or an undefined field is gone before anything is looked at.
	const text = stringify(given);
	const envelope = checkEnvelope(JSON.parse(text));
	return {
		envelope,
		text,
		size: new TextEncoder().encode(text).length,
		timestamp: envelope.message.metadata.timestamp,
	};
}
