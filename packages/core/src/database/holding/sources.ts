/** Stores that may have bytes which are lacking here. Nothing that they say is believed but that they keep what they say they keep. */
import { limits } from "../../entry/limits.js";
import type { Env } from "../../env.js";
import { nameOfError } from "../../errors.js";
import type { Content } from "../../store/contents.js";
import { contentsByHash } from "../../store/known-bytes.js";
import type { ContentAddressedStore } from "../../store/store.js";
import { readFound } from "../../sync/levelling/found.js";
import { pageEntries } from "../../sync/levelling/pages.js";

/** Milliseconds that a source has for an answer. */
const patience = 30_000;

interface Source {
	readonly store: ContentAddressedStore;
	/** Answers that were wrong or did not come, less those that were right. */
	faults: number;
}

export class Sources {
	readonly #env: Pick<Env, "crypto" | "clock" | "log">;
	readonly #sources: Source[] = [];

	constructor(env: Pick<Env, "crypto" | "clock" | "log">) {
		this.#env = env;
	}

	/** @returns a function that ends it. */
	add(store: ContentAddressedStore): () => void {
		const source = { store, faults: 0 };
		this.#sources.push(source);
		return () => {
			const at = this.#sources.indexOf(source);
			if (at >= 0) this.#sources.splice(at, 1);
		};
	}

	/**
	 * Asks one source after the other, those first that gave the fewest wrong answers.
	 * @param also a store that is asked before all of them. @param silent as for `held`.
	 * @returns what was found; each payload has its hash.
	 */
	async find(
		contentHashes: readonly string[],
		also?: ContentAddressedStore,
		silent?: Set<ContentAddressedStore>,
	): Promise<Map<string, Uint8Array>> {
		const found = new Map<string, Uint8Array>();
		let left = contentHashes;
		for (const source of this.#inOrder(also, silent)) {
			if (left.length === 0) break;
			for (const { contentHash, payload } of await this.#ask(source, left, silent)) found.set(contentHash, payload);
			left = left.filter((contentHash) => !found.has(contentHash));
		}
		return found;
	}

	/**
	 * Payloads of entries of documents, of which most lie nowhere but in their records: so the entries are asked for.
	 * @param needed what each payload is to be, as SHA-256, by the hash of its entry. @returns what was found, by that.
	 */
	async findOfEntries(
		needed: ReadonlyMap<string, string>,
		also?: ContentAddressedStore,
		silent?: Set<ContentAddressedStore>,
	): Promise<Map<string, Uint8Array>> {
		const found = new Map<string, Uint8Array>();
		const wanted = new Set(needed.values());
		let left = [...needed.keys()];
		for (const source of this.#inOrder(also, silent)) {
			if (left.length === 0) break;
			const payloads = await this.#payloadsOf(source, left, silent);
			for (const { contentHash, payload } of await contentsByHash(this.#env.crypto, payloads)) {
				if (wanted.has(contentHash)) found.set(contentHash, payload);
			}
			left = left.filter((hash) => !found.has(needed.get(hash) as string));
		}
		return found;
	}

	async #payloadsOf(
		source: Source,
		hashes: readonly string[],
		silent: Set<ContentAddressedStore> | undefined,
	): Promise<Uint8Array[]> {
		const { store } = source;
		const payloads: Uint8Array[] = [];
		if (!givesEntries(store)) return payloads;
		for (let from = 0; from < hashes.length; ) {
			const some = hashes.slice(from, from + pageEntries);
			const answer = await this.#inTime(source, () => readFound(store, some), silent, timeFor(store, some.length));
			if (answer === undefined) break;
			for (const { entry } of answer.arrivals) {
				if (entry.kind === "entry" && entry.payload !== undefined) payloads.push(entry.payload);
			}
			from += answer.covered;
		}
		return payloads;
	}

	/**
	 * Those of the payloads that some source says it holds.
	 * @param silent sources that are not asked; receives those that give no answer in time.
	 */
	async held(
		contentHashes: readonly string[],
		also?: ContentAddressedStore,
		silent?: Set<ContentAddressedStore>,
	): Promise<Set<string>> {
		const held = new Set<string>();
		let left = contentHashes;
		for (const source of this.#inOrder(also, silent)) {
			if (left.length === 0) break;
			for (const contentHash of await this.#heldBy(source, left, { silent })) held.add(contentHash);
			left = left.filter((contentHash) => !held.has(contentHash));
		}
		return held;
	}

	/**
	 * Those of the payloads that some source says it does not drop by itself, and for all of the entries that need them here: what it has
	 * for another document's sake, or for an upload under way, goes with that.
	 * @param needs hashes of these entries, by contentHash.
	 */
	async kept(needs: ReadonlyMap<string, readonly string[]>, also?: ContentAddressedStore): Promise<Set<string>> {
		const kept = new Set<string>();
		let left = [...needs.keys()];
		for (const source of this.#inOrder(also)) {
			if (left.length === 0) break;
			const held = await this.#heldBy(source, left, { lasting: true });
			const entries = held.flatMap((contentHash) => needs.get(contentHash) as readonly string[]);
			if (entries.length === 0) continue;
			const answer = await this.#inTime(source, async () => source.store.hasEntries(entries));
			const there = new Set(Array.isArray(answer) ? answer : []);
			for (const contentHash of held)
				if (needs.get(contentHash)?.every((hash) => there.has(hash))) kept.add(contentHash);
			left = left.filter((contentHash) => !kept.has(contentHash));
		}
		return kept;
	}

	async #heldBy(
		source: Source,
		contentHashes: readonly string[],
		{
			lasting = false,
			silent,
		}: { readonly lasting?: boolean; readonly silent?: Set<ContentAddressedStore> | undefined },
	): Promise<string[]> {
		const ask = async () => source.store.hasContents?.(contentHashes, { lasting });
		const answer = await this.#inTime(source, ask, silent);
		const asked = new Set(contentHashes);
		return Array.isArray(answer) ? answer.filter((contentHash) => asked.has(contentHash)) : [];
	}

	#inOrder(also: ContentAddressedStore | undefined, silent?: ReadonlySet<ContentAddressedStore>): Source[] {
		const sorted = this.#sources.filter(({ store }) => store !== also).sort((a, b) => a.faults - b.faults);
		const all = also === undefined ? sorted : [{ store: also, faults: 0 }, ...sorted];
		return all.filter(({ store }) => !silent?.has(store));
	}

