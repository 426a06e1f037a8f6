/**
 * A project's documents. All values but the last two are texts that are one register each, so that an edit of one field merges with an
 * edit of another.
 *
 * | form          | root field    | content                                                       |
 * |---------------|---------------|---------------------------------------------------------------|
 * | "pampa-entry" | id            | key of the codemap                                            |
 * |               | "field." name | JSON of the codemap's field of this name                      |
 * | "pampa-chunk" | sha           | name of the chunk                                             |
 * |               | encrypted     | whether the file is the encrypted form                        |
 * |               | file          | the bytes of `<sha>.gz` or `<sha>.gz.enc`                     |
 *
 * Machines that did not know of each other each make a document of the same thing; these are joined by id or sha when they are read.
 */
import { type DocumentData, ImmutableString, type InitialValues, type MindooDB } from "@mindoodb/core";
import { isSha } from "@mindoodb/formats/pampa";
import { mapBounded } from "../bounded.js";
import { type ChunkFile, type EntryChanges, formOf, type ProjectSide, type ProjectState } from "./project-side.js";
import { type Fields, figures } from "./three-way.js";
import type { Conflict } from "./transfer-plan.js";

const [entryForm, chunkForm, prefix] = ["pampa-entry", "pampa-chunk", "field."];
/** Levels of a field. Each is indented in the file, so a deep one would make a text that nobody can hold. */
const deepest = 32;
/** Documents that are made in one call. */
const batchSize = 256;

/** A document of an entry or a chunk. */
interface Found {
	readonly docId: string;
	readonly lastModifiedAt: number;
	readonly fields: Fields;
}

/** All documents of the same thing; the first is the one that counts. */
type Joined = readonly [Found, ...Found[]];

/** A project in a database, which has no other project in it. */
export class ProjectDocuments implements ProjectSide {
	readonly #db: MindooDB;
	#entries: ReadonlyMap<string, Joined> = new Map();
	#chunks: ReadonlyMap<string, Joined> = new Map();
	#damaged: readonly string[] = [];

	constructor(db: MindooDB) {
		this.#db = db;
	}

	/** Ids of documents that claim to be an entry or a chunk and are not, at the last `read`. */
	get damaged(): readonly string[] {
		return this.#damaged;
	}

	async read(): Promise<ProjectState> {
		const [entries, chunks] = [new Map<string, Found[]>(), new Map<string, Found[]>()];
		const damaged: string[] = [];
		for await (const doc of this.#db.iterateDocuments()) {
			const data = doc.getData();
			if (data.form !== entryForm && data.form !== chunkForm) continue;
			const decoded = data.form === entryForm ? decodeEntry(data) : decodeChunk(data);
			if (decoded === undefined) {
				damaged.push(doc.id);
				continue;
			}
			const [name, fields] = decoded;
			const things = data.form === entryForm ? entries : chunks;
			const found = { docId: doc.id, lastModifiedAt: doc.lastModifiedAt, fields };
			things.set(name, [...(things.get(name) ?? []), found]);
		}
		[this.#entries, this.#chunks, this.#damaged] = [joinAll(entries), joinAll(chunks), damaged];
		return { entries: fieldsOfAll(this.#entries), chunks: fieldsOfAll(this.#chunks) };
	}

	async readChunk(sha: string): Promise<ChunkFile | undefined> {
		const found = this.#chunks.get(sha)?.[0];
		const data = found && (await this.#db.getDocument(found.docId))?.getData();
		if (data === undefined || decodeChunk(data)?.[0] !== sha) return undefined;
		return { sha, encrypted: data.encrypted === true, bytes: data.file as Uint8Array };
	}

	async writeChunks(files: readonly ChunkFile[]): Promise<void> {
		const fresh: InitialValues[] = [];
		for (const { sha, encrypted, bytes } of files) {
			const joined = this.#chunks.get(sha);
			const content = { encrypted, file: bytes };
			if (joined === undefined) {
				fresh.push({ form: new ImmutableString(chunkForm), sha: new ImmutableString(sha), ...content });
			} else await this.#change(joined, (draft) => Object.assign(draft, content));
		}
		await this.#create(fresh);
	}

	async removeChunks(shas: Iterable<string>): Promise<void> {
		for (const sha of shas) await this.#remove(this.#chunks.get(sha));
	}

	async changeEntries({ target, write, remove }: EntryChanges): Promise<void> {
		const fresh: InitialValues[] = [];
		for (const id of write) {
			const fields = target.get(id) ?? new Map();
			const joined = this.#entries.get(id);
			if (joined === undefined) fresh.push(entryDocument(id, fields));
			else await this.#change(joined, (draft) => writeFields(draft, joined[0].fields, fields));
		}
		await this.#create(fresh);
		for (const id of remove) await this.#remove(this.#entries.get(id));
	}

	/** Entries that machines wrote without knowledge of each other: fields with several values, or in which documents of one entry differ. */
	async conflicts(): Promise<Conflict[]> {
		const found = await mapBounded([...this.#entries], async ([name, joined]) => ({
			name,
			fields: await this.#fieldsInConflict(joined),
		}));
		return found.filter(({ fields }) => fields.length > 0);
	}

	async #fieldsInConflict([shown, ...others]: Joined): Promise<string[]> {
		const fields = new Set(others.flatMap((other) => differing(shown.fields, other.fields)));
		// Two changes beside the first entry are the least that can be in conflict; looking closer costs a hundred times as much.
		if ((await this.#db.getAllChangeHashesForDoc(shown.docId)).length > 2) {
			for (const { path, values } of await this.#db.getConflicts(shown.docId)) {
				if (new Set(values.map(({ value }) => value)).size > 1) fields.add(String(path[0]).slice(prefix.length));
			}
		}
		return [...fields].filter((name) => !figures.has(name)).sort();
	}

	async #create(values: readonly InitialValues[]): Promise<void> {
		for (let at = 0; at < values.length; at += batchSize) {
			await this.#db.createDocuments(values.slice(at, at + batchSize));
		}
	}

	/** What is written now is what counts, so further documents of the same thing go. */
	async #change([shown, ...others]: Joined, edit: (draft: Record<string, unknown>) => void): Promise<void> {
		await this.#db.changeDoc(shown.docId, edit);
		for (const { docId } of others) await this.#db.deleteDocument(docId);
	}

	async #remove(joined: Joined | undefined): Promise<void> {
		for (const { docId } of joined ?? []) await this.#db.deleteDocument(docId);
	}
}

