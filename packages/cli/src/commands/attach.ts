import { stat } from "node:fs/promises";
import { type AttachmentInfo, type MindooDB, type MindooDoc, UsageError } from "mindoodb";
import { type Call, refuseDirectory } from "../call.js";
import type { Answer, CommandSpec, GroupSpec } from "../command.js";
import { withOption, withSource } from "../holding.js";
import { withDocument } from "../one-document.js";
import { lineText, table } from "../text.js";
import { fetch, pin, unpin } from "./attach-bytes.js";

type Args = readonly (string | undefined)[];

const add: CommandSpec = {
	name: "add <db> <id> <file>",
	summary: "add a file to a document; - reads standard input",
	options: [
		["--name <name>", "file name that the document notes"],
		["--type <type>", "MIME type (default: application/octet-stream)"],
	],
	passwords: ["user"],
	example: "attach add notes R2yKcq1wVb8kM0Yw3n5tXhJd7sLzPqAe photo.jpg --type image/jpeg",
	run: (call, args) =>
		onDocument(call, args, async (db, doc) => {
			const [, , file = "-"] = args;
			const name = call.option("name") ?? (file === "-" ? "stdin" : (file.split(/[\\/]/).at(-1) as string));
			const type = call.option("type") ?? "application/octet-stream";
			const id = await upload(call, file, async (source, onProgress) => {
				let made = "";
				await db.changeDoc(doc, async (_, attachments) => {
					made = await attachments.addAttachmentStream(source, name, type, { onProgress });
				});
				return made;
			});
			const added = (await db.getDocument(doc.id))?.getAttachments().find((each) => each.id === id);
			return { data: added, lines: [id] };
		}),
};

const append: CommandSpec = {
	name: "append <db> <id> <attachment> <file>",
	summary: "add bytes at the end of an attachment; - reads standard input",
	passwords: ["user"],
	example: "attach append notes R2yKcq1wVb8kM0Yw3n5tXhJd7sLzPqAe 6wKz0qN3bVtYx8mJcR1dLg today.log",
	run: (call, args) =>
		onDocument(call, args, async (db, doc) => {
			const [, , id = "", file = "-"] = args;
			await upload(call, file, (source, onProgress) =>
				db.changeDoc(doc, (_, attachments) => attachments.appendToAttachmentStream(id, source, { onProgress })),
			);
			const grown = (await db.getDocument(doc.id))?.getAttachments().find((each) => each.id === id);
			return { data: grown, lines: [`${grown?.size ?? 0} bytes.`] };
		}),
};

const list: CommandSpec = {
	name: "list <db> <id>",
	summary: "list the attachments of a document",
	passwords: ["user"],
	example: "attach list notes R2yKcq1wVb8kM0Yw3n5tXhJd7sLzPqAe",
	run: (call, args) =>
		onDocument(call, args, async (_db, doc) => {
			const all = [];
			for (const each of doc.getAttachments()) all.push({ ...each, held: await doc.getHeldBytes(each.id) });
			const rows = all.map(({ id, size, held, mimeType, fileName }) => [
				id,
				String(size),
				String(held),
				lineText(mimeType, 40),
				lineText(fileName, 60),
			]);
			return { data: all, lines: table(["id", "bytes", "held here", "type", "name"], rows) };
		}),
};

const get: CommandSpec = {
	name: "get <db> <id> <attachment> [file]",
	summary: "write an attachment to a file, or to standard output",
	about: "The file must not exist yet. The name that the document notes is never used as a path.",
	options: [["--range <from-to>", "only these bytes: 100-200 gives a hundred, 100- all from there on"], withOption],
	passwords: ["user"],
	example: "attach get notes R2yKcq1wVb8kM0Yw3n5tXhJd7sLzPqAe 6wKz0qN3bVtYx8mJcR1dLg photo.jpg",
	run: (call, args) =>
		onDocument(call, args, async (db, doc) => {
			const [, , id = "", file = "-"] = args;
			const attachment = doc.getAttachments().find((each) => each.id === id);
			if (attachment === undefined) {
				throw new UsageError("the document has no such attachment; `attach list` names them", { code: "not-found" });
			}
			const [from, to] = rangeOf(call.option("range"), attachment);
			if (to > attachment.size || from > to) {
				throw new UsageError(`--range: expected bytes from 0 to ${attachment.size}, in this order`);
			}
			if (file === "-") {
				await withSource(call, db, () => download(call, doc, { id, from, to }, (piece) => call.write(piece)));
				return { data: undefined, lines: [] };
			}
			const path = await withSource(call, db, () =>
				call.makeFileFrom(file, (write) => download(call, doc, { id, from, to }, write)),
			);
			return { data: { ...attachment, path }, lines: [`${to - from} bytes in ${lineText(path, 200)}`] };
		}),
};

const remove: CommandSpec = {
	name: "remove <db> <id> <attachment>",
	summary: "take an attachment out of a document; earlier revisions still have it",
	passwords: ["user"],
	example: "attach remove notes R2yKcq1wVb8kM0Yw3n5tXhJd7sLzPqAe 6wKz0qN3bVtYx8mJcR1dLg",
	run: (call, args) =>
		onDocument(call, args, async (db, doc) => {
			const [, , id = ""] = args;
			await db.changeDoc(doc, (_, attachments) => attachments.removeAttachment(id));
			return { data: { id }, lines: ["Removed."] };
		}),
};

export const attach: GroupSpec = {
	name: "attach",
	summary: "files that belong to documents",
	commands: [add, list, get, append, remove, fetch, pin, unpin],
};

/** Files belong to documents of users, never to the directory's. */
function onDocument(call: Call, args: Args, work: (db: MindooDB, doc: MindooDoc) => Promise<Answer>): Promise<Answer> {
	refuseDirectory(args[0]);
	return withDocument(call, args, work);
}

async function upload<T>(
	call: Call,
	file: string,
	work: (source: AsyncIterable<Uint8Array>, onProgress: (done: number) => void) => Promise<T>,
): Promise<T> {
	if (file === "-") return call.progress("bytes", (report) => work(standardInput(call), report));
	const found = await stat(call.path(file)).catch(() => undefined);
	if (found?.isFile() !== true) throw new UsageError("there is no such file", { code: "not-found" });
	return call.progress("bytes", (report) => work(call.readPieces(file, 1 << 20), (done) => report(done, found.size)));
}

/** It gives texts where somebody set an encoding. */
async function* standardInput(call: Call): AsyncGenerator<Uint8Array> {
	for await (const piece of call.surroundings.stdin as AsyncIterable<Uint8Array | string>) {
		yield typeof piece === "string" ? new TextEncoder().encode(piece) : piece;
	}
}

async function download(
	call: Call,
	doc: MindooDoc,
	{ id, from, to }: { readonly id: string; readonly from: number; readonly to: number },
	write: (piece: Uint8Array) => Promise<void>,
): Promise<void> {
	await call.progress("bytes", async (report) => {
		let left = to - from;
		for await (const piece of doc.streamAttachment(id, from)) {
			if (left <= 0) break;
			await write(piece.subarray(0, left));
			left -= Math.min(left, piece.length);
			report(to - from - left, to - from);
		}
	});
}

function rangeOf(text: string | undefined, { size }: AttachmentInfo): readonly [number, number] {
	if (text === undefined) return [0, size];
	const found = /^(\d{1,15})-(\d{1,15})?$/.exec(text);
	if (found === null) throw new UsageError("--range: expected two numbers of bytes, as in 100-200, or 100-");
	return [Number(found[1]), found[2] === undefined ? size : Number(found[2])];
}
