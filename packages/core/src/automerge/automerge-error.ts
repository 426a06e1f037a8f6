import { FormatError, MindooError, UsageError } from "../errors.js";

/** Runs a call into Automerge on behalf of the caller's own edit; what it refuses is the caller's mistake. */
export function editing<T>(call: () => T): T {
	try {
		return call();
	} catch (cause) {
		throw draftError(cause);
	}
}

/** Runs a call into Automerge on bytes or hashes that came from elsewhere. */
export function reading<T>(what: string, call: () => T): T {
	try {
		return call();
	} catch (cause) {
		if (cause instanceof MindooError) throw cause;
		throw stopped(cause) ?? new FormatError(`Automerge refused to ${what}`, { cause });
	}
}

/**
 * Turns what Automerge's draft objects throw into a `UsageError`: they throw bare RangeErrors for values that a document
 * cannot hold. Any other error, the caller's own among them, comes back as it is.
 */
export function draftError(error: unknown): unknown {
	if (error instanceof MindooError) return error;
	const halt = stopped(error);
	if (halt !== undefined) return halt;
	if (!(error instanceof RangeError)) return error;
	if (error.message.includes("call stack"))
		return new UsageError("a value is nested too deeply or contains itself", { cause: error });
	return refusals.some((start) => error.message.startsWith(start))
		? new UsageError(error.message, { cause: error })
		: error;
}

/** How the messages of @automerge/automerge 3.5.0 for unusable values and places begin. */
const refusals = [
	"Cannot ",
	"A list index must be",
	"list index must be",
	"index must be a number",
	"invalid object for",
	'The key "__proto__"',
	"invalid value",
	"bignum",
	"object cannot be modified outside",
];

/** A trap in WebAssembly ends Automerge for the whole process: no document can be used afterwards. */
function stopped(cause: unknown): MindooError | undefined {
	if (!(cause instanceof Error)) return undefined;
	const trapped = cause.name === "RuntimeError" || cause.message === "Module terminated";
	return trapped
		? new MindooError("closed", "Automerge stopped working in this process; start it anew", { cause })
		: undefined;
}
