/**
 * Finding what another store has and this one has not without a remembered position, by Negentropy. See docs/negentropy.md and
 * docs/decisions/0052-reconciling-in-a-pull.md.
 */
import { toHex } from "../../bytes/hex.js";
import type { Crypto } from "../../crypto/crypto.js";
import { FormatError } from "../../errors.js";
import type { StorePosition } from "../../store/store.js";
import { Initiator, type Listed, type Round } from "../negentropy/initiator.js";
import { replicaParameters } from "../negentropy/parameters.js";
import { type ReconciliationIndex, storeIndex } from "../negentropy/record-index.js";
import { type ReconcilableStore, readFound } from "./found.js";
import type { Intake } from "./intake.js";
import { pageEntries } from "./pages.js";
import type { Note, PeerMemory } from "./peer-memory.js";
import type { PullOptions } from "./pull-options.js";

/** What a pull needs of its own side to reconcile. */
export interface OwnRecords {
	readonly crypto: Pick<Crypto, "sha256Many">;
	/** The records of the store that corresponds to the other one. */
	readonly index: () => Promise<ReconciliationIndex>;
	/** Those of the hashes of which nothing is here: neither the entry nor what a purge left of it. */
	readonly missing: (hashes: readonly string[]) => Promise<readonly string[]>;
}

export interface ReconcilingLimits {
	/** Hashes that are kept before they are asked for. @default 16,384 */
	readonly needed: number;
	/** Rounds one after the other in which nothing is stored. @default 64 */
	readonly barrenRounds: number;
	/** Hashes that the other store names and has not: of what it has purged, or of nothing. @default 65,536 */
	readonly absent: number;
	/** Arrivals that are refused, or damaged there. @default 65,536 */
	readonly refused: number;
}

export interface ReconcilingParts {
	readonly remote: ReconcilableStore;
	readonly own: OwnRecords;
	readonly memory: PeerMemory;
	readonly intake: Intake;
	readonly options: PullOptions;
	readonly limits: ReconcilingLimits;
}

/** Below one entry here to so many there, the hashes of what is missing cost more than pages with a few entries that are known. */
const mostTimes = 16;

/** Whether reconciling with a store costs less than reading all of it. */
export function isWorthwhile(ownArrivals: number, { arrival }: StorePosition): boolean {
	return ownArrivals > 0 && arrival <= ownArrivals * mostTimes;
}

export class Reconciling {
	readonly #parts: ReconcilingParts;
	/** Hashes that are missing here, with the time at which the range begins that they were found in. */
	readonly #needed = new Map<string, bigint>();
	readonly #notes: Note[] = [];
	#asked = 0;
	#absent = 0;

	constructor(parts: ReconcilingParts) {
		this.#parts = parts;
	}

	/**
	 * @param there where the other store stood before; what came to it since lies behind the position that is remembered.
	 * @returns whether everything up to there was looked at; `undefined` when that has to be found by reading pages.
	 */
	async run(there: StorePosition): Promise<{ readonly complete: boolean } | undefined> {
		const { remote, own, memory, intake, options, limits } = this.#parts;
		const side = { crypto: own.crypto, index: storeIndex(await own.index()), parameters: replicaParameters };
		const initiator = new Initiator(side);
		let barrenRounds = 0;
		for (let message: Uint8Array | undefined = await initiator.begin(); message !== undefined; ) {
			options.signal?.throwIfAborted();
			const before = intake.stored;
			const round: Round | undefined = await received(initiator, await remote.reconcile(message));
			if (round === undefined) return undefined;
			for (const listed of round.listed) await this.#note(listed);
			message = round.next;
			if (message === undefined || this.#needed.size >= limits.needed) await this.#fetch();
			if (intake.inVain > limits.refused) {
				intake.giveUp();
				return { complete: false };
			}
			barrenRounds = intake.stored > before ? 0 : barrenRounds + 1;
			if (barrenRounds > limits.barrenRounds || this.#absent > limits.absent) return undefined;
		}
		this.#notes.push(...(await intake.takeWaiting()));
		const passed = this.#notes.filter(({ arrival }) => arrival <= there.arrival);
		// Without room for the notes nothing is remembered, and the next pull finds the same again.
		const remembered = await memory.remember({ arrival: there.arrival, peer: there }, passed);
		if (remembered) options.onRemembered?.(there, intake.takeDeclined());
		return { complete: true };
	}

	/** Keeps what is missing here of a list. */
	async #note({ span, ids }: Listed): Promise<void> {
		for (const hash of await this.#parts.own.missing(ids.map(toHex))) this.#needed.set(hash, span.lower.timestamp);
	}

	/** Fetches what is needed, the oldest first: what a signed entry vouches for was mostly made before it. */
	async #fetch(): Promise<void> {
		const { remote, intake, options, limits } = this.#parts;
		const hashes = [...this.#needed].sort(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([hash]) => hash);
		this.#needed.clear();
		for (let done = 0; done < hashes.length; ) {
			options.signal?.throwIfAborted();
			const { arrivals, damaged, covered } = await readFound(remote, hashes.slice(done, done + pageEntries));
			this.#absent += covered - arrivals.length - damaged.length;
			// As they came to the other store: what was made in one millisecond has no other order, and authors sign at the end of a run.
			const ordered = arrivals.toSorted((a, b) => a.arrival - b.arrival);
			this.#notes.push(...(await intake.take({ arrivals: ordered, damaged })));
			done += covered;
			this.#asked += covered;
			options.onProgress?.({ done: this.#asked, total: this.#asked + hashes.length - done });
			if (intake.inVain > limits.refused || this.#absent > limits.absent) return;
		}
	}
}

/** @returns `undefined` when the other side speaks another version of the protocol. */
async function received(initiator: Initiator, answer: Uint8Array): Promise<Round | undefined> {
	try {
		return await initiator.receive(answer);
	} catch (error) {
		if (error instanceof FormatError && error.code === "unsupported") return undefined;
		throw error;
	}
}
