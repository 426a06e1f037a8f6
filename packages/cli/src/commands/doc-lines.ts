/** Documents as JSON lines: {"id", "key", "createdAt", "createdBy", "lastModifiedAt", "lastModifiedBy", "data"}, one a line. */
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { FormatError, type MindooDB, type MindooDoc } from "mindoodb";
import { openDatabase, refuseDirectory } from "../call.js";
import type { CommandSpec } from "../command.js";
import { parseDocument, toJsonValue } from "../json-value.js";
import { countText } from "../text.js";

/** Documents that are made in one write. */
const batchSize = 256;

export const exportLines: CommandSpec = {
	name: "export <db>",
	summary: "write all documents as JSON lines",
	about: "To standard output, or to a new file. They are in the clear there.",
	options: [["--out <file>", "file to make"]],
	passwords: ["user"],
	example: "doc export notes --out notes.jsonl",
	run: (call, [dbId = ""]) =>
		call.withTenant(async (place) => {
			const db = await call.existing(place, dbId);
			const out = call.option("out");
			const total = (await db.getAllDocumentIds()).length;
			let documents = 0;
			const writeAll = (write: (piece: Uint8Array) => Promise<void>) =>
				call.progress("export", async (report) => {
					for await (const doc of db.iterateDocuments()) {
						await write(new TextEncoder().encode(`${JSON.stringify(lineOf(doc))}\n`));
						report(++documents, total);
					}
				});
			if (out === undefined) {
				await writeAll((piece) => call.write(piece));
				return { data: undefined, lines: [] };
			}
			const file = await call.makeFileFrom(out, writeAll);
			return {
				data: { documents, file },
				lines: [`${countText(documents, "document")} written to ${file}, in the clear.`],
			};
		}),
};

export const importLines: CommandSpec = {
	name: "import <db> [file]",
	summary: "make documents of JSON lines",
	about:
		"Reads what `doc export` writes, or with --plain one document a line; from standard input without a file. Each becomes a new document: an id " +
		"belongs to whoever made it. A line that is none ends the import with its number; lines before it may have been imported.",
	options: [
		["--plain", "each line is a document by itself"],
		["--key <name>", "encrypt all under this named key"],
	],
	passwords: ["user"],
	example: "doc import notes notes.jsonl",
	run: async (call, [dbId = "", file]) => {
		refuseDirectory(dbId);
		return call.withTenant(async ({ tenant }) => {
			const db = await openDatabase(tenant, dbId);
			const { stdin } = call.surroundings;
			const input = file === undefined || file === "-" ? stdin : Readable.from(call.readPieces(file));
			const ids = await call.progress("import", async (report) => {
				const made: string[] = [];
				for await (const batch of batchesOf(input, call.options.plain === true, call.option("key"))) {
					made.push(...(await makeAll(db, batch)));
					report(made.length);
				}
				return made;
			});
			return { data: { documents: ids.length, ids }, lines: [`${countText(ids.length, "document")} imported.`] };
		});
	},
};

interface Line {
	readonly key: string;
	readonly data: Record<string, unknown>;
}

async function* batchesOf(input: Readable, plain: boolean, key: string | undefined): AsyncGenerator<Line[]> {
	let batch: Line[] = [];
	let number = 0;
	for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
		number++;
		if (text.trim() === "") continue;
		try {
			batch.push(parseLine(text, plain, key));
		} catch (error) {
			if (!(error instanceof FormatError)) throw error;
			throw new FormatError(`line ${number}: ${error.message}`, { cause: error, offset: number });
		}
		if (batch.length < batchSize) continue;
		yield batch;
		batch = [];
	}
	if (batch.length > 0) yield batch;
}

function parseLine(text: string, plain: boolean, key: string | undefined): Line {
	if (plain) return { key: key ?? "default", data: parseDocument(text) };
	const { data, key: own } = parseDocument(text);
	if (
		typeof data !== "object" ||
		data === null ||
		Array.isArray(data) ||
		data instanceof Date ||
		data instanceof Uint8Array
	) {
		throw new FormatError("expected an object in the field data (or use --plain)", { field: "data" });
	}
	return { key: key ?? (typeof own === "string" ? own : "default"), data: data as Record<string, unknown> };
}

async function makeAll(db: MindooDB, batch: readonly Line[]): Promise<string[]> {
	const docs = await Promise.all(batch.map(({ key, data }) => db.createEncryptedDocument(key, data)));
	return docs.map(({ id }) => id);
}

function lineOf(doc: MindooDoc) {
	const { id, decryptionKeyId: key, createdAt, createdBy, lastModifiedAt, lastModifiedBy } = doc;
	return { id, key, createdAt, createdBy, lastModifiedAt, lastModifiedBy, data: toJsonValue(doc.getData()) };
}
