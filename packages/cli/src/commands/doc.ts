import type { MindooDoc } from "mindoodb";
import { UsageError } from "mindoodb";
import { type Call, openDatabase, refuseDirectory } from "../call.js";
import type { CommandSpec, GroupSpec } from "../command.js";
import { applyPatch, parsePath, parseSetting } from "../document-patch.js";
import { parseDocument, toJsonValue } from "../json-value.js";
import { withDocument } from "../one-document.js";
import { dateText, lineText, table } from "../text.js";
import { historyCommands } from "./doc-history.js";
import { exportLines, importLines } from "./doc-lines.js";
import { purge } from "./doc-purge.js";

const withKey = ["--key <name>", "encrypt it under this named key, for life"] as const;
const withSet = [
	"--set <path=value>",
	"set a field: --set title=Hello --set address.zip='\"01234\"' (JSON, else text)",
] as const;

const put: CommandSpec = {
	name: "put <db> [json]",
	summary: "make a document",
	about:
		'Reads JSON from standard input when none is given. Dates are {"$date": "2026-01-31T00:00:00Z"}, bytes {"$bytes": base64}.',
	options: [withKey],
	lists: [withSet],
	passwords: ["user"],
	example: `doc put notes '{"title": "Hello", "tags": ["first"]}'`,
	async run(call, [dbId = "", json]) {
		refuseDirectory(dbId);
		const settings = settingsOf(call);
		const given = json === undefined && settings.length > 0 ? "{}" : await call.input(json, "the document as JSON");
		const initial = parseDocument(given);
		applyPatch(initial, {}, settings);
		return call.withTenant(async ({ tenant }) => {
			const db = await openDatabase(tenant, dbId);
			const doc = await db.createEncryptedDocument(call.option("key") ?? "default", initial);
			return { data: factsOf(doc), lines: [doc.id] };
		});
	},
};

const get: CommandSpec = {
	name: "get <db> <id>",
	summary: "show a document",
	passwords: ["user"],
	example: "doc get notes R2yKcq1wVb8kM0Yw3n5tXhJd7sLzPqAe",
	run: (call, args) =>
		withDocument(call, args, async (_db, doc) => {
			const data = toJsonValue(doc.getData());
			return { data: { ...factsOf(doc), data }, lines: [JSON.stringify(data, undefined, 2)] };
		}),
};

const edit: CommandSpec = {
	name: "edit <db> <id> [patch]",
	summary: "change a document",
	about:
		"The patch is a JSON merge patch (RFC 7396): fields are set, null removes them, maps are merged. Texts are changed where they differ, " +
		"so that edits made elsewhere merge. Reads it from standard input when neither a patch nor --set or --unset is given.",
	lists: [withSet, ["--unset <path>", "remove a field"]],
	passwords: ["user"],
	example: `doc edit notes R2yKcq1wVb8kM0Yw3n5tXhJd7sLzPqAe --set title="Hello again"`,
	async run(call, args) {
		refuseDirectory(args[0]);
		const settings = settingsOf(call);
		const given = args[2] === undefined && settings.length > 0 ? "{}" : await call.input(args[2], "a JSON merge patch");
		const patch = parseDocument(given);
		return withDocument(call, args, async (db, doc) => {
			await db.changeDoc(doc, (draft) => applyPatch(draft, patch, settings));
			const changed = await db.getDocument(doc.id);
			const data = toJsonValue(changed?.getData());
			return { data: { ...factsOf(changed ?? doc), data }, lines: [JSON.stringify(data, undefined, 2)] };
		});
	},
};

const list: CommandSpec = {
	name: "list <db>",
	summary: "list documents",
	options: [
		["--limit <count>", "most documents"],
		["--after <id>", "continue behind this document"],
		["--deleted", "list deleted ones too"],
	],
	passwords: ["user"],
	example: "doc list notes --limit 20",
	run: (call, [dbId = ""]) =>
		call.withTenant(async (place) => {
			const limit = countOf(call.option("limit"));
			const after = call.option("after");
			const db = await call.existing(place, dbId);
			const docs: MindooDoc[] = [];
			const options = {
				includeDeleted: call.options.deleted === true,
				...(limit && { limit }),
				...(after && { after }),
			};
			for await (const doc of db.iterateDocuments(options)) docs.push(doc);
			const rows = docs.map((doc) => [doc.id, dateText(doc.lastModifiedAt), doc.decryptionKeyId, summaryOf(doc)]);
			return { data: docs.map(factsOf), lines: table(["id", "modified", "key", "contents"], rows) };
		}),
};

const remove: CommandSpec = {
	name: "delete <db> <id>",
	summary: "delete a document; its history stays, and it can be brought back",
	options: [["--undo", "bring it back"]],
	passwords: ["user"],
	example: "doc delete notes R2yKcq1wVb8kM0Yw3n5tXhJd7sLzPqAe",
	run: async (call, args) => {
		refuseDirectory(args[0]);
		return withDocument(call, args, async (db, doc) => {
			if (call.options.undo === true) await db.undeleteDocument(doc);
			else await db.deleteDocument(doc);
			const { isDeleted } = (await db.getDocument(doc.id)) ?? doc;
			return { data: { id: doc.id, deleted: isDeleted }, lines: [isDeleted ? "Deleted." : "Brought back."] };
		});
	},
};

export const doc: GroupSpec = {
	name: "doc",
	summary: "documents",
	commands: [put, get, edit, list, ...historyCommands, remove, purge, exportLines, importLines],
};

function settingsOf(call: Call) {
	const { set = [], unset = [] } = call.options as { set?: readonly string[]; unset?: readonly string[] };
	return [...set.map(parseSetting), ...unset.map((path) => ({ path: parsePath(path), value: undefined }))];
}

function factsOf(doc: MindooDoc) {
	const { id, decryptionKeyId: key, createdAt, createdBy, lastModifiedAt, lastModifiedBy, isDeleted: deleted } = doc;
	return { id, key, createdAt, createdBy, lastModifiedAt, lastModifiedBy, deleted };
}

function summaryOf(doc: MindooDoc): string {
	return lineText(`${doc.isDeleted ? "(deleted) " : ""}${JSON.stringify(toJsonValue(doc.getData()))}`, 60);
}

function countOf(text: string | undefined): number | undefined {
	if (text === undefined) return undefined;
	const count = Number(text);
	if (!Number.isSafeInteger(count) || count < 1) throw new UsageError("--limit: expected a whole number from 1 up");
	return count;
}
