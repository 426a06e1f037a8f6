/**
 * Checks an audit trail without a key and without a database: that every sentence is as it was written, every entry what its address
 * says, signed by its author or vouched for by a signed successor of its chain, and that the exporter vouches for the whole.
 */
import { equalBytes } from "../bytes/compare.js";
import { fromHex } from "../bytes/hex.js";
import type { Crypto } from "../crypto/crypto.js";
import { type Entry, hashEntry, isChunk, linkOf, parseEntry, type StoredEntry, stubOf } from "../entry/entry.js";
import { computeTenantRoot } from "../entry/ids.js";
import { FormatError } from "../errors.js";
import { verifyEntries } from "../store/verify-entries.js";
import { VouchedLinks } from "../store/vouched-links.js";
import { type Frame, readFrames } from "./read-frames.js";
import {
	decodeSentence,
	digestOf,
	noDigest,
	signedEnd,
	type TrailEnd,
	type TrailEntry,
	type TrailHeading,
	type TrailSentence,
} from "./trail-format.js";

/** A sentence of the trail that does not hold. */
export interface TrailFault {
	/** Number of the sentence, from 1. */
	readonly sentence: number;
	/** Where it begins in the file, in bytes. */
	readonly offset: number;
	/** Address of the entry, where it is one. */
	readonly entry?: string | undefined;
	readonly message: string;
}

export interface CheckedTrail {
	/** Absent when the first sentence is none. */
	readonly heading: TrailHeading | undefined;
	readonly tenantRoot: string | undefined;
	readonly sentences: number;
	/** Entries of the database, without links. */
	readonly entries: number;
	/** Public key of who vouches that nothing was left out, hex. */
	readonly exporter: string | undefined;
	/** In the order of the sentences; empty when everything holds. */
	readonly faults: readonly TrailFault[];
}

/** Told of entries and links that hold by themselves, in the order of the trail, a batch at a time. */
export type TrailListener = (entries: readonly StoredEntry[], dbId: string) => Promise<void>;

/** Where a sentence stands. */
interface Place {
	readonly number: number;
	readonly offset: number;
}

interface Gathered extends Place {
	readonly entry: StoredEntry;
}

/** Entries that are verified at once, and bytes of payloads. */
const batchEntries = 256;
const batchBytes = 4 * 1024 * 1024;
const directoryId = "directory";

export async function checkTrail(
	crypto: Crypto,
	file: AsyncIterable<Uint8Array>,
	onEntries?: TrailListener,
): Promise<CheckedTrail> {
	return new TrailCheck(crypto, onEntries).run(file);
}

class TrailCheck {
	readonly #crypto: Crypto;
	readonly #onEntries: TrailListener | undefined;
	readonly #faults: TrailFault[] = [];
	readonly #links = new VouchedLinks<Place>();
	#heading: TrailHeading | undefined;
	#tenantRoot: string | undefined;
	#exporter: string | undefined;
	#batch: Gathered[] = [];
	#batchBytes = 0;
	#sentences = 0;
	#entries = 0;
	#digest = noDigest;
	#ended = false;

	constructor(crypto: Crypto, onEntries: TrailListener | undefined) {
		this.#crypto = crypto;
		this.#onEntries = onEntries;
	}

