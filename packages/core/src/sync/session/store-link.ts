import type { StoredEntry } from "../../entry/entry.js";
import { FormatError, MindooError, TransportError, VerifyError } from "../../errors.js";
import type { Refusal, StoreIdentity, StorePosition } from "../../store/store.js";
import type { SyncedStore } from "../host.js";
import { holds, startPosition } from "../levelling/peer-memory.js";
import type { Acknowledge, Announce } from "../wire/generated/sync_pb.js";
import { numberOf, positionOf, refusalOf, wireDeclined, wirePosition } from "../wire/terms.js";
import { Announced } from "./announced.js";
import type { GivenEntries } from "./given-entries.js";
import { RemoteStore } from "./remote-store.js";
import type { SessionParts } from "./session-parts.js";
import { Telling } from "./telling.js";

/** Declined entries that are told with one acknowledgement; more than a page has are those of a peer that did not mean well. */
const mostDeclined = 1024;
/** Milliseconds after which a store that could not be read or written is tried again. */
const retryDelay = 10_000;

export interface StoreLinkParts {
	readonly session: SessionParts;
	/** Of the store in this session. */
	readonly number: number;
	readonly synced: SyncedStore;
	readonly given: GivenEntries;
	/** Told of what the other side gives, before it is used; throws when it may not give so much. */
	readonly onGiven: (entries: readonly StoredEntry[], announcedBytes?: number) => void;
	/** There is something to pull. */
	readonly onWanted: (link: StoreLink) => void;
}

/** How two stores meet. */
export interface Meeting {
	readonly storeId: string;
	/** Where the other store stands. */
	readonly theirs: StorePosition;
	/** Where this one stood when the other side was told. */
	readonly ours: StorePosition;
	/** What this side remembers of the other store, as far as the other side's history goes through it. */
	readonly passed: StorePosition | undefined;
	/** What this side remembers of the other store, where the other side has yet to say whether its history goes through it. @default nothing */
	readonly presumed?: StorePosition | undefined;
	/** Whether the first page from there comes without being asked for. */
	readonly pageComes: boolean;
	/** What the other side remembers of this store. */
	readonly known: StorePosition | undefined;
	/** Whether the other side waits for a page from there. */
	readonly pageExpected: boolean;
	/** Which side lacks bytes of attachments. */
	readonly lacks: { readonly here: boolean; readonly there: boolean };
	/** Whether both stand where the other remembers, and both know it. */
	readonly level: boolean;
	/** Whether the other side wants to be told of what comes later. */
	readonly live: boolean;
}

interface Remembered {
	readonly position: StorePosition;
	readonly declined: readonly Refusal[];
}

/** One store here and its counterpart at the other end of a session. */
export class StoreLink {
	readonly #parts: StoreLinkParts;
	readonly #announced: Announced;
	readonly telling: Telling;
	readonly #endAppended: () => void;
	#remote: RemoteStore | undefined;
	#presumed: StorePosition | undefined;
	#live = false;
	/** Entries that came. */
	#came = 0;
	#pulled = false;
	/** Whether the other side knows that this one has looked at everything. */
	#saidDone = false;
	#peerDone = false;
	/** Whether the other side knows that it was told of everything here, and whether it has said the same. */
	#saidTold = false;
	#peerTold = false;
	/** Whether entries were declined because of what the directory does not say yet. */
	#strangers = false;
	/** How many stubs were declined the last time. */
	#stubs = 0;
	#ended = false;
	#cancelRetry = () => {};
	/** Whether bytes of attachments are on their way, and whether there are more behind them. */
	#fetching = false;
	#fetchAgain = false;
	#endMet: (() => void) | undefined;
	/** Entries that are new here, and those that were declined here and there. */
	readonly counts = { received: 0, declinedHere: 0, declinedThere: 0 };

	constructor(parts: StoreLinkParts) {
		this.#parts = parts;
		const { session, number, synced, given } = parts;
		this.#announced = new Announced(session.room);
		const { crypto } = session.env;
		const { output, limits, send, work, payloads } = session;
		const onLevel = () => this.#sayTold();
		const store = synced.store;
		this.telling = new Telling({ number, store, crypto, output, given, payloads, limits, send, work, onLevel });
		this.#endAppended = synced.onAppended(this.telling.step);
	}

	get number(): number {
		return this.#parts.number;
	}

	get synced(): SyncedStore {
		return this.#parts.synced;
	}

	/** The other side's store, once it is known. */
	get remote(): RemoteStore | undefined {
		return this.#remote;
	}

	/** Whether this side has looked at everything that the other one had. */
	get pulled(): boolean {
		return this.#pulled;
	}

	/** Whether the other side has looked at everything that this one had. */
	get peerDone(): boolean {
		return this.#peerDone;
	}

	/** Whether the other side has given pages that were not looked at. */
	get hasNews(): boolean {
		return this.#announced.hasPages;
	}

