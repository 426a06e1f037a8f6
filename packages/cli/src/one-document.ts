import { type MindooDB, type MindooDoc, UsageError } from "mindoodb";
import type { Call } from "./call.js";
import type { Answer } from "./command.js";

/** Works on the document that the first two arguments name. @throws {UsageError} `not-found` */
export function withDocument(
	call: Call,
	[dbId = "", id = ""]: readonly (string | undefined)[],
	work: (db: MindooDB, doc: MindooDoc) => Promise<Answer>,
): Promise<Answer> {
	return call.withTenant(async (place) => {
		const db = await call.existing(place, dbId);
		const doc = await db.getDocument(id);
		if (doc === undefined) throw absent();
		return work(db, doc);
	});
}

export function absent(): UsageError {
	return new UsageError("there is no such document that can be read here; `explain` tells more", { code: "not-found" });
}
