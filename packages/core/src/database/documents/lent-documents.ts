import type { CrdtDocument } from "../../automerge/crdt-document.js";

/** Automerge documents that are lent to drafts which last longer than a turn. No two copies in use may share an actor. */
export class LentDocuments {
	readonly #actors: readonly string[];
	readonly #anotherActor: () => string;
	readonly #lent = new Set<CrdtDocument>();

	/** @param actors of this author. @param anotherActor makes one more, when all of them are in use. */
	constructor(actors: readonly string[], anotherActor: () => string) {
		this.#actors = actors;
		this.#anotherActor = anotherActor;
	}

	get count(): number {
		return this.#lent.size;
	}

	/** @returns the same document. */
	add(crdt: CrdtDocument): CrdtDocument {
		this.#lent.add(crdt);
		return crdt;
	}

	delete(crdt: CrdtDocument): void {
		this.#lent.delete(crdt);
	}

	/** Whether a copy that is lent has this actor. */
	hasActor(actor: string | undefined): boolean {
		return [...this.#lent].some((crdt) => crdt.actor === actor);
	}

	/** An actor that no copy in use has. */
	freeActor(): string {
		return this.#actors.find((actor) => !this.hasActor(actor)) ?? this.#anotherActor();
	}
}
