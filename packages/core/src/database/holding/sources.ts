/** Stores that may have bytes which are lacking here. Nothing that they say is believed but that they keep what they say they keep. */
import { limits } from "../../entry/limits.js";
import type { Env } from "../../env.js";
import { nameOfError } from "../../errors.js";
import type { Content } from "../../store/contents.js";
import { contentsByHash } from "../../store/known-bytes.js";
import type { ContentAddressedStore } from "../../store/store.js";

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
	 * @param also a store that is asked before all of them.
	 * @returns what was found; each payload has its hash.
	 */
	async find(contentHashes: readonly string[], also?: ContentAddressedStore): Promise<Map<string, Uint8Array>> {
		const found = new Map<string, Uint8Array>();
		let left = contentHashes;
		for (const source of this.#inOrder(also)) {
			if (left.length === 0) break;
			for (const { contentHash, payload } of await this.#ask(source, left)) found.set(contentHash, payload);
			left = left.filter((contentHash) => !found.has(contentHash));
		}
		return found;
	}

	/** Those of the payloads that some source says it holds. @param options `lasting`: and does not drop by itself. */
	async held(
		contentHashes: readonly string[],
		{ also, lasting = false }: { readonly also?: ContentAddressedStore | undefined; readonly lasting?: boolean } = {},
	): Promise<Set<string>> {
		const held = new Set<string>();
		let left = contentHashes;
		for (const source of this.#inOrder(also)) {
			if (left.length === 0) break;
			const { store } = source;
			const answer = await this.#inTime(source, async () => store.hasContents?.(left, { lasting }));
			const asked = new Set(left);
			for (const contentHash of Array.isArray(answer) ? answer : []) if (asked.has(contentHash)) held.add(contentHash);
			left = left.filter((contentHash) => !held.has(contentHash));
		}
		return held;
	}

	#inOrder(also: ContentAddressedStore | undefined): Source[] {
		const sorted = this.#sources.filter(({ store }) => store !== also).sort((a, b) => a.faults - b.faults);
		return also === undefined ? sorted : [{ store: also, faults: 0 }, ...sorted];
	}

	async #ask(source: Source, contentHashes: readonly string[]): Promise<Content[]> {
		const answer = await this.#inTime(source, async () => source.store.getContents?.(contentHashes));
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
	async #inTime<T>(source: Source, ask: () => Promise<T>): Promise<T | undefined> {
		let cancel: (() => void) | undefined;
		const late = new Promise<Failure>((resolve) => {
			cancel = this.#env.clock.after(patience, () => resolve({ failure: "TimeoutError" }));
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

function isPayload(answer: unknown): answer is Uint8Array {
	return answer instanceof Uint8Array && answer.length <= limits.chunkPayloadBytes;
}
