import type { Chunk } from "@mindoodb/formats/chunks";
import { toHex } from "../../bytes/hex.js";
import type { Crypto } from "../../crypto/crypto.js";
import { limits } from "../../entry/limits.js";
import { fitsContentHash } from "../../entry/payload.js";
import type { Clock } from "../../env.js";
import { FormatError } from "../../errors.js";
import { LruMap } from "../../store/lru-map.js";
import type { Announcement } from "../wire/terms.js";
import { chunkCount } from "./chunk-ranges.js";
import { IncomingPayload, type Sender, type TransferEnd } from "./incoming-payload.js";
import type { ContentPart, PartialContents } from "./partial-contents.js";

/** How long parts stay of which nothing more came, milliseconds. */
const partsStay = 24 * 60 * 60 * 1000;
/** How often it is looked for older ones, milliseconds. */
const collectEvery = 60 * 60 * 1000;
/** Payloads that turned out wrong of which it is remembered. */
const rememberedWrong = 4096;
/** Payloads of one sender of which late chunks are passed over. */
const rememberedEnded = 1024;

export interface IncomingOptions {
	readonly crypto: Crypto;
	readonly clock: Clock;
	/** Where parts stay when a transfer is cut. @default nowhere */
	readonly partials?: PartialContents;
	/** Most bytes of payloads that are under way at a time, from all senders. @default 64 MiB */
	readonly maxBytes?: number;
	/** Bytes of one payload from which on they are written before a cut, so that a crash loses no more. @default 1 MiB */
	readonly unwrittenBytes?: number;
}

export interface Expected {
	/** Indexes of chunks that need not be sent, ascending. */
	readonly held: readonly number[];
	/** Never rejects. */
	readonly ended: Promise<TransferEnd>;
}

/** What one sender was asked for under a datum. */
interface Route {
	readonly payload: IncomingPayload;
	/** Chunks that it may still send, repeated ones among them. */
	left: number;
}

interface Routes {
	readonly open: Map<string, Route>;
	/** What `left` was when the payload had ended. */
	readonly ended: LruMap<string, number>;
}

/**
 * Payloads on their way here, from any number of senders. Only what was announced and asked for is taken. Whether a chunk is the right one
 * nobody can tell before the payload is whole; when that does not fit its hash, all of it is thrown away. If one sender sent it, that one is
 * to blame. If several did, the next try takes it from one alone.
 */
export class IncomingPayloads {
	readonly #options: IncomingOptions;
	readonly #maxBytes: number;
	readonly #unwrittenBytes: number;
	/** By contentHash and size. */
	readonly #open = new Map<string, IncomingPayload>();
	readonly #routes = new Map<Sender, Routes>();
	/** contentHashes. */
	readonly #wrong = new LruMap<string, true>(rememberedWrong);
	/** Last change of the parts of a payload that is under way. */
	readonly #changes = new Map<string, Promise<void>>();
	/** Told when a payload has ended. */
	readonly #waiting = new Set<() => void>();
	#bytes = 0;
	#collected = Number.NEGATIVE_INFINITY;

	constructor(options: IncomingOptions) {
		const { maxBytes = 64 * 1024 * 1024, unwrittenBytes = 1024 * 1024 } = options;
		this.#options = options;
		this.#maxBytes = maxBytes;
		this.#unwrittenBytes = unwrittenBytes;
	}

	/** Bytes of payloads that are under way, whether they have come or not. */
	get reservedBytes(): number {
		return this.#bytes;
	}

	/**
	 * Allows a sender to send a payload; to be called before it is asked for, again when it is asked for again.
	 * @returns `undefined` when it has to wait: there is no room now, another sender sends it and only one may, or it is just being checked.
	 * @throws {FormatError} when the announcement cannot be, or names two payloads by one datum.
	 */
	async expect(sender: Sender, announcement: Announcement): Promise<Expected | undefined> {
		const { contentHash, size } = announcement;
		if (!Number.isSafeInteger(size) || size < 1 || size > limits.payloadBytes) {
			throw new FormatError(`payload: expected 1 to ${limits.payloadBytes} bytes`, { code: "limit", found: size });
		}
		const datum = toHex(announcement.datum);
		const before = this.#routes.get(sender)?.open.get(datum)?.payload;
		if (before !== undefined && (before.contentHash !== contentHash || before.size !== size)) {
			throw new FormatError("payload: expected another datum for another payload", { hash: contentHash });
		}
		const payload = this.#payloadFor(sender, announcement);
		if (payload === undefined) return undefined;
		payload.senders.add(sender);
		this.#routesOf(sender).open.set(datum, { payload, left: 2 * chunkCount(size) });
		await payload.restored;
		return { held: payload.held(), ended: payload.ended };
	}

