import { FormatError } from "../../errors.js";
import { isKnown, type Standing, type SyncedStore } from "../host.js";
import type { Open, Opened } from "../wire/generated/sync_pb.js";
import { hashesOf } from "../wire/terms.js";
import { GivenEntries } from "./given-entries.js";
import {
	absent,
	answerStore,
	type NamedStore,
	nameStore,
	type OfferedStore,
	readAnswer,
	readOffered,
	writeOpen,
	writeOpened,
} from "./opening.js";
import { Pulling } from "./pulling.js";
import type { EndReason } from "./session-end.js";
import type { SessionParts } from "./session-parts.js";
import { type Meeting, StoreLink } from "./store-link.js";
import { StrangerAllowance } from "./stranger-allowance.js";

const directory = "directory";
/** Stores that are named in one message. */
const mostNamed = 1024;

export interface SessionStoresParts {
	readonly session: SessionParts;
	readonly initiator: boolean;
	readonly live: boolean;
	/** Those that are wanted beside the directory. @default all */
	readonly databases: readonly string[] | undefined;
	readonly close: (reason: EndReason, options: { readonly retry: boolean }) => void;
	/** Told when both sides may have become level. */
	readonly onLevel: () => void;
}

/** The stores of one session: which both sides keep, how far each is, and whose turn it is. */
export class SessionStores {
	readonly #parts: SessionStoresParts;
	readonly #links = new Map<number, StoreLink>();
	readonly #given = new Map<string, GivenEntries>();
	/** Databases that were named, by either side. */
	readonly #named = new Set<string>();
	/** What was named in each `Open` that is not answered yet, in the order in which they were sent. */
	readonly #unanswered: (readonly NamedStore[])[] = [];
	readonly #pulling: Pulling;
	readonly #allowance: StrangerAllowance;
	readonly #endDirectory: () => void;
	#directory: StoreLink | undefined;
	#nextNumber: number;
	#highestOffered = -1;
	/** Stores that the other side has named, kept here or not, and messages in which it did. */
	#offered = 0;
	/** What opens stores is done one after the other. */
	#last: Promise<void> = Promise.resolve();
	#turns = 0;
	/** Whether all that is to be named at the beginning has been. */
	#begun = false;
	#peerLive = false;
	#peerHeads: readonly string[] | undefined;

	constructor(parts: SessionStoresParts) {
		this.#parts = parts;
		const { limits, work, host, peer } = parts.session;
		this.#nextNumber = parts.initiator ? 0 : 1;
		this.#allowance = new StrangerAllowance(limits, () => isKnown(host.standing(peer)));
		this.#pulling = new Pulling({ most: limits.pulls, work, onPulled: (link) => this.#wasPulled(link) });
		this.#endDirectory = host.onDirectory(() => this.#directoryChanged());
	}

	/** Heads of the other side's directory, once it has said them. */
	get peerHeads(): readonly string[] | undefined {
		return this.#peerHeads;
	}

	get links(): Iterable<StoreLink> {
		return this.#links.values();
	}

