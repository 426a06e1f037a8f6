/** Entries kept in mind; of those beyond it some go out once more to who gave them. */
const most = 8192;

/** What the other side of a session gave of a database, so that it does not get it back. */
export class GivenEntries {
	readonly #hashes = new Set<string>();
	/** Of the stores of the database; each says whether there is nothing left to tell of it. */
	readonly #tellings = new Set<() => boolean>();
	#pulls = 0;

	share(isLevel: () => boolean): void {
		this.#tellings.add(isLevel);
	}

	add(hash: string): void {
		this.#hashes.add(hash);
		if (this.#hashes.size <= most) return;
		for (const oldest of this.#hashes) {
			this.#hashes.delete(oldest);
			break;
		}
	}

	get size(): number {
		return this.#hashes.size;
	}

	has(hash: string): boolean {
		return this.#hashes.has(hash);
	}

	pullBegins(): void {
		this.#pulls++;
	}

	pullEnds(): void {
		this.#pulls--;
	}

	/** Forgets what everybody was told by now: an idle session keeps nothing. */
	forgetTold(): void {
		if (this.#pulls === 0 && [...this.#tellings].every((isLevel) => isLevel())) this.#hashes.clear();
	}
}
