import { FormatError, type MindooError, VerifyError } from "../../errors.js";

/** Why a session ended. */
export type EndReason =
	/** One side had enough. */
	| "done"
	/** The process at the other end stops, or starts anew. */
	| "shutdown"
	/** The directory does not grant the key. */
	| "unknown"
	/** The directory took the grant back. */
	| "revoked"
	/** Something that a peer must not say. */
	| "protocol"
	/** More than is allowed. */
	| "limit"
	/** Nothing was heard for too long. */
	| "silent"
	/** Something went wrong on the side that closed. */
	| "failed"
	/** The connection broke, or ended without a word. */
	| "lost";

export interface SessionEnd {
	readonly reason: EndReason;
	/** Whether another try may succeed. */
	readonly retry: boolean;
	/** Milliseconds to wait before that. */
	readonly after: number;
	readonly byPeer: boolean;
	readonly error?: MindooError | undefined;
}

const reasons: readonly string[] = [
	"done",
	"shutdown",
	"unknown",
	"revoked",
	"protocol",
	"limit",
	"silent",
	"failed",
	"lost",
] satisfies EndReason[];
/** How long a side that said what it must not say had better stay away. */
const afterProtocol = 60_000;
/** Longest wait that a peer may ask for. */
const longestWait = 24 * 60 * 60 * 1000;

/** What an error on this side means for the session. */
export function endOf(error: MindooError): SessionEnd {
	if (error instanceof FormatError || error instanceof VerifyError) {
		const reason = error.code === "limit" ? "limit" : "protocol";
		return { reason, retry: true, after: afterProtocol, byPeer: false, error };
	}
	return { reason: "failed", retry: true, after: 0, byPeer: false, error };
}

/** What the other side says when it closes. */
export function readEnd(told: {
	readonly reason: string;
	readonly retry: boolean;
	readonly after: number;
}): SessionEnd {
	const reason = reasons.includes(told.reason) ? (told.reason as EndReason) : "failed";
	return { reason, retry: told.retry, after: Math.min(told.after, longestWait), byPeer: true };
}
