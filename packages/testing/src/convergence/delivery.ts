import type { MindooDB, StoredEntry } from "@mindoodb/core";
import { seededRandom } from "../tenant-fixture/seeded-random.js";
import type { TestReplica } from "../tenant-fixture/tenant-fixture.js";
import { FeedConsumer } from "./consumer.js";

/** Reasons that pass when more has arrived. */
const passing: ReadonlySet<string> = new Set(["unsigned", "not-member", "stub"]);

export interface DeliveryOptions {
	/** Entries by database. */
	readonly entries: ReadonlyMap<string, readonly StoredEntry[]>;
	/** Keys that come in at some moment on the way. */
	readonly keys: readonly { readonly keyId: string; readonly key: Uint8Array }[];
	readonly seed: number;
	/** Whether entries come in the order given, in one piece. @default false */
	readonly inOrder?: boolean;
}

export interface Delivered {
	readonly consumers: ReadonlyMap<string, FeedConsumer>;
	/** Addresses that the replica never took, sorted. */
	readonly left: readonly string[];
}

/**
 * Brings entries and keys to a replica in some order that the seed decides: in pieces, with repetitions, with restarts, reads and
 * feed consumers in between. What is refused for a reason that passes is offered again as long as that helps.
 */
export async function deliver(replica: TestReplica, options: DeliveryOptions): Promise<Delivered> {
	return new Delivery(replica, options).run();
}

interface Parcel {
	readonly dbId: string;
	readonly entry: StoredEntry;
}

class Delivery {
	readonly #replica: TestReplica;
	readonly #options: DeliveryOptions;
	readonly #next: (below: number) => number;
	readonly #consumers = new Map<string, FeedConsumer>();
	readonly #keys: DeliveryOptions["keys"][number][];

	constructor(replica: TestReplica, options: DeliveryOptions) {
		this.#replica = replica;
		this.#options = options;
		const random = seededRandom(options.seed);
		this.#next = (below) => {
			const [a, b] = random.randomBytes(2) as unknown as [number, number];
			return (a * 256 + b) % below;
		};
		for (const dbId of options.entries.keys()) this.#consumers.set(dbId, new FeedConsumer());
		this.#keys = [...options.keys];
	}

	async run(): Promise<Delivered> {
		const { entries, inOrder = false } = this.#options;
		let waiting = [...entries].flatMap(([dbId, list]) => list.map((entry): Parcel => ({ dbId, entry })));
		for (let gained = true; gained && waiting.length > 0; ) {
			const order = inOrder ? waiting : this.#shuffled(waiting);
			const left = await this.#round(order);
			gained = left.length < waiting.length;
			waiting = left;
		}
		while (this.#keys.length > 0) await this.#importKey();
		for (const [dbId, consumer] of this.#consumers) await consumer.follow(await this.#db(dbId));
		return { consumers: this.#consumers, left: waiting.map(({ entry }) => entry.hash).sort() };
	}

	/** @returns what was refused for now. */
	async #round(order: readonly Parcel[]): Promise<Parcel[]> {
		const { inOrder = false } = this.#options;
		const left: Parcel[] = [];
		for (let at = 0; at < order.length; ) {
			const size = inOrder ? order.length : 1 + this.#next(this.#next(4) === 0 ? 24 : 3);
			const piece = order.slice(at, at + size);
			at += size;
			const again = inOrder || at === 0 || this.#next(3) > 0 ? [] : [order[this.#next(at)] as Parcel];
			for (const dbId of new Set(piece.map((parcel) => parcel.dbId))) {
				const offered = [...piece, ...again].filter((parcel) => parcel?.dbId === dbId).map(({ entry }) => entry);
				const report = await (await this.#db(dbId)).store.putEntries(offered);
				for (const { hash, reason, message } of report.refused) {
					if (!passing.has(reason)) throw new Error(`${hash} was refused: ${reason}, ${message}`);
				}
				const taken = new Set([...report.stored.map(({ hash }) => hash), ...report.known]);
				left.push(...piece.filter((parcel) => parcel.dbId === dbId && !taken.has(parcel.entry.hash)));
			}
			if (!inOrder) await this.#interlude();
		}
		return left;
	}

	/** What a user, a program or a power cut does while entries come in. */
	async #interlude(): Promise<void> {
		const [dbId, consumer] = [...this.#consumers][this.#next(this.#consumers.size)] as [string, FeedConsumer];
		switch (this.#next(16)) {
			case 0:
				await consumer.follow(await this.#db(dbId), 1 + this.#next(5));
				return;
			case 1:
				await consumer.follow(await this.#db(dbId));
				return;
			case 2:
				await this.#importKey();
				return;
			case 3:
				for await (const _ of (await this.#db(dbId)).iterateDocuments());
				return;
			case 4:
				this.#replica.clock.advance(2000);
				return;
			case 5:
				if (this.#next(4) === 0) await this.#replica.reopen();
				return;
			case 6:
				await (await this.#db(dbId)).getAllDocumentIds();
		}
	}

	async #importKey(): Promise<void> {
		const [given] = this.#keys.splice(this.#next(Math.max(1, this.#keys.length)), 1);
		if (given === undefined) return;
		const { keyBag, clock } = this.#replica;
		keyBag.set(given.keyId, given.key, clock.now());
		await keyBag.settled();
	}

	async #db(dbId: string): Promise<MindooDB> {
		return dbId === "directory" ? (await this.#replica.directory()).db : this.#replica.db(dbId);
	}

	#shuffled(parcels: readonly Parcel[]): Parcel[] {
		const shuffled = [...parcels];
		for (let i = shuffled.length - 1; i > 0; i--) {
			const j = this.#next(i + 1);
			[shuffled[i], shuffled[j]] = [shuffled[j] as Parcel, shuffled[i] as Parcel];
		}
		return shuffled;
	}
}
