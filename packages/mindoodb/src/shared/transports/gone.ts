import { TransportError } from "@mindoodb/core";

/** Why a connection carries nothing any more, as every transport says it. */
export const closedHere = () => gone("closed on this side");
export const closedThere = () => gone("closed by the other side");
export const abortedHere = () => gone("aborted on this side");
export const broke = (cause?: unknown) => gone("broke", cause);

function gone(how: string, cause?: unknown): TransportError {
	return new TransportError(`connection: ${how}`, { retryable: true, cause });
}