function entryDocument(id: string, fields: Fields): InitialValues {
	const values = [...fields].map(([name, text]) => [prefix + name, new ImmutableString(text)]);
	return { form: new ImmutableString(entryForm), id: new ImmutableString(id), ...Object.fromEntries(values) };
}

/** Only what differs is written: other machines may change other fields meanwhile. */
function writeFields(draft: Record<string, unknown>, before: Fields, after: Fields): void {
	for (const name of differing(before, after)) {
		const text = after.get(name);
		if (text === undefined) delete draft[prefix + name];
		else draft[prefix + name] = new ImmutableString(text);
	}
}

function differing(a: Fields, b: Fields): string[] {
	return [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name) !== b.get(name));
}

function decodeEntry({ id, form: _, ...others }: DocumentData): readonly [id: string, fields: Fields] | undefined {
	const fields = new Map<string, string>();
	for (const [name, text] of Object.entries(others)) {
		if (!name.startsWith(prefix) || typeof text !== "string" || !isFieldText(text)) return undefined;
		fields.set(name.slice(prefix.length), text);
	}
	return typeof id === "string" && id !== "" ? [id, fields] : undefined;
}

function decodeChunk({ sha, encrypted, file }: DocumentData): readonly [sha: string, form: Fields] | undefined {
	if (!isSha(sha) || typeof encrypted !== "boolean" || !(file instanceof Uint8Array)) return undefined;
	return [sha, formOf({ encrypted, bytes: file })];
}

function isFieldText(text: string): boolean {
	try {
		return isShallow(JSON.parse(text), deepest);
	} catch {
		return false;
	}
}

function isShallow(value: unknown, levels: number): boolean {
	if (typeof value !== "object" || value === null) return true;
	return levels > 0 && Object.values(value).every((each) => isShallow(each, levels - 1));
}

/** The document that was written last comes first, so that every machine takes the same one. */
function joinAll(things: ReadonlyMap<string, readonly Found[]>): Map<string, Joined> {
	const later = (a: Found, b: Found) => b.lastModifiedAt - a.lastModifiedAt || (a.docId < b.docId ? -1 : 1);
	return new Map([...things].map(([name, found]) => [name, [...found].sort(later) as [Found, ...Found[]]]));
}

function fieldsOfAll(things: ReadonlyMap<string, Joined>): Map<string, Fields> {
	return new Map([...things].map(([name, [shown]]) => [name, shown.fields]));
}
