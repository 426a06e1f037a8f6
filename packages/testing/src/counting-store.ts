import type { ContentAddressedStore, Page } from "@mindoodb/core";

export interface CountingStore {
	readonly store: ContentAddressedStore;
	/** Calls by name. */
	readonly calls: Readonly<Record<string, number>>;
	/** Entries or hashes given to a call, by its name; for `entriesAfter` those in its answers. */
	readonly items: Readonly<Record<string, number>>;
	/** Payload bytes in answers of `entriesAfter`. */
	readonly payloadBytes: number;
}

/** Counts what a store is asked for. */
export function countingStore(inner: ContentAddressedStore): CountingStore {
	const calls: Record<string, number> = {};
	const items: Record<string, number> = {};
	let payloadBytes = 0;
	const count = (name: string, more: number) => {
		items[name] = (items[name] ?? 0) + more;
	};
	const store = new Proxy(inner, {
		get(target, name: keyof ContentAddressedStore) {
			if (typeof target[name] !== "function") return target[name];
			return async (...args: unknown[]) => {
				calls[name] = (calls[name] ?? 0) + 1;
				if (Array.isArray(args[0])) count(name, args[0].length);
				const answer = await (target[name] as (...given: unknown[]) => Promise<unknown>).apply(target, args);
				if (name === "entriesAfter") {
					const { arrivals } = answer as Page;
					count(name, arrivals.length);
					for (const { entry } of arrivals) payloadBytes += entry.kind === "stub" ? 0 : (entry.payload?.length ?? 0);
				}
				return answer;
			};
		},
	});
	return {
		store,
		calls,
		items,
		get payloadBytes() {
			return payloadBytes;
		},
	};
}
