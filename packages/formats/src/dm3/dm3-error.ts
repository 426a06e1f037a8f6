import { FormatError } from "../errors.js";

export type Dm3ErrorCode =
	/** The caller: an argument that cannot be used. */
	| "argument"
	/** A value that JSON has no text for, or a text that UTF-8 has no bytes for. */
	| "value"
	/** An envelope without `message.metadata.timestamp`, or with one that is no time. */
	| "envelope"
	/** A message that does not fit into a chunk of its own. */
	| "too-large"
	/** A stored value that is no encrypted text. */
	| "payload"
	/** Another key, or a changed ciphertext. */
	| "cannot-decrypt"
	/** A container that is not what its place asks for. */
	| "container"
	/** A container that another one names is not in the store. */
	| "missing"
	/** A file that is no export record. */
	| "record";

/** What went wrong with conversations on purpose; never names, messages or keys. */
export class Dm3Error extends FormatError<Dm3ErrorCode> {}
