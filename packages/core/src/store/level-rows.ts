import type { Table } from "./level.js";
import type { RowRange, Rows, RowWrite } from "./store.js";
import { keyAbove, type Writer } from "./writer.js";

const rowsPerBatch = 1000;

/** The rows of the layer above, behind a tag of their own. */
export class LevelRows implements Rows {
	readonly #table: Table;
	readonly #writer: Writer;

	constructor(table: Table, writer: Writer) {
		this.#table = table;
		this.#writer = writer;
	}

	get(key: Uint8Array): Promise<Uint8Array | undefined> {
		return this.#table.get(keyAbove(key));
	}

	getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
		return this.#table.getMany(keys.map(keyAbove));
	}

	async *scan(range: RowRange): AsyncGenerator<readonly (readonly [key: Uint8Array, value: Uint8Array])[]> {
		const { from, to, reverse = false, limit = -1 } = range;
		for await (const rows of this.#table.scan(
			{ gte: keyAbove(from), lt: keyAbove(to), reverse, limit },
			rowsPerBatch,
		)) {
			yield rows.map(([key, value]) => [key.slice(1), value] as const);
		}
	}

	async write(rows: readonly RowWrite[], options: { readonly durable?: boolean } = {}): Promise<void> {
		if (rows.length === 0) return;
		await this.#writer.write({ entries: [], rows: async () => rows, durable: options.durable });
	}
}
