import { fromHex, toHex } from "../../bytes/hex.js";
import type { Clock, Env } from "../../env.js";
import { FormatError, MindooError, nameOfError, StoreError, TransportError } from "../../errors.js";
import type { SyncHost } from "../host.js";
import { IncomingPayloads } from "../payloads/incoming.js";
import { OutgoingPayloads } from "../payloads/outgoing.js";
import type { MessageInit, MessageKind } from "../wire/messages.js";
import type { WaitingRoom } from "./announced.js";
import { ArrivingPayloads } from "./arriving-payloads.js";
import { GivenPayloads } from "./given-payloads.js";
import { defaultLimits, type SessionLimits } from "./limits.js";
import { type ChunkFrame, encodeFrame, MessageReader } from "./message-stream.js";
import { Output } from "./output.js";
import { Probe } from "./probe.js";
import { Requests } from "./requests.js";
import { ServedRequests } from "./served-requests.js";
import { type EndReason, endOf, readEnd, type SessionEnd } from "./session-end.js";
import type { SessionParts } from "./session-parts.js";
import { SessionStores } from "./session-stores.js";
import type { StoreLink } from "./store-link.js";

export interface SyncSessionOptions {
	readonly env: Pick<Env, "crypto" | "clock" | "log">;
	readonly host: SyncHost;
	/** Who is at the other end: the public key that the channel proved, hex. */
	readonly peer: string;
	/** Whether this side made the connection. */
	readonly initiator: boolean;
	/** Whether this side wants to be told of what comes later. @default true */
	readonly live?: boolean;
	/** Databases to level beside the directory. @default all that either side keeps and the other may level */
	readonly databases?: readonly string[] | undefined;
	readonly limits?: Partial<SessionLimits> | undefined;
	/** Told of a short-lived message; unchecked. */
	readonly onPresence?: (dbId: string, message: Uint8Array) => void;
	/** Told of a signal, and of the key that it is for or came from, hex. */
	readonly onSignal?: (peer: string, message: Uint8Array) => void;
	/** Told of a ticket with which the next channel is made faster. */
	readonly onTicket?: (ticket: SessionTicket) => void;
}

export interface SessionTicket {
	readonly id: Uint8Array;
	readonly secret: Uint8Array;
}

/** What a session has brought and taken. */
export interface SessionCounts {
	/** Entries that came and are durable here. */
	readonly received: number;
	/** Entries that the other side has acknowledged, of those that went over this session. */
	readonly sent: number;
	/** Entries that this side did not take. */
	readonly declinedHere: number;
	/** Entries that the other side did not take. */
	readonly declinedThere: number;
}

/**
 * One conversation of two replicas, see docs/sync.md. It does no I/O: it is given the plaintext of an authenticated connection, says what
 * goes out, and reads clock and stores through what it was given.
 */
export class SyncSession {
	readonly #options: SyncSessionOptions;
	readonly #output: Output;
	readonly #outgoing = new OutgoingPayloads();
	readonly #arriving: ArrivingPayloads;
	readonly #reader: MessageReader;
	readonly #requests: Requests;
	readonly #room: WaitingRoom;
	readonly #served: ServedRequests;
	readonly #stores: SessionStores;
	readonly #probe: Probe;
	readonly #aborting = new AbortController();
	readonly #work = new Set<Promise<void>>();
	/** What came is taken in one after the other. */
	#taking: Promise<void> = Promise.resolve();
	readonly #onCounts = new Set<() => void>();
	readonly #levelled: Promise<void>;
	#resolveLevel = () => {};
	#rejectLevel = (_: unknown) => {};
	#end: SessionEnd | undefined;
	#resolveClosed = (_: SessionEnd) => {};
	/** Resolves when it is over and nothing of it touches a store any more. */
	readonly closed: Promise<SessionEnd>;

