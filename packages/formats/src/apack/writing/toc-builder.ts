import type { ContainerTrailer } from "../format/container-trailer.js";
import { encodeTocRecord, type TocRecord, tocRecordLength } from "../format/table-of-contents.js";

/** Collects the table of contents; 40 bytes for each of perhaps a million entries. */
export class TocBuilder {
	#bytes: Uint8Array = new Uint8Array(64 * tocRecordLength);
	#entries = 0;
	#originalSize = 0;
	#storedSize = 0;

	add(record: TocRecord): void {
		const at = this.#entries * tocRecordLength;
		if (at === this.#bytes.length) {
			const grown = new Uint8Array(2 * at);
			grown.set(this.#bytes);
			this.#bytes = grown;
		}
		this.#bytes.set(encodeTocRecord(record), at);
		this.#entries++;
		this.#originalSize += record.originalSize;
		this.#storedSize += record.storedSize;
	}

	get bytes(): Uint8Array {
		return this.#bytes.subarray(0, this.#entries * tocRecordLength);
	}

	get sums(): Omit<ContainerTrailer, "filled" | "tocSize"> {
		return {
			entryCount: this.#entries,
			totalOriginalSize: this.#originalSize,
			totalStoredSize: this.#storedSize,
		};
	}
}
