import { toHex } from "../../bytes/hex.js";
import type { Env } from "../../env.js";
import { nameOfError, TransportError, VerifyError } from "../../errors.js";
import type { Duplex, Transport } from "../../transport.js";
import type { AuthenticatedDuplex } from "../channel/authenticated-duplex.js";
import { openChannel } from "../channel/open-channel.js";
import type { ChannelIdentity } from "../channel/proof.js";
import type { TicketBook } from "../channel/ticket-book.js";
import type { SyncHost } from "../host.js";
import { runSession } from "../session/run-session.js";
import type { SessionEnd } from "../session/session-end.js";
import { SyncSession } from "../session/sync-session.js";
import type { Link, LinkEnd } from "./link.js";
import type { SessionSignals } from "./session-signals.js";

export interface SessionLinkParts {
	readonly env: Pick<Env, "crypto" | "random" | "clock" | "log">;
	readonly host: SyncHost;
	readonly identity: ChannelIdentity;
	readonly tickets: TicketBook;
	/** Whether this side wants to be told of what comes later. */
	readonly live: boolean;
	/** Databases beside the directory. @default all that either side keeps */
	readonly databases: readonly string[] | undefined;
	readonly signals: SessionSignals;
	/** Told of the session when it begins. @returns what is to be done when it ends. */
	readonly onSession?: ((session: SyncSession) => () => void) | undefined;
}

export interface InitiatedLinkParts extends SessionLinkParts {
	readonly transport: Transport;
	/** Signing keys, hex, one of which the other side must prove; any when absent. */
	readonly expect: readonly string[] | undefined;
}

/** Connects, proves who is who, and begins a session. @throws {TransportError} @throws {VerifyError} @throws {FormatError} */
export async function openSessionLink(parts: InitiatedLinkParts, signal: AbortSignal): Promise<Link> {
	const { env, transport, identity, tickets, host, expect } = parts;
	const duplex = await transport.connect({ signal });
	const { tenantRoot } = host;
	const options = { role: "initiator", env, identity, tickets, tenantRoot, signal, ...(expect && { expect }) } as const;
	return beginSession(await openChannel(duplex, options), parts, true);
}

/** The other side of `openSessionLink`. @throws {VerifyError} when the peer asks for another tenant, and as that. */
export async function acceptSessionLink(duplex: Duplex, parts: SessionLinkParts, signal: AbortSignal): Promise<Link> {
	const { env, identity, tickets, host } = parts;
	const channel = await openChannel(duplex, { role: "responder", env, identity, tickets, signal });
	if (channel.tenantRoot !== host.tenantRoot) {
		channel.abort();
		throw new VerifyError("channel: the other side asked for a tenant that is not kept here");
	}
	return beginSession(channel, parts, false);
}

function beginSession(channel: AuthenticatedDuplex, parts: SessionLinkParts, initiator: boolean): Link {
	const { env, host, identity, tickets, signals, live, databases, onSession } = parts;
	const { peer, tenantRoot } = channel;
	const holders = { ownKey: toHex(identity.signingKey.publicKey), peer, tenantRoot };
	const session = new SyncSession({
		env,
		host,
		peer,
		initiator,
		live,
		databases,
		onPresence: (dbId, message) => {
			// Nothing that a peer shows may end more than its own message.
			host.receivePresence?.(peer, dbId, message).catch((error: unknown) => {
				env.log("warn", "a presence message could not be shown", { error: nameOfError(error) });
			});
		},
		onSignal: (from, message) => signals.receive(from, message),
		onTicket: (ticket) => tickets.remember({ ...ticket, ...holders }),
	});
	const ends = [signals.add(session), onSession?.(session)];
	const running = runSession(session, channel).finally(() => {
		for (const end of ends) end?.();
	});
	if (!initiator) session.sendTicket(tickets.issue(holders));
	return {
		async level() {
			await session.level();
			// Its directory is level then, and the rest was not looked at.
			if (host.standing(holders.ownKey) === "revoked") throw errorOf("revoked", false, false);
		},
		get counts() {
			return session.counts;
		},
		onCounts: (listener) => session.onCounts(listener),
		ended: session.closed.then(endOf),
		async close() {
			session.close();
			await running;
			await channel.close();
		},
	};
}

function endOf({ reason, retry, after, byPeer, error }: SessionEnd): LinkEnd {
	const told = error ?? (reason === "done" ? undefined : errorOf(reason, byPeer, retry));
	return { error: told, retry, after };
}

function errorOf(reason: SessionEnd["reason"], byPeer: boolean, retryable: boolean): TransportError | VerifyError {
	const side = byPeer ? "the other side" : "this side";
	if (reason === "revoked") return new VerifyError(`${side} ended the sync: the key is revoked`);
	if (reason === "unknown") return new VerifyError(`${side} ended the sync: the directory does not grant the key`);
	return new TransportError(`${side} ended the sync: ${reason}`, { retryable });
}