	async #ask(
		source: Source,
		contentHashes: readonly string[],
		silent: Set<ContentAddressedStore> | undefined,
	): Promise<Content[]> {
		const time = timeFor(source.store, contentHashes.length);
		const answer = await this.#inTime(source, async () => source.store.getContents?.(contentHashes), silent, time);
		const given: readonly unknown[] = Array.isArray(answer) ? answer : [answer];
		if (answer === undefined || given.length === 0) return [];
		const payloads = given.slice(0, contentHashes.length).filter(isPayload);
		const asked = new Set(contentHashes);
		const genuine = (await contentsByHash(this.#env.crypto, payloads)).filter(({ contentHash }) =>
			asked.has(contentHash),
		);
		if (genuine.length < given.length) this.#blame(source, "wrong bytes");
		else source.faults = Math.floor(source.faults / 2);
		return genuine;
	}

	/** @returns `undefined` when the answer fails or does not come. */
	async #inTime<T>(
		source: Source,
		ask: () => Promise<T>,
		silent?: Set<ContentAddressedStore>,
		time = patience,
	): Promise<T | undefined> {
		let cancel: (() => void) | undefined;
		const late = new Promise<Failure>((resolve) => {
			cancel = this.#env.clock.after(time, () => {
				silent?.add(source.store);
				resolve({ failure: "TimeoutError" });
			});
		});
		const failed = (error: unknown): Failure => ({ failure: nameOfError(error) });
		try {
			const answer = await Promise.race([ask().then((value) => ({ value }), failed), late]);
			if ("value" in answer) return answer.value;
			this.#blame(source, answer.failure);
			return undefined;
		} finally {
			cancel?.();
		}
	}

	#blame(source: Source, reason: string): void {
		source.faults++;
		this.#env.log("warn", "a source of attachments gave no right answer", { reason });
	}
}

interface Failure {
	readonly failure: string;
}

/** Whether somebody is at the other end, a session sees by itself; large payloads take their time there. */
function timeFor({ peer }: ContentAddressedStore, payloads: number): number {
	return peer === undefined ? patience : patience * payloads;
}

function givesEntries(
	store: ContentAddressedStore,
): store is ContentAddressedStore & Required<Pick<ContentAddressedStore, "entriesByHash">> {
	return store.entriesByHash !== undefined;
}

function isPayload(answer: unknown): answer is Uint8Array {
	return answer instanceof Uint8Array && answer.length <= limits.chunkPayloadBytes;
}
