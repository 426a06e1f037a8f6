import type { MindooError } from "../../errors.js";

/** What a connection has brought and taken so far. */
export interface LinkCounts {
	/** Entries that came and are durable here. */
	readonly received: number;
	/** Entries of which the other side has said that it holds them, as far as it took them over this connection. */
	readonly sent: number;
	/** Entries that this side did not take. */
	readonly declinedHere: number;
	/** Entries that the other side did not take. */
	readonly declinedThere: number;
}

/** Why a connection ended. */
export interface LinkEnd {
	readonly error: MindooError | undefined;
	/** Whether another try may succeed. */
	readonly retry: boolean;
	/** Least time before that, milliseconds. */
	readonly after: number;
}

/** One connection to another replica, after both sides have proved who they are. */
export interface Link {
	/** Resolves when both sides hold, durably, what the other had when they met; rejects when the connection ends before. */
	level(): Promise<void>;
	readonly counts: LinkCounts;
	/** Told when the counts have changed. @returns a function that ends it. */
	onCounts(listener: () => void): () => void;
	readonly ended: Promise<LinkEnd>;
	/** Says farewell; what is under way is given up, what is durable stays. */
	close(): Promise<void>;
}

/** Makes a connection. @throws {MindooError} as a transport, a channel or a session does. */
export type OpenLink = (signal: AbortSignal) => Promise<Link>;
