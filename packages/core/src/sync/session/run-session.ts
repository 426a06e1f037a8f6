import { TransportError } from "../../errors.js";
import type { Duplex } from "../../transport.js";
import type { SessionEnd } from "./session-end.js";
import type { SyncSession } from "./sync-session.js";

/** How long the other side has to read what was said last, milliseconds. */
const farewell = 10_000;

/**
 * Carries a session over a connection until either is at its end. Bytes are taken from the connection as fast as the session takes them in,
 * and from the session as fast as the connection takes them.
 * @param duplex plaintext of an authenticated channel.
 */
export async function runSession(
	session: SyncSession,
	duplex: Pick<Duplex, "incoming" | "send" | "close" | "abort">,
): Promise<SessionEnd> {
	let wake = () => {};
	session.onOutput(() => wake());
	const writing = (async () => {
		for (;;) {
			const bytes = session.takeOutput();
			if (bytes !== undefined) await duplex.send(bytes);
			else if (session.ended) return;
			else {
				await new Promise<void>((resolve) => {
					wake = resolve;
				});
			}
		}
	})().catch((error: unknown) => session.lost(asTransport(error)));
	const reading = (async () => {
		// Also after the end: a side that nobody reads from could not take the farewell.
		for await (const bytes of duplex.incoming) await session.receive(bytes);
		session.lost();
	})().catch((error: unknown) => session.lost(asTransport(error)));
	session.start();
	const end = await session.closed;
	// Nobody is there to take what waits.
	if (end.reason === "silent" || end.reason === "lost") duplex.abort();
	const cancel = session.clock.after(farewell, () => duplex.abort());
	wake();
	await writing;
	cancel();
	session.onOutput(undefined);
	await duplex.close();
	await reading;
	return end;
}

function asTransport(error: unknown): TransportError {
	if (error instanceof TransportError) return error;
	return new TransportError("the connection broke", { retryable: true, cause: error });
}
