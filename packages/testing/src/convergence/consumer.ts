import type { MindooDB } from "@mindoodb/core";
import { type ShownDocument, shown } from "./observation.js";

/** Keeps a copy of a database's documents by its change feed alone, as a search index would. */
export class FeedConsumer {
	readonly documents = new Map<string, ShownDocument>();
	#cursor: string | undefined;

	/** Replays what changed since the last time, at most `limit` items. */
	async follow(db: MindooDB, limit = Number.POSITIVE_INFINITY): Promise<void> {
		this.#cursor = await db.processChangesSince(this.#cursor, limit, ({ docId, doc }) => {
			if (doc === undefined) this.documents.delete(docId);
			else this.documents.set(docId, shown(doc));
		});
	}
}