	async run(file: AsyncIterable<Uint8Array>): Promise<CheckedTrail> {
		let end = 0;
		try {
			for await (const frame of readFrames(file)) {
				this.#sentences++;
				end = frame.end;
				await this.#read(frame);
			}
			if (!this.#ended)
				this.#fault({ offset: end, number: this.#sentences + 1 }, "expected the sentence that ends a trail");
		} catch (error) {
			if (!(error instanceof FormatError)) throw error;
			// Where one sentence ends can no longer be told, so nothing behind it can be read.
			this.#fault({ offset: error.data.offset ?? end, number: this.#sentences + 1 }, error.message);
		}
		await this.#verify();
		for (const [entry, at] of this.#links.unvouched()) {
			this.#fault(at, "no signed successor on the author's chain vouches for it", entry);
		}
		return {
			heading: this.#heading,
			tenantRoot: this.#tenantRoot,
			sentences: this.#sentences,
			entries: this.#entries,
			exporter: this.#exporter,
			faults: this.#faults.sort((a, b) => a.sentence - b.sentence),
		};
	}

	async #read({ offset, content }: Frame): Promise<void> {
		const at = { offset, number: this.#sentences };
		let decoded: ReturnType<typeof decodeSentence>;
		try {
			decoded = decodeSentence(content);
		} catch (error) {
			if (!(error instanceof FormatError)) throw error;
			return this.#fault(at, error.message);
		}
		const { body, digest, sentence } = decoded;
		const before = this.#digest;
		// The next sentence is held against what this one states, so that only the one that was altered fails.
		this.#digest = digest;
		if (!equalBytes(await digestOf(this.#crypto, before, body), digest)) {
			this.#fault(at, "its digest fits neither it nor the sentence before");
		}
		if (this.#ended) return this.#fault(at, "nothing may follow the end");
		if ((sentence.kind === "heading") !== (at.number === 1)) {
			this.#fault(at, "a trail has one heading, and it comes first");
		}
		await this.#take(at, sentence, before);
	}

	async #take(at: Place, sentence: TrailSentence, before: Uint8Array): Promise<void> {
		switch (sentence.kind) {
			case "heading":
				if (at.number === 1) await this.#takeHeading(sentence);
				return;
			case "end":
				this.#ended = true;
				return this.#takeEnd(at, sentence, before);
			case "entry":
				return this.#takeEntry(at, sentence);
			case "link": {
				const { headerHash, link, signature } = sentence;
				const hash = await hashEntry(this.#crypto, headerHash, link);
				return this.#gather(at, { kind: "stub", hash, headerHash, link, signature });
			}
		}
	}

	async #takeHeading(heading: TrailHeading): Promise<void> {
		const { tenantId: label, administrationKey, recoveryKey } = heading;
		this.#heading = heading;
		this.#tenantRoot = await computeTenantRoot(this.#crypto, {
			label,
			administrationKey: fromHex(administrationKey, 32),
			recoveryKey: recoveryKey === undefined ? undefined : fromHex(recoveryKey, 32),
		});
	}

	async #takeEntry(at: Place, { header, signature, payload }: TrailEntry): Promise<void> {
		let entry: Entry;
		try {
			entry = await parseEntry(this.#crypto, { header, signature, payload });
		} catch (error) {
			if (!(error instanceof FormatError)) throw error;
			return this.#fault(at, error.message);
		}
		const { dbId, docId } = entry.common;
		const wanted = this.#heading?.docId;
		if (dbId !== directoryId && wanted !== undefined && docId !== wanted) {
			return this.#fault(at, "the entry belongs to another document", entry.hash);
		}
		if (dbId === this.#heading?.dbId) this.#entries++;
		// Without its payload an entry proves as much as its stub.
		await this.#gather(at, payload === undefined ? await stubOf(this.#crypto, entry) : entry);
	}

	async #gather(at: Place, entry: StoredEntry): Promise<void> {
		const { dbId } = linkOf(entry);
		if (dbId !== directoryId && dbId !== this.#heading?.dbId) {
			return this.#fault(at, "the entry belongs to another database", entry.hash);
		}
		const [first] = this.#batch;
		const size = entry.kind === "entry" ? (entry.payload?.length ?? 0) : 0;
		const isFull = this.#batch.length >= batchEntries || this.#batchBytes + size > batchBytes;
		if (first !== undefined && (isFull || linkOf(first.entry).dbId !== dbId)) await this.#verify();
		this.#batch.push({ ...at, entry });
		this.#batchBytes += size;
	}

	/** Checks what was gathered: form, address, payload, signature. Whether somebody vouches for what is unsigned shows at the end. */
	async #verify(): Promise<void> {
		const batch = this.#batch;
		const [first] = batch;
		this.#batch = [];
		this.#batchBytes = 0;
		if (first === undefined) return;
		const { dbId } = linkOf(first.entry);
		const { entries, refused } = await verifyEntries(
			batch.map(({ entry }) => entry),
			{
				crypto: this.#crypto,
				tenantRoot: this.#tenantRoot ?? "",
				dbId,
				headersAlone: false,
				settled: async () => new Set(),
				vouched: async (unsigned) => new Set(unsigned.filter((each) => !isChunk(each)).map(({ hash }) => hash)),
			},
		);
		const reasons = new Map(refused.map(({ hash, message }) => [hash, message]));
		for (const { entry, ...at } of batch) {
			const reason = reasons.get(entry.hash);
			if (reason !== undefined) this.#fault(at, reason, entry.hash);
			else if (!this.#links.add(entry, at)) this.#fault(at, "the entry is told twice", entry.hash);
		}
		await this.#onEntries?.(entries, dbId);
	}

	async #takeEnd(at: Place, { count, exporter, signature }: TrailEnd, before: Uint8Array): Promise<void> {
		if (count !== at.number - 1) this.#fault(at, `it speaks of ${count} sentences, found ${at.number - 1}`);
		if (exporter === undefined && signature === undefined) return;
		const publicKey = fromHex(exporter ?? "00".repeat(32), 32);
		const signed = signedEnd(before, count);
		if (signature !== undefined && (await this.#crypto.verify(publicKey, signed, signature))) this.#exporter = exporter;
		else this.#fault(at, "the signature is not the exporter's");
	}

	#fault({ number: sentence, offset }: Place, message: string, entry?: string): void {
		this.#faults.push({ sentence, offset, message, ...(entry === undefined ? {} : { entry }) });
	}
}
