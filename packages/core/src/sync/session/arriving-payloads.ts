import type { Chunk } from "@mindoodb/formats/chunks";
import { equalBytes } from "../../bytes/compare.js";
import { fromHex } from "../../bytes/hex.js";
import { FormatError, TransportError } from "../../errors.js";
import { chunkCount, rangesOf } from "../payloads/chunk-ranges.js";
import type { Expected, IncomingPayloads } from "../payloads/incoming.js";
import type { Sender } from "../payloads/incoming-payload.js";
import { messageLimits } from "../wire/message-checks.js";
import { type Announcement, announcementOf } from "../wire/terms.js";
import type { Requests } from "./requests.js";

/** Payloads of one call that are under way at a time. */
const atATime = 4;

/** Payloads that the other side of a session sends as Chunks, because it was asked for them. */
export class ArrivingPayloads {
	readonly #incoming: IncomingPayloads;
	readonly #requests: Requests;
	readonly #sender: Sender = {};
	#left = false;

	constructor(incoming: IncomingPayloads, requests: Requests) {
		this.#incoming = incoming;
		this.#requests = requests;
	}

	/**
	 * Fetches what was announced; what the other side does not have any more is left out, and what did not come before the session ended.
	 * @param store number of the store in this session.
	 * @returns payloads by contentHash.
	 * @throws {TransportError} when it ends before anything came; parts are kept. @throws {FormatError} when the other side lied.
	 */
	async fetch(store: number, announced: readonly Announcement[]): Promise<Map<string, Uint8Array>> {
		const found = new Map<string, Uint8Array>();
		let next = 0;
		const takeTurns = async () => {
			for (let announcement = announced[next++]; announcement !== undefined; announcement = announced[next++]) {
				const payload = await this.#fetch(store, announcement);
				if (payload !== undefined) found.set(announcement.contentHash, payload);
			}
		};
		const turns = Array.from({ length: Math.min(atATime, announced.length) }, takeTurns);
		for (const turn of await Promise.allSettled(turns)) {
			if (turn.status === "rejected" && !(found.size > 0 && turn.reason instanceof TransportError)) throw turn.reason;
		}
		return found;
	}

	/** @throws {FormatError} when nobody asked for it. */
	accept(chunk: Chunk): Promise<void> {
		return this.#incoming.accept(this.#sender, chunk);
	}

	/** The session has ended. Resolves when what came is kept. */
	async leave(): Promise<void> {
		this.#left = true;
		await this.#incoming.leave(this.#sender);
	}

	async #fetch(store: number, announcement: Announcement): Promise<Uint8Array | undefined> {
		const expected = await this.#expect(announcement);
		if (expected.held.length < chunkCount(announcement.size)) {
			const comes = await this.#ask(store, announcement, expected.held).catch(async (error: unknown) => {
				await this.#incoming.giveUp(this.#sender, announcement);
				throw error;
			});
			if (!comes) await this.#incoming.giveUp(this.#sender, announcement);
		}
		const end = await expected.ended;
		if (end.kind === "complete") return end.payload;
		if (this.#left) throw new TransportError("the session has ended", { retryable: true });
		if (end.kind === "wrong" && end.sender === this.#sender) {
			throw new FormatError("payload: not the one that was announced", { hash: announcement.contentHash });
		}
		return undefined;
	}

	async #expect(announcement: Announcement): Promise<Expected> {
		for (;;) {
			if (this.#left) throw new TransportError("the session has ended", { retryable: true });
			const expected = await this.#incoming.expect(this.#sender, announcement);
			if (expected !== undefined) return expected;
			await this.#incoming.room();
		}
	}

	/** @returns whether the other side sends it. */
	async #ask(store: number, { contentHash, size, datum }: Announcement, indexes: readonly number[]): Promise<boolean> {
		const hashes = fromHex(contentHash, 32);
		const held = [{ contentHash: hashes, ranges: rangesOf(indexes).slice(0, 2 * messageLimits.heldRanges) }];
		const { announced } = await this.#requests.ask(store, { case: "contents", value: { hashes, held } }, "contents");
		const [first] = announced.map(announcementOf);
		if (first === undefined) return false;
		if (first.contentHash === contentHash && first.size === size && equalBytes(first.datum, datum)) return true;
		throw new FormatError("response: expected what was announced before", { hash: contentHash });
	}
}
