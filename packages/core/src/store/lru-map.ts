/** A map that forgets what was used longest ago once it holds more than `capacity` keys. */
export class LruMap<K, V> {
	readonly #map = new Map<K, V>();
	readonly #capacity: number;

	constructor(capacity: number) {
		this.#capacity = capacity;
	}

	get(key: K): V | undefined {
		const value = this.#map.get(key);
		if (value !== undefined) {
			this.#map.delete(key);
			this.#map.set(key, value);
		}
		return value;
	}

	set(key: K, value: V): void {
		this.#map.delete(key);
		this.#map.set(key, value);
		if (this.#map.size > this.#capacity) this.#map.delete(this.#map.keys().next().value as K);
	}

	delete(key: K): void {
		this.#map.delete(key);
	}

	/** What was used longest ago comes first. */
	[Symbol.iterator](): IterableIterator<[K, V]> {
		return this.#map.entries();
	}

	clear(): void {
		this.#map.clear();
	}
}