	constructor(options: SyncSessionOptions) {
		this.#options = options;
		const { env, host, peer, initiator, live = true, databases } = options;
		const limits = { ...defaultLimits, ...options.limits };
		this.closed = new Promise((resolve) => {
			this.#resolveClosed = resolve;
		});
		this.#levelled = new Promise((resolve, reject) => {
			this.#resolveLevel = resolve;
			this.#rejectLevel = reject;
		});
		this.#levelled.catch(() => undefined);
		this.#output = new Output(limits.outputBytes, () => this.#nextChunk());
		this.#reader = new MessageReader();
		this.#room = { bytes: 0, most: limits.waitingBytes };
		const send = (message: MessageInit) => this.#send(message);
		this.#requests = new Requests(send, limits.openRequests);
		const incoming = host.incoming ?? new IncomingPayloads({ crypto: env.crypto, clock: env.clock });
		this.#arriving = new ArrivingPayloads(incoming, this.#requests);
		const session: SessionParts = {
			env,
			host,
			peer,
			limits,
			output: this.#output,
			outgoing: this.#outgoing,
			payloads: new GivenPayloads({
				outgoing: this.#outgoing,
				wholeBytes: limits.pageBytes,
				onOutgoing: () => this.#output.wake(),
			}),
			arriving: this.#arriving,
			requests: this.#requests,
			room: this.#room,
			signal: this.#aborting.signal,
			send,
			work: (task) => this.#do(task),
			onCounts: () => {
				for (const each of this.#onCounts) each();
			},
			onSettled: () => this.#settle(),
		};
		this.#stores = new SessionStores({
			session,
			initiator,
			live,
			databases,
			close: (reason, { retry }) => this.close(reason, { retry }),
			onLevel: () => this.#settle(),
		});
		this.#served = new ServedRequests(session, this.#stores);
		this.#probe = new Probe({
			clock: env.clock,
			quiet: limits.quiet,
			answer: limits.answer,
			ask: () => this.#send({ case: "ping", value: {} }),
			onSilent: () => this.#finish({ reason: "silent", retry: true, after: 0, byPeer: false }),
		});
	}

	/** Begins the conversation. */
	start(): void {
		if (this.#options.initiator) this.#stores.begin();
	}

	get clock(): Clock {
		return this.#options.env.clock;
	}

	/** Who is at the other end: the public key that the channel proved, hex. */
	get peer(): string {
		return this.#options.peer;
	}

	/** Whether it is over. */
	get ended(): boolean {
		return this.#end !== undefined;
	}

	get counts(): SessionCounts {
		const sum = { received: 0, sent: 0, declinedHere: 0, declinedThere: 0 };
		for (const { counts, telling } of this.#stores.links) {
			sum.received += counts.received;
			sum.sent += Math.max(0, telling.acknowledgedEntries - counts.declinedThere);
			sum.declinedHere += counts.declinedHere;
			sum.declinedThere += counts.declinedThere;
		}
		return sum;
	}

	/** Bytes that wait for the other side to read them. */
	get waitingOutput(): number {
		return this.#output.size;
	}

	/** Bytes that the other side gave without being asked, and that wait to be taken over. */
	get waitingInput(): number {
		return this.#room.bytes;
	}

	/** Heads of the other side's directory, sorted, hex; `undefined` before it has said them. */
	get peerDirectoryHeads(): readonly string[] | undefined {
		return this.#stores.peerHeads;
	}

	/** The stores at the other end, as far as both sides have opened them. */
	get links(): Iterable<Pick<StoreLink, "synced" | "remote" | "isLevel">> {
		return this.#stores.links;
	}

	/** Resolves when each side has looked at everything that the other had when they met. @throws {TransportError} when it ends before. */
	level(): Promise<void> {
		return this.#levelled;
	}

	/** Told when the counts have changed. @returns a function that ends it. */
	onCounts(listener: () => void): () => void {
		this.#onCounts.add(listener);
		return () => this.#onCounts.delete(listener);
	}

	/**
	 * Takes in what the other side sent, cut anywhere. Resolves when there is room for more. Never rejects: what must not be said ends the
	 * session.
	 */
	receive(bytes: Uint8Array): Promise<void> {
		this.#taking = this.#taking.then(() => this.#take(bytes));
		return this.#taking;
	}

	/** @returns bytes for the other side, some 64 KiB at most unless a message is larger; `undefined` when there are none. */
	takeOutput(): Uint8Array | undefined {
		return this.#output.take();
	}

	/** @param listener told when there is something to take. */
	onOutput(listener: (() => void) | undefined): void {
		this.#output.onOutput(listener);
	}

	/** Names databases that this side keeps since the session began. */
	offer(dbIds: readonly string[]): void {
		if (this.#end === undefined) this.#stores.offer(dbIds);
	}

	/** Sends a short-lived message, unless the other side is slow. */
	sendPresence(dbId: string, message: Uint8Array): void {
		if (!this.#output.full) this.#send({ case: "presence", value: { dbId, message } });
	}

	/** @param peer whom it is for, or came from, hex. */
	sendSignal(peer: string, message: Uint8Array): void {
		if (!this.#output.full) this.#send({ case: "signal", value: { peer: fromHex(peer, 32), message } });
	}

	/** Goes out with what is said next: a ticket without that is of no use to anybody. */
	sendTicket({ id, secret }: SessionTicket): void {
		if (this.#end === undefined) this.#output.hold(encodeFrame({ case: "ticket", value: { id, secret } }));
	}

	/**
	 * Says farewell. What is durable stays, what is under way is given up.
	 * @param options `retry`: whether it makes sense to come again, `after`: milliseconds to wait before that.
	 */
	close(reason: EndReason = "done", options: { readonly retry?: boolean; readonly after?: number } = {}): void {
		const { retry = false, after = 0 } = options;
		this.#close({ reason, retry, after, byPeer: false });
	}

	/** Takes nothing more from the other side; resolves when what it gave is durable and acknowledged, or the connection is gone. `close` then leaves it in no doubt. */
	rest(): Promise<void> {
		return this.#stores.rest();
	}

	/** The connection is gone. */
	lost(error?: MindooError): void {
		this.#finish({ reason: "lost", retry: true, after: 0, byPeer: false, error });
	}

	async #take(bytes: Uint8Array): Promise<void> {
		if (this.#end !== undefined) return;
		this.#probe.heard();
		try {
			this.#reader.push(bytes);
			while (this.#end === undefined) {
				const message = this.#reader.next();
				if (message === "incomplete") return;
				if (message !== "unknown") await this.#dispatch(message);
			}
		} catch (error) {
			this.#failed(error);
		}
	}

	/** Waits for nothing that the other side has to do first. */
	async #dispatch(message: MessageKind | ChunkFrame): Promise<void> {
		switch (message.case) {
			case "chunk":
				return this.#arriving.accept(message.value);
			case "open":
				return this.#stores.wasOpened(message.value);
			case "opened":
				return this.#stores.wasAnswered(message.value);
			case "request":
				return this.#served.add(message.value);
			case "response":
				return this.#requests.answered(message.value);
			case "announce":
				return this.#stores.link(message.value.store).wasTold(message.value);
			case "acknowledge": {
				const link = this.#stores.link(message.value.store);
				await link.wasAcknowledged(message.value);
				return this.#stores.wasAcknowledged(link);
			}
			case "presence":
				return this.#options.onPresence?.(message.value.dbId, message.value.message);
			case "signal":
				return this.#options.onSignal?.(toHex(message.value.peer), message.value.message);
			case "ticket":
				return this.#options.onTicket?.({ id: message.value.id, secret: message.value.secret });
			case "close":
				return this.#finish(readEnd(message.value));
			case "ping":
				// Who asks again and again without reading the answers gets none.
				if (!this.#output.full) this.#send({ case: "pong", value: { number: message.value.number } });
				return;
			case "pong":
				return;
			case "introduce":
			case "introduced":
			case "keepTenant":
			case "tenantKept":
				throw new FormatError("message: expected before the session", { found: message.case });
		}
	}

	#send(message: MessageInit): void {
		if (this.#end === undefined) this.#output.push(encodeFrame(message));
	}

	#settle(): void {
		if (this.#end === undefined && this.#stores.isLevel) this.#resolveLevel();
	}

	#do(task: () => Promise<void>): void {
		if (this.#aborting.signal.aborted) return;
		const work = task()
			.catch((error: unknown) => this.#failed(error))
			.finally(() => this.#work.delete(work));
		this.#work.add(work);
	}

	#failed(error: unknown): void {
		if (this.#end !== undefined) return;
		const known = error instanceof MindooError ? error : new StoreError("the session failed", { cause: error });
		this.#options.env.log("warn", "a session failed", { error: nameOfError(error), code: known.code });
		this.#close(endOf(known));
	}

	#close(end: SessionEnd): void {
		const { reason, retry, after } = end;
		this.#send({ case: "close", value: { reason, retry, after } });
		this.#aborting.abort(new TransportError("the session was closed", { retryable: retry }));
		this.#finish(end);
	}

	#finish(end: SessionEnd): void {
		if (this.#end !== undefined) return;
		this.#end = end;
		const error = new TransportError("the session has ended", { retryable: end.retry });
		this.#probe.end();
		this.#outgoing.clear();
		if (end.byPeer) this.#output.clear();
		this.#served.end();
		this.#stores.end(this.#aborting.signal.aborted);
		this.#requests.end(error);
		this.#rejectLevel(end.error ?? error);
		const leaving = this.#arriving.leave().catch((cause: unknown) => this.#unkept(cause));
		void leaving.then(() => this.#settled()).then(() => this.#resolveClosed(end));
	}

	/** A chunk of what the other side has asked for. */
	#nextChunk(): Uint8Array | undefined {
		const before = this.#outgoing.heldBytes;
		const frame = this.#outgoing.nextFrame();
		if (this.#outgoing.heldBytes < before) this.#served.step();
		return frame;
	}

	/** What came of payloads was not kept: it comes again. */
	#unkept(cause: unknown): void {
		this.#options.env.log("warn", "parts of payloads could not be kept", { error: nameOfError(cause) });
	}

	async #settled(): Promise<void> {
		while (this.#work.size > 0) await Promise.all(this.#work);
	}
}