	/** Whether both sides have looked at everything that the other had when they met, and know it. */
	get isLevel(): boolean {
		return this.#pulled && !this.#fetching && this.#peerDone && this.#saidTold && this.#peerTold;
	}

	/** The directory says something new: what was declined because of what it did not say is asked for again. */
	directoryChanged(): void {
		if (!this.#strangers) return;
		this.#stubs = 0;
		this.#parts.onWanted(this);
	}

	/** What is at the other side, before it says what it knows of this one. */
	meetStranger(storeId: string, theirs: StorePosition): void {
		this.#makeRemote(storeId, theirs, undefined);
	}

	/** How both stand; to be called before anything else about the store is taken in. */
	meet(meeting: Meeting): void {
		const { storeId, theirs, ours, passed, presumed, known, lacks, level, live } = meeting;
		if (this.#remote === undefined) this.#makeRemote(storeId, theirs, passed);
		this.#presumed = presumed;
		this.#live = live;
		this.#saidDone = !lacks.here && passed !== undefined && samePosition(passed, theirs);
		this.#peerDone = !lacks.there && (ours.arrival === 0 || (known !== undefined && samePosition(known, ours)));
		this.#saidTold = level;
		this.#peerTold = level;
		this.telling.expect(ours);
	}

	/** Begins to tell, and to pull unless a page comes by itself. */
	async begin({ theirs, ours, pageComes, pageExpected, known, lacks }: Meeting): Promise<void> {
		const { session, onWanted, synced } = this.#parts;
		if (!pageComes) onWanted(this);
		// In an empty store everybody stands at its beginning.
		const start = theirs.arrival === 0 || ours.arrival === 0 ? startPosition.peer : undefined;
		const remembered = known !== undefined && (await holds(synced.store, known)) ? known : undefined;
		const held = remembered ?? start;
		// What it stored, and said so to nobody: the connection ended first, or this side did. Who lacks something says later how far it got.
		if (remembered !== undefined && !lacks.there) synced.acknowledged(session.peer, remembered, []);
		if (pageExpected && (held === undefined || held.arrival >= ours.arrival)) {
			// It waits for a page that does not come, perhaps because it has read on since it was told: let it look.
			session.send({ case: "announce", value: { store: this.number, after: BigInt(held?.arrival ?? 0) } });
		}
		await this.telling.begin(held);
	}

	/** Takes over what the other side has. @param signal aborted: what has come is acknowledged, unless the session is over, and nothing more is asked for. */
	async pull(signal: AbortSignal): Promise<void> {
		const { session, synced, given } = this.#parts;
		const { peer } = session;
		if (this.#remote === undefined) return;
		const cameBefore = this.#came;
		let last: Remembered | undefined;
		let storedAgain = false;
		given.pullBegins();
		this.telling.pullBegins();
		try {
			const onRemembered = (position: StorePosition, declined: readonly Refusal[]) => {
				if (last !== undefined) this.#acknowledge(last, false);
				last = { position, declined };
			};
			const result = await synced.pull(this.#remote, { peer, signal, onRemembered });
			this.#wasRefused(result.refused);
			// What was declined before and is stored now moves no position, nor does what another session with the same replica brought
			// while this one began: where this side stands is said once more.
			storedAgain = last === undefined && result.stored > 0 && result.refused.length === 0;
			if (storedAgain || (last === undefined && !this.#saidDone)) last = await this.#standing();
			this.counts.received += result.stored;
			this.counts.declinedHere = result.refused.length;
			session.onCounts();
		} catch (error) {
			if (!(error instanceof MindooError) || error instanceof FormatError || error instanceof VerifyError) throw error;
			// This store, here or there, cannot be read or written now: the others go on, and so does this one after a while.
			if (signal.aborted && last !== undefined) this.#acknowledge(last, false);
			if (signal.aborted || error instanceof TransportError) return;
			session.env.log("warn", "a store could not be levelled", { code: error.code });
			this.#retryLater();
		} finally {
			given.pullEnds();
			this.telling.pullEnds();
		}
		// Documents are shown now, and acknowledged; bytes of attachments come behind them.
		const lacks = (await synced.lacksContents?.()) === true;
		// Pages without entries move the position alone; nobody has to know.
		if (!this.#saidDone || this.#came > cameBefore || storedAgain) this.#acknowledge(last, !lacks);
		this.#pulled = true;
		this.#saidDone = !lacks;
		if (lacks) this.#fetch();
		if (!this.#live) this.#announced.forgetPosition();
		this.telling.step();
	}

	/** Fetches bytes of attachments beside later pulls; once more when there is news meanwhile. */
	#fetch(): void {
		const { session, synced } = this.#parts;
		const remote = this.#remote;
		this.#fetchAgain = this.#fetching;
		if (this.#fetching || remote === undefined) return;
		this.#fetching = true;
		session.work(async () => {
			try {
				await synced.fetchContents?.(remote, { signal: session.signal });
			} catch (error) {
				if (!(error instanceof MindooError) || error instanceof FormatError) throw error;
				if (session.signal.aborted || error instanceof TransportError) return;
				session.env.log("warn", "attachments could not be fetched", { code: error.code });
			} finally {
				this.#fetching = false;
			}
			if (this.#fetchAgain) return this.#fetch();
			if (!this.#saidDone) this.#acknowledge(undefined, true);
			this.#saidDone = true;
			session.onCounts();
			this.telling.step();
			session.onSettled();
		});
	}

	/** The other side tells what is new there. @throws {FormatError} */
	wasTold({ after, page }: Announce): void {
		const presumed = this.#presumed;
		this.#presumed = undefined;
		if (page === undefined) {
			this.#announced.forgetPosition();
			// Who reconciles reads no page that would tell the other side how far this one has got.
			this.#saidDone = false;
		} else {
			// A first page from there is given by whoever has found the position in its own history.
			if (presumed?.arrival === numberOf(after)) this.#remote?.passes(presumed);
			this.#announced.add(numberOf(after), page);
		}
		this.#parts.onWanted(this);
	}

	/** @throws {FormatError} when the other side says that it has what was never here. */
	async wasAcknowledged({ known, declined, done, told }: Acknowledge): Promise<void> {
		const { synced, session } = this.#parts;
		const position = known && positionOf(known);
		const refusals = declined.map(refusalOf);
		if (position !== undefined) {
			if (!(await holds(synced.store, position))) throw new FormatError("acknowledgement: of what was never here");
			synced.acknowledged(session.peer, position, refusals);
			this.counts.declinedThere += refusals.length;
		}
		this.telling.acknowledged(position?.arrival, done);
		if (done) this.#peerDone = true;
		if (told) this.#peerTold = true;
		session.onCounts();
	}

	/** Keeps in mind what the other side gave. @throws {FormatError} when it may not give so much. */
	readonly takeGiven = (entries: readonly StoredEntry[], announcedBytes?: number): void => {
		this.#parts.onGiven(entries, announcedBytes);
		this.#came += entries.length;
		for (const { hash } of entries) this.#parts.given.add(hash);
	};

	/** What was told before the end can still be taken over. */
	end(): void {
		this.#cancelRetry();
		this.#ended = true;
		this.#endAppended();
		this.#endMet?.();
		this.telling.end();
	}

	#makeRemote(storeId: string, theirs: StorePosition, passed: StorePosition | undefined): void {
		const { session, number, synced } = this.#parts;
		const identity: StoreIdentity = { storeId, tenantRoot: session.host.tenantRoot, dbId: synced.dbId };
		this.#announced.stands(theirs);
		this.#remote = new RemoteStore({
			crypto: session.env.crypto,
			requests: session.requests,
			number,
			identity,
			peer: session.peer,
			announced: this.#announced,
			arriving: session.arriving,
			passed,
			onGiven: this.takeGiven,
		});
		this.#endMet?.();
		this.#endMet = synced.met?.(this.#remote);
	}

	#wasRefused(refused: readonly Refusal[]): void {
		const stubs = refused.filter(({ reason }) => reason === "stub").length;
		this.#strangers = stubs > 0 || refused.some(({ reason }) => reason === "not-member");
		// The directory may have asked for their documents to be erased, and that is still under way here.
		if (stubs > 0 && stubs !== this.#stubs) this.#retryLater();
		this.#stubs = stubs;
	}

	#retryLater(): void {
		this.#cancelRetry();
		if (this.#ended) return;
		this.#cancelRetry = this.#parts.session.env.clock.after(retryDelay, () => this.#parts.onWanted(this));
	}

	/** From now on the other side stands where this store does, and can leave. */
	#sayTold(): void {
		if (this.#saidTold || !this.#pulled) return;
		this.#saidTold = true;
		this.#parts.session.send({ case: "acknowledge", value: { store: this.number, told: true } });
		if (!this.#live) this.telling.end();
		this.#parts.session.onSettled();
	}

	async #standing(): Promise<Remembered | undefined> {
		const { session, synced } = this.#parts;
		const { storeId } = (await this.#remote?.identity()) ?? {};
		const remembered = await synced.remembered(session.peer, storeId);
		// What the position passes and what was declined of it is not here.
		return remembered === undefined || remembered.noted ? undefined : { position: remembered.position, declined: [] };
	}

	#acknowledge(remembered: Remembered | undefined, done: boolean): void {
		const known = remembered && wirePosition(remembered.position);
		const declined = (remembered?.declined ?? []).slice(0, mostDeclined).map(wireDeclined);
		const value = { store: this.number, declined, done, ...(known && { known }) };
		this.#parts.session.send({ case: "acknowledge", value });
	}
}

export function samePosition(a: StorePosition, b: StorePosition): boolean {
	return a.arrival === b.arrival && a.digest === b.digest;
}