	/** Whether each side has looked at everything that the other had when they met. */
	get isLevel(): boolean {
		return (
			this.#begun &&
			this.#turns === 0 &&
			this.#unanswered.length === 0 &&
			this.#pulling.isIdle &&
			[...this.#links.values()].every((link) => link.isLevel)
		);
	}

	/** @throws {FormatError} when there is no such store. */
	link(number: number): StoreLink {
		const link = this.#links.get(number);
		if (link === undefined) throw new FormatError("message: about a store that was not opened", { found: number });
		return link;
	}

	/** Names the stores of the initiator: of a peer that the directory does not grant, the directory alone. */
	begin(): void {
		const { session, databases } = this.#parts;
		this.#inTurn(async () => {
			if (!isKnown(session.host.standing(session.peer))) return this.#name([directory]);
			const wanted = databases ?? (await session.host.databases());
			this.#begun = true;
			await this.#name([directory, ...wanted]);
		});
	}

	/** Names databases that this side keeps since the session began; those that were named are left out, and all to whom the directory does not grant. */
	offer(dbIds: readonly string[]): void {
		this.#inTurn(async () => {
			const { host, peer } = this.#parts.session;
			// Whoever is not known yet is told of all databases when it is.
			const standing = host.standing(peer);
			await this.#name(dbIds.filter((dbId) => mayLevel(standing, dbId)));
		});
	}

	/** The other side names stores. @throws {FormatError} */
	wasOpened(open: Open): void {
		const offered = open.stores.map(readOffered);
		for (const { number } of offered) this.#checkNumber(number);
		this.#offered += 1 + offered.length;
		if (this.#offered > 2 * this.#parts.session.limits.stores)
			throw new FormatError("open: too many", { code: "limit" });
		this.#inTurn(() => this.#answer(open, offered));
	}

	/** The other side answers. @throws {FormatError} */
	wasAnswered({ stores, more, directoryHeads }: Opened): void {
		const named = this.#unanswered.shift();
		if (named === undefined) throw new FormatError("opened: nobody asked for it");
		const answers = new Map(stores.map((answer) => [answer.number, answer]));
		if (answers.size !== stores.length || stores.some(({ number }) => named.every((each) => each.number !== number))) {
			throw new FormatError("opened: expected one answer for each store");
		}
		const heads = hashesOf(directoryHeads);
		this.#peerHeads = heads.length > 0 ? heads : this.#parts.session.host.directoryHeads();
		const met: { readonly link: StoreLink; readonly meeting: Meeting }[] = [];
		for (const each of named) {
			const answer = readAnswer(each, answers.get(each.number));
			const link = this.#links.get(each.number);
			if (link === undefined) continue;
			if (answer === undefined) {
				this.#drop(link);
				continue;
			}
			// The responder stays open as long as the initiator does.
			const meeting = { ...answer, live: this.#parts.initiator || this.#peerLive };
			link.meet(meeting);
			met.push({ link, meeting });
		}
		this.#inTurn(async () => {
			for (const { link, meeting } of met) await link.begin(meeting);
			if (this.#parts.databases === undefined && more.length > 0) await this.#name(more);
		});
	}

	/** The other side has taken something over. */
	wasAcknowledged(link: StoreLink): void {
		const { session, close, onLevel } = this.#parts;
		onLevel();
		if (link === this.#directory && link.peerDone && session.host.standing(session.peer) === "revoked") {
			close("revoked", { retry: false });
		}
	}

	/** Takes nothing more; resolves when what came was acknowledged. */
	rest(): Promise<void> {
		return this.#pulling.rest();
	}

	/** @param givenUp whether what was given and not looked at is let go. */
	end(givenUp: boolean): void {
		this.#endDirectory();
		this.#pulling.end(givenUp);
		for (const link of this.#links.values()) link.end();
	}

	async #name(dbIds: readonly string[]): Promise<void> {
		const { host } = this.#parts.session;
		const stores: SyncedStore[] = [];
		for (const dbId of dbIds) {
			if (this.#named.has(dbId)) continue;
			this.#named.add(dbId);
			stores.push(...((await host.open(dbId)) ?? []).filter(({ onlyTakes }) => onlyTakes !== true));
		}
		await this.#nameStores(stores);
	}

	/** Names what is kept here beside the stores that the other side has named of a database. */
	async #nameBeside(offered: readonly OfferedStore[]): Promise<void> {
		const stores: SyncedStore[] = [];
		for (const { dbId, purpose } of offered) {
			if (purpose !== "documents") continue;
			const kept = (await this.#parts.session.host.open(dbId)) ?? [];
			stores.push(...kept.filter((each) => each.onlyTakes !== true && this.#linkOf(each) === undefined));
		}
		await this.#nameStores(stores);
	}

	async #nameStores(stores: readonly SyncedStore[]): Promise<void> {
		const { session, live } = this.#parts;
		const opens = [];
		const named: NamedStore[] = [];
		for (const synced of stores) {
			const number = this.#nextNumber;
			this.#nextNumber += 2;
			const one = await nameStore(synced, number, session.peer);
			this.#add(number, synced).telling.expect(one.named.at);
			named.push(one.named);
			opens.push(one.open);
		}
		for (let from = 0; from < opens.length; from += mostNamed) {
			this.#unanswered.push(named.slice(from, from + mostNamed));
			const heads = session.host.directoryHeads();
			session.send({ case: "open", value: writeOpen(heads, opens.slice(from, from + mostNamed), live) });
		}
	}

	async #answer(open: Open, offered: readonly OfferedStore[]): Promise<void> {
		const { session, initiator, close } = this.#parts;
		const { host, peer } = session;
		if (!initiator) this.#peerLive = open.live;
		this.#peerHeads ??= hashesOf(open.directoryHeads);
		let standing = host.standing(peer);
		if (!isKnown(standing)) {
			await this.#pullStranger(offered);
			standing = host.standing(peer);
			if (standing === "unknown") return close("unknown", { retry: true });
		}
		const answers = [];
		const begins: (() => Promise<void>)[] = [];
		for (const each of offered) {
			const synced = mayLevel(standing, each.dbId) ? await this.#find(each) : undefined;
			if (synced === undefined) {
				answers.push(absent(each));
				continue;
			}
			const live = initiator || open.live;
			const { opened, meeting } = await answerStore(each, synced, { peer, live });
			if (opened !== undefined) answers.push(opened);
			const link = this.#links.get(each.number) ?? this.#add(each.number, synced);
			link.meet(meeting);
			begins.push(() => link.begin(meeting));
		}
		this.#begun = true;
		for (const { dbId } of offered) this.#named.add(dbId);
		const more = isKnown(standing) ? (await host.databases()).filter((dbId) => !this.#named.has(dbId)) : [];
		// Before the answer, so that the other side knows of them when it asks itself whether all is level.
		if (isKnown(standing)) await this.#nameBeside(offered);
		const theirs = hashesOf(open.directoryHeads);
		session.send({ case: "opened", value: writeOpened(host.directoryHeads(), theirs, answers, more) });
		for (const begin of begins) await begin();
		// It has the directory already, and gets nothing else.
		if (standing === "revoked" && this.#directory?.peerDone !== false) close("revoked", { retry: false });
	}

	/** A key that the directory does not grant may bring the directory that does. */
	async #pullStranger(offered: readonly OfferedStore[]): Promise<void> {
		const offer = offered.find(({ dbId, purpose }) => dbId === directory && purpose === "documents");
		const synced = offer && (await this.#find(offer));
		if (offer === undefined || synced === undefined) return;
		const link = this.#add(offer.number, synced);
		link.meetStranger(offer.storeId, offer.at);
		await link.pull(this.#parts.session.signal);
	}

	async #find({ dbId, purpose }: OfferedStore): Promise<SyncedStore | undefined> {
		const mine = this.#linkOf({ dbId, purpose });
		if (mine !== undefined) {
			// Both named it at the same time: the initiator's number stands.
			if (this.#parts.initiator) return undefined;
			this.#drop(mine);
		}
		const stores = await this.#parts.session.host.open(dbId);
		return stores?.find((store) => store.purpose === purpose);
	}

	#linkOf({ dbId, purpose }: Pick<SyncedStore, "dbId" | "purpose">): StoreLink | undefined {
		return [...this.#links.values()].find(({ synced }) => synced.dbId === dbId && synced.purpose === purpose);
	}

	#add(number: number, synced: SyncedStore): StoreLink {
		const { session } = this.#parts;
		if (this.#links.size >= session.limits.stores) {
			throw new FormatError("open: too many stores", { code: "limit", expected: session.limits.stores });
		}
		const given = this.#given.get(synced.dbId) ?? new GivenEntries();
		this.#given.set(synced.dbId, given);
		const link = new StoreLink({
			session,
			number,
			synced,
			given,
			onGiven: (entries, announcedBytes) => this.#allowance.take(entries, announcedBytes),
			onWanted: (wanted) => this.#pulling.want(wanted),
		});
		this.#links.set(number, link);
		if (synced.dbId === directory && synced.purpose === "documents") {
			this.#directory = link;
			this.#pulling.setDirectory(link);
		}
		return link;
	}

	#drop(link: StoreLink): void {
		link.end();
		this.#links.delete(link.number);
		if (this.#directory === link) this.#directory = undefined;
		this.#pulling.drop(link);
	}

	#wasPulled(link: StoreLink): void {
		const { initiator, session, close } = this.#parts;
		if (link === this.#directory && initiator && !this.#begun) {
			if (isKnown(session.host.standing(session.peer))) this.begin();
			else close("unknown", { retry: true });
		}
		this.#parts.onLevel();
	}

	#directoryChanged(): void {
		const { session, close } = this.#parts;
		const standing = session.host.standing(session.peer);
		if (this.#begun && !isKnown(standing)) {
			// It learns why: what is new in the directory goes out before the farewell.
			session.work(async () => {
				await this.#directory?.telling.finish();
				close("revoked", { retry: true });
			});
			return;
		}
		for (const link of this.#links.values()) link.directoryChanged();
	}

	#checkNumber(number: number): void {
		const theirs = this.#parts.initiator ? 1 : 0;
		if (number % 2 !== theirs || number <= this.#highestOffered) {
			throw new FormatError("open: expected a number that is new", { found: number });
		}
		this.#highestOffered = number;
	}

	#inTurn(task: () => Promise<void>): void {
		this.#turns++;
		const turn = this.#last.then(task).finally(() => this.#turns--);
		this.#last = turn.catch(() => undefined);
		this.#parts.session.work(async () => {
			await turn;
			this.#parts.onLevel();
		});
	}
}

function mayLevel(standing: Standing, dbId: string): boolean {
	return isKnown(standing) || dbId === directory;
}
