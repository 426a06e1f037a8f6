/** Where containers lie, encrypted: three methods, which a file, a folder or a database can have. */
export interface ContainerStore {
	/** @returns the value's text; `undefined` when there is none under this key. */
	get(key: string): Promise<string | undefined>;
	/** Replaces the value whole or not at all; it lasts once this resolves. */
	put(key: string, value: string): Promise<void>;
	/** Silent when there is none. */
	delete(key: string): Promise<void>;
}

/** Containers in memory. */
export class MemoryContainerStore implements ContainerStore {
	readonly values = new Map<string, string>();

	async get(key: string): Promise<string | undefined> {
		return this.values.get(key);
	}

	async put(key: string, value: string): Promise<void> {
		this.values.set(key, value);
	}

	async delete(key: string): Promise<void> {
		this.values.delete(key);
	}
}

/** What a database offers: `abstract-level` and its kin have these methods. */
export interface KeyValueDatabase {
	get(key: string): Promise<string | undefined>;
	put(key: string, value: string): Promise<void>;
	del(key: string): Promise<void>;
}

/** The realisation as a database. */
export class DatabaseContainerStore implements ContainerStore {
	readonly #database: KeyValueDatabase;

	constructor(database: KeyValueDatabase) {
		this.#database = database;
	}

	get(key: string): Promise<string | undefined> {
		return this.#database.get(key);
	}

	put(key: string, value: string): Promise<void> {
		return this.#database.put(key, value);
	}

	delete(key: string): Promise<void> {
		return this.#database.del(key);
	}
}
