import type { Row, RowRange, Rows, RowWrite } from "./rows.js";
import type { Table } from "./table.js";
import { keyAbove, type Writer } from "./writer.js";

const rowsPerBatch = 1000;

/** The rows of the layer above, behind a tag of their own. */
export class TableRows implements Rows {
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

	async *scan(range: RowRange): AsyncGenerator<readonly Row[]> {
		const above = { ...range, gte: keyAbove(range.gte), lt: keyAbove(range.lt) };
		for await (const rows of this.#table.scan(above, rowsPerBatch)) {
			yield rows.map(([key, value]) => [key.slice(1), value] as const);
		}
	}

	async write(rows: readonly RowWrite[], options: { readonly durable?: boolean } = {}): Promise<void> {
		if (rows.length === 0) return;
		await this.#writer.write({ entries: [], rows: async () => rows, durable: options.durable });
	}
}
