import type { Env } from "../../env.js";
import type { SyncHost } from "../host.js";
import type { OutgoingPayloads } from "../payloads/outgoing.js";
import type { MessageInit } from "../wire/messages.js";
import type { WaitingRoom } from "./announced.js";
import type { ArrivingPayloads } from "./arriving-payloads.js";
import type { GivenPayloads } from "./given-payloads.js";
import type { SessionLimits } from "./limits.js";
import type { Output } from "./output.js";
import type { Requests } from "./requests.js";

/** What the parts of one session share. */
export interface SessionParts {
	readonly env: Pick<Env, "crypto" | "clock" | "log">;
	readonly host: SyncHost;
	/** Who is at the other end: the public key that the channel proved, hex. */
	readonly peer: string;
	readonly limits: SessionLimits;
	readonly output: Output;
	/** Payloads that go out when nothing else waits. */
	readonly outgoing: OutgoingPayloads;
	readonly payloads: GivenPayloads;
	readonly arriving: ArrivingPayloads;
	readonly requests: Requests;
	readonly room: WaitingRoom;
	readonly signal: AbortSignal;
	readonly send: (message: MessageInit) => void;
	/** Does something; the session ends when it fails, and is not over before it is done. */
	readonly work: (task: () => Promise<void>) => void;
	readonly onCounts: () => void;
	/** Told when a store may have become level. */
	readonly onSettled: () => void;
}
