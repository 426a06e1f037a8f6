import { createHash } from "node:crypto";
import { type MindooDB, type MindooDoc, splice } from "mindoodb";
import { toJsonValue } from "../json-value.js";
import type { TextFile } from "./text-files.js";

/** Characters of a text that one change takes over: every character is an operation, and a change may have 262,144. */
const mostCharacters = 200_000;
/** Documents that are made in one write. */
const batchSize = 256;

export interface FileDocument {
	title: string;
	path: string;
	text: string;
}

/** Makes a document of each file. @returns their ids by path. */
export async function importFiles(
	db: MindooDB,
	files: readonly TextFile[],
	report: (done: number) => void,
	piece = mostCharacters,
): Promise<ReadonlyMap<string, string>> {
	const ids = new Map<string, string>();
	for (let start = 0; start < files.length; start += batchSize) {
		const batch = files.slice(start, start + batchSize);
		const values = batch.map(({ title, path, text }) => ({ title, path, text: pieceOf(text, 0, piece) }));
		const docs = await db.createDocuments(values);
		for (const [index, file] of batch.entries()) {
			const { id } = docs[index] as MindooDoc;
			ids.set(file.path, id);
			let at = pieceOf(file.text, 0, piece).length;
			while (at < file.text.length) {
				const more = pieceOf(file.text, at, piece);
				const place = at;
				await db.changeDoc(id, (draft) => splice(draft, ["text"], place, 0, more));
				at += more.length;
			}
			report(ids.size);
		}
	}
	return ids;
}

/** Ids and contents of all documents that a replica shows, as one hash. */
export async function digestOf(db: MindooDB): Promise<string> {
	const shown: string[] = [];
	for await (const doc of db.iterateDocuments()) {
		const { title, path, text, ...rest } = doc.getData<FileDocument & Record<string, unknown>>();
		shown.push(JSON.stringify([doc.id, title, path, text, toJsonValue(rest)]));
	}
	const hash = createHash("sha256");
	for (const each of shown.sort()) hash.update(each).update("\n");
	return hash.digest("hex");
}

/** A piece of a text that does not end between two halves of a character. */
function pieceOf(text: string, at: number, piece: number): string {
	const cut = text.slice(at, at + piece);
	return at + piece < text.length && /[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut;
}