	/** Resolves when a payload that is under way has ended: then there may be room. */
	async room(): Promise<void> {
		if (this.#open.size > 0) await new Promise<void>((resolve) => this.#waiting.add(resolve));
	}

	/** A sender does not send a payload after all. */
	async giveUp(sender: Sender, { contentHash, size }: Announcement): Promise<void> {
		const payload = this.#open.get(nameOf({ contentHash, size }));
		if (payload?.senders.has(sender) !== true || payload.closed) return;
		payload.senders.delete(sender);
		this.#endRoutes(sender, payload);
		if (payload.senders.size === 0) await this.#cut(payload);
	}

	/**
	 * Takes a chunk whose own hash was found right.
	 * @throws {FormatError} when the sender was not asked for it.
	 */
	async accept(sender: Sender, chunk: Chunk): Promise<void> {
		const datum = toHex(chunk.datum);
		const routes = this.#routes.get(sender);
		const route = routes?.open.get(datum);
		if (route === undefined) {
			const left = routes?.ended.get(datum) ?? 0;
			if (left < 1) throw new FormatError("payload: found a chunk that nobody asked for");
			routes?.ended.set(datum, left - 1);
			return;
		}
		if (route.left-- < 1) throw new FormatError("payload: found more chunks than there are", { code: "limit" });
		const { payload } = route;
		if (payload.closed) return;
		payload.add(sender, chunk);
		if (payload.complete) await this.#finish(payload);
		else if (payload.unwrittenBytes >= this.#unwrittenBytes) await this.#keep(payload);
	}

	/** A sender is gone. What nobody else sends is cut; resolves when its parts are kept. */
	async leave(sender: Sender): Promise<void> {
		const routes = this.#routes.get(sender);
		this.#routes.delete(sender);
		const cuts: Promise<void>[] = [];
		for (const { payload } of routes?.open.values() ?? []) {
			payload.senders.delete(sender);
			if (payload.senders.size === 0 && !payload.closed) cuts.push(this.#cut(payload));
		}
		await Promise.all(cuts);
	}

	#payloadFor(sender: Sender, announcement: Announcement): IncomingPayload | undefined {
		const { contentHash, size } = announcement;
		const known = this.#open.get(nameOf(announcement));
		if (known !== undefined && !known.closed) {
			const alone = known.senders.size === 0 || known.senders.has(sender);
			return alone || this.#wrong.get(contentHash) === undefined ? known : undefined;
		}
		if (known !== undefined || this.#bytes + size > this.#maxBytes) return undefined;
		const payload = new IncomingPayload(announcement);
		this.#open.set(nameOf(announcement), payload);
		this.#bytes += size;
		payload.restored = this.#restore(payload);
		return payload;
	}

	async #restore(payload: IncomingPayload): Promise<void> {
		const { partials, clock } = this.#options;
		if (partials === undefined) return;
		const now = clock.now();
		if (now - this.#collected > collectEvery) {
			this.#collected = now;
			await partials.collect(now - partsStay);
		}
		await this.#changes.get(payload.contentHash);
		payload.restore(await partials.get(payload.contentHash));
		if (payload.complete && !payload.closed) await this.#finish(payload);
	}

	async #finish(payload: IncomingPayload): Promise<void> {
		const { contentHash } = payload;
		const fits = await fitsContentHash(this.#options.crypto, payload.close(), contentHash);
		if (fits) this.#wrong.delete(contentHash);
		else this.#wrong.set(contentHash, true);
		this.#release(payload);
		payload.end(fits);
		if (payload.kept) await this.#change(contentHash, (partials) => partials.drop(contentHash));
	}

	async #cut(payload: IncomingPayload): Promise<void> {
		const parts = payload.takeUnwritten();
		this.#release(payload);
		payload.end(undefined);
		await this.#write(payload.contentHash, parts);
	}

	async #keep(payload: IncomingPayload): Promise<void> {
		payload.kept = true;
		await this.#write(payload.contentHash, payload.takeUnwritten());
	}

	/** What comes from one sender alone is not mixed with what another one sent before. */
	async #write(contentHash: string, parts: readonly ContentPart[]): Promise<void> {
		if (parts.length === 0 || this.#wrong.get(contentHash) !== undefined) return;
		const now = this.#options.clock.now();
		await this.#change(contentHash, (partials) => partials.put(contentHash, parts, now));
	}

	/** Changes of one payload's parts, one after the other. */
	async #change(contentHash: string, work: (partials: PartialContents) => Promise<void>): Promise<void> {
		const { partials } = this.#options;
		if (partials === undefined) return;
		const before = this.#changes.get(contentHash) ?? Promise.resolve();
		const change = before.catch(() => {}).then(() => work(partials));
		this.#changes.set(contentHash, change);
		try {
			await change;
		} finally {
			if (this.#changes.get(contentHash) === change) this.#changes.delete(contentHash);
		}
	}

	#release(payload: IncomingPayload): void {
		this.#open.delete(nameOf(payload));
		this.#bytes -= payload.size;
		for (const sender of payload.senders) this.#endRoutes(sender, payload);
		for (const each of [...this.#waiting]) each();
		this.#waiting.clear();
	}

	#endRoutes(sender: Sender, payload: IncomingPayload): void {
		const routes = this.#routesOf(sender);
		for (const [datum, { payload: each, left }] of routes.open) {
			if (each !== payload) continue;
			routes.open.delete(datum);
			routes.ended.set(datum, left);
		}
	}

	#routesOf(sender: Sender): Routes {
		let routes = this.#routes.get(sender);
		if (routes === undefined) {
			routes = { open: new Map(), ended: new LruMap(rememberedEnded) };
			this.#routes.set(sender, routes);
		}
		return routes;
	}
}

function nameOf({ contentHash, size }: Pick<Announcement, "contentHash" | "size">): string {
	return `${contentHash} ${size}`;
}
