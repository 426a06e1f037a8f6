import type { OpenStoreOptions } from "@mindoodb/core";

/** A row as it lies on a disk. */
export interface DiskRow {
	readonly key: Uint8Array;
	readonly value: Uint8Array;
}

/** What a batch does. Without a value the row goes. */
export interface DiskWrite {
	readonly key: Uint8Array;
	readonly value: Uint8Array | undefined;
}

type Undo = readonly (readonly [name: string, before: DiskRow | undefined])[];

/** Rows in order of their keys, and how to take back what no synced write came behind of. */
export class DiskTable {
	readonly #rows: Map<string, DiskRow>;
	readonly #names: string[];
	#unsynced: Undo[] = [];

	constructor(rows: ReadonlyMap<string, DiskRow> = new Map(), names: readonly string[] = []) {
		this.#rows = new Map(rows);
		this.#names = [...names];
	}

	get(key: Uint8Array): Uint8Array | undefined {
		return this.#rows.get(nameOf(key))?.value;
	}

	/** From one key up to another, exclusive, as of now. */
	range(gte: Uint8Array, lt: Uint8Array): DiskRow[] {
		const end = this.#place(nameOf(lt));
		return this.#names.slice(this.#place(nameOf(gte)), end).map((name) => this.#rows.get(name) as DiskRow);
	}

	/** Atomic. @param sync whether it, and all before it, outlives the process. */
	apply(writes: readonly DiskWrite[], sync: boolean): void {
		const undo = writes.map(({ key, value }) => {
			const name = nameOf(key);
			const before = this.#rows.get(name);
			this.#set(name, value === undefined ? undefined : { key, value });
			return [name, before] as const;
		});
		if (sync) this.#unsynced = [];
		else this.#unsynced.push(undo);
	}

	/** The power goes. @param kept how many of the unsynced batches are there all the same, from the first on. */
	crash(kept: (unsynced: number) => number): void {
		const lost = this.#unsynced.slice(kept(this.#unsynced.length));
		for (const undo of lost.reverse()) {
			for (const [name, before] of [...undo].reverse()) this.#set(name, before);
		}
		this.#unsynced = [];
	}

	copy(): DiskTable {
		return new DiskTable(this.#rows, this.#names);
	}

	get rows(): Iterable<DiskRow> {
		return this.#rows.values();
	}

	#set(name: string, row: DiskRow | undefined): void {
		if (row !== undefined) {
			if (!this.#rows.has(name)) this.#names.splice(this.#place(name), 0, name);
			this.#rows.set(name, row);
		} else if (this.#rows.delete(name)) this.#names.splice(this.#place(name), 1);
	}

	/** Of the first name that is not before this one. */
	#place(name: string): number {
		let low = 0;
		let high = this.#names.length;
		while (low < high) {
			const middle = (low + high) >>> 1;
			if ((this.#names[middle] as string) < name) low = middle + 1;
			else high = middle;
		}
		return low;
	}
}

/** What one machine keeps: it outlives its processes. */
export class Disk {
	readonly tables: Map<string, DiskTable>;

	constructor(tables: ReadonlyMap<string, DiskTable> = new Map()) {
		this.tables = new Map(tables);
	}

	table(name: string): DiskTable {
		const table = this.tables.get(name) ?? new DiskTable();
		this.tables.set(name, table);
		return table;
	}

	copy(): Disk {
		return new Disk(new Map([...this.tables].map(([name, table]) => [name, table.copy()])));
	}

	/** Puts back what a copy holds. */
	restore(from: Disk): void {
		this.tables.clear();
		for (const [name, table] of from.copy().tables) this.tables.set(name, table);
	}

	/** The power goes: each table keeps what was synced, and some of what came behind. */
	crash(kept: (unsynced: number) => number): void {
		for (const table of this.tables.values()) table.crash(kept);
	}

	/** Whether any value holds these bytes. */
	contains(bytes: Uint8Array): boolean {
		for (const table of this.tables.values()) {
			for (const { key, value } of table.rows) {
				if (includesBytes(key, bytes) || includesBytes(value, bytes)) return true;
			}
		}
		return false;
	}
}

/** Whether bytes stand somewhere in others. */
export function includesBytes(all: Uint8Array, bytes: Uint8Array): boolean {
	return Buffer.from(all.buffer, all.byteOffset, all.length).includes(Buffer.from(bytes));
}

export function tableName({ tenantRoot, dbId, purpose }: OpenStoreOptions): string {
	return JSON.stringify([tenantRoot, dbId, purpose]);
}

/** Strings of bytes compare like the bytes. */
function nameOf(key: Uint8Array): string {
	return Buffer.from(key.buffer, key.byteOffset, key.length).toString("latin1");
}
