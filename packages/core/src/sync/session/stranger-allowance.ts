import type { StoredEntry } from "../../entry/entry.js";
import { FormatError } from "../../errors.js";
import type { SessionLimits } from "./limits.js";

/** How much of a directory is looked at for a key that the directory here does not grant. */
export class StrangerAllowance {
	readonly #isKnown: () => boolean;
	#entries: number;
	#bytes: number;

	constructor({ strangerEntries, strangerBytes }: SessionLimits, isKnown: () => boolean) {
		this.#isKnown = isKnown;
		this.#entries = strangerEntries;
		this.#bytes = strangerBytes;
	}

	/**
	 * @param announcedBytes payloads of the entries that are yet to come.
	 * @throws {FormatError} `limit`
	 */
	take(entries: readonly StoredEntry[], announcedBytes = 0): void {
		if (this.#isKnown()) return;
		this.#entries -= entries.length;
		this.#bytes -= announcedBytes;
		for (const entry of entries) this.#bytes -= sizeOf(entry);
		if (this.#entries < 0 || this.#bytes < 0) {
			throw new FormatError("directory: more than is looked at for a key that is not known", { code: "limit" });
		}
	}
}

function sizeOf(entry: StoredEntry): number {
	return entry.kind === "stub" ? 0 : entry.header.length + (entry.payload?.length ?? 0);
}
