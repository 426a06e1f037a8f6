import { ByteWriter } from "./leb128.js";

/**
 * Builds one run-length column in canonical form: what `readRuns` takes. Whole runs are added at once.
 * Source: automerge.org/automerge-binary-format-spec, "Column Encodings".
 */
export class RunWriter<T extends number | string> {
	readonly #write: (writer: ByteWriter, value: T) => void;
	readonly #bytes = new ByteWriter(32);
	#singles: T[] = [];
	#value: T | null = null;
	#count = 0;
	#empty = true;

	constructor(write: (writer: ByteWriter, value: T) => void) {
		this.#write = write;
	}

	/** @param count rows that hold `value`. */
	add(value: T | null, count = 1): void {
		if (value === this.#value) {
			this.#count += count;
			return;
		}
		this.#endRun();
		this.#value = value;
		this.#count = count;
	}

	/** The column; without bytes when no row holds anything. Nothing may be added afterwards. */
	finish(): ByteWriter {
		this.#endRun();
		this.#endSingles();
		return this.#empty ? new ByteWriter() : this.#bytes;
	}

	#endRun(): void {
		const value = this.#value;
		if (this.#count === 0) return;
		if (value === null) {
			this.#endSingles();
			this.#bytes.byte(0);
			this.#bytes.unsigned(this.#count);
			return;
		}
		this.#empty = false;
		if (this.#count === 1) {
			this.#singles.push(value);
			return;
		}
		this.#endSingles();
		this.#bytes.signed(this.#count);
		this.#write(this.#bytes, value);
	}

	#endSingles(): void {
		if (this.#singles.length === 0) return;
		this.#bytes.signed(-this.#singles.length);
		for (const value of this.#singles) this.#write(this.#bytes, value);
		this.#singles = [];
	}
}

/** Builds a column of numbers that are stored as differences. */
export class DeltaWriter {
	readonly #differences = new RunWriter<number>((writer, value) => writer.signed(value));
	#last = 0;

	add(value: number | null): void {
		if (value === null) {
			this.#differences.add(null);
			return;
		}
		this.#differences.add(value - this.#last);
		this.#last = value;
	}

	/** `count` rows, each 1 more than the row before. */
	addAscending(count: number): void {
		this.#differences.add(1, count);
		this.#last += count;
	}

	finish(): ByteWriter {
		return this.#differences.finish();
	}
}

/** Builds a boolean column. */
export class BooleanWriter {
	readonly #bytes = new ByteWriter(16);
	#value = false;
	#count = 0;

	add(value: boolean, count = 1): void {
		if (value !== this.#value) {
			this.#bytes.unsigned(this.#count);
			this.#value = value;
			this.#count = 0;
		}
		this.#count += count;
	}

	finish(): ByteWriter {
		if (this.#count > 0) this.#bytes.unsigned(this.#count);
		return this.#bytes;
	}
}
