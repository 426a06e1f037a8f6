import { type FieldChange, type FieldPath, type HistoryItem, type MindooDB, UsageError } from "mindoodb";
import { type Call, refuseDirectory } from "../call.js";
import type { Answer, CommandSpec } from "../command.js";
import { toJsonValue } from "../json-value.js";
import { memberNames } from "../members.js";
import { absent } from "../one-document.js";
import { dateText, lineText, table } from "../text.js";

const pointHelp =
	"A point is a change, or several joined by commas, as `doc history` lists them, or a time such as 2026-01-31T12:00:00Z.";

const history: CommandSpec = {
	name: "history <db> <id>",
	summary: "list the changes of a document: who, when, what, and whether it counts",
	about:
		"Times are those of the authors' clocks. One that contradicts what others wrote is set right and marked: equally on every replica. A device is " +
		"named by the first entry that it signed.",
	passwords: ["user"],
	example: "doc history notes R2yKcq1wVb8kM0Yw3n5tXhJd7sLzPqAe",
	run: (call, args) =>
		withNames(call, args, async (db, id, nameOf) => {
			const items: HistoryItem[] = [];
			for await (const item of db.getDocumentHistory(id)) items.push(item);
			if (items.length === 0) throw absent();
			const rows = items.map((item) => [
				dateText(item.time) + (item.clock === undefined ? "" : ` (clock ${item.clock})`),
				nameOf(item.createdBy),
				item.device?.slice(0, 8) ?? "unknown",
				whatOf(item),
				item.verdict.kind,
				item.change ?? `(entry ${item.entry})`,
			]);
			return {
				data: {
					id,
					items: items.map((item) => ({
						...item,
						username: nameOf(item.createdBy),
						verdict: item.verdict.kind,
						fields: item.fields.map(fieldJson),
					})),
				},
				lines: table(["when", "who", "device", "what", "verdict", "change"], rows),
			};
		}),
};

const diff: CommandSpec = {
	name: "diff <db> <id> <from> [to]",
	summary: "say what differs between two states of a document, field by field",
	about: `${pointHelp} Without a second one: the document as it is.`,
	passwords: ["user"],
	example: "doc diff notes R2yKcq1wVb8kM0Yw3n5tXhJd7sLzPqAe 2026-01-31T12:00:00Z",
	run: (call, args) =>
		withNames(call, args, async (db, id) => {
			const [, , from = "", to] = args;
			const changes = await db.diff(id, await headsAt(db, id, from), await headsAt(db, id, to));
			return { data: { id, changes: changes.map(fieldJson) }, lines: changes.flatMap(fieldLines) };
		}),
};

const blame: CommandSpec = {
	name: "blame <db> <id>",
	summary: "say who wrote each field last",
	passwords: ["user"],
	example: "doc blame notes R2yKcq1wVb8kM0Yw3n5tXhJd7sLzPqAe",
	run: (call, args) =>
		withNames(call, args, async (db, id, nameOf) => {
			const fields = (await db.blame(id)).map(({ value, ...field }) => ({
				...field,
				username: nameOf(field.createdBy),
				value: toJsonValue(value),
			}));
			const rows = fields.map((each) => [
				pathText(each.path),
				each.username,
				dateText(each.createdAt),
				lineText(JSON.stringify(each.value), 40),
				each.change,
			]);
			return { data: { id, fields }, lines: table(["field", "who", "when", "value", "change"], rows) };
		}),
};

const conflicts: CommandSpec = {
	name: "conflicts <db> <id>",
	summary: "list fields that hold several values, written without knowledge of each other",
	passwords: ["user"],
	example: "doc conflicts notes R2yKcq1wVb8kM0Yw3n5tXhJd7sLzPqAe",
	run: (call, args) =>
		withNames(call, args, async (db, id, nameOf) => {
			const found = (await db.getConflicts(id)).map(({ path, values }) => ({
				path,
				values: values.map((each) => ({ ...each, username: nameOf(each.createdBy), value: toJsonValue(each.value) })),
			}));
			const rows = found.flatMap(({ path, values }) =>
				values.map((each) => [
					pathText(path),
					each.username,
					dateText(each.createdAt),
					`${lineText(JSON.stringify(each.value), 40)}${each.isShown ? " (shown)" : ""}`,
				]),
			);
			const lines = rows.length === 0 ? ["No conflicts."] : table(["field", "who", "when", "value"], rows);
			return { data: { id, conflicts: found }, lines };
		}),
};

const restore: CommandSpec = {
	name: "restore <db> <id> <point>",
	summary: "write an earlier state of a document as a new change",
	about: `${pointHelp} Only fields that differ are written.`,
	passwords: ["user"],
	example: "doc restore notes R2yKcq1wVb8kM0Yw3n5tXhJd7sLzPqAe 2026-01-31T12:00:00Z",
	run: async (call, args) => {
		refuseDirectory(args[0]);
		return withNames(call, args, async (db, id) => {
			const before = await headsAt(db, id, undefined);
			await db.restore(id, await headsAt(db, id, args[2]));
			const changes = await db.diff(id, before, await headsAt(db, id, undefined));
			const lines = changes.length === 0 ? ["Nothing differs."] : changes.flatMap(fieldLines);
			return { data: { id, changes: changes.map(fieldJson) }, lines };
		});
	},
};

/** The commands of `doc` that look back. */
export const historyCommands: readonly CommandSpec[] = [history, diff, blame, conflicts, restore];

type Names = (publicKey: string) => string;

function withNames(
	call: Call,
	[dbId = "", id = ""]: readonly (string | undefined)[],
	work: (db: MindooDB, id: string, nameOf: Names) => Promise<Answer>,
): Promise<Answer> {
	return call.withTenant(async (place) => {
		const db = await call.existing(place, dbId);
		if ((await db.explain(id)) === undefined) throw absent();
		return work(db, id, await memberNames(place.tenant));
	});
}

/** Automerge heads at a point; of the document as it is when none is given. */
async function headsAt(db: MindooDB, id: string, point: string | undefined): Promise<readonly string[]> {
	if (point !== undefined && /^[0-9a-f]{64}(,[0-9a-f]{64})*$/.test(point)) return point.split(",");
	const time = point === undefined ? undefined : Date.parse(point);
	if (Number.isNaN(time)) throw new UsageError(`expected a point. ${pointHelp}`);
	const doc = time === undefined ? await db.getDocument(id) : await db.getDocumentAtTimestamp(id, time);
	if (doc === undefined) throw absent();
	return doc.heads;
}

function whatOf({ entryType, fields }: HistoryItem): string {
	const what = entryType?.replace(/^doc_/, "") ?? "unknown";
	return fields.length === 0 ? what : `${what} ${lineText(fields.map(({ path }) => pathText(path)).join(" "), 40)}`;
}

function fieldJson({ path, ...values }: FieldChange) {
	return {
		path,
		...("before" in values ? { before: toJsonValue(values.before) } : {}),
		...("after" in values ? { after: toJsonValue(values.after) } : {}),
	};
}

function fieldLines(change: FieldChange): string[] {
	const text = (value: unknown) => lineText(JSON.stringify(toJsonValue(value)));
	return [
		pathText(change.path),
		...("before" in change ? [`  - ${text(change.before)}`] : []),
		...("after" in change ? [`  + ${text(change.after)}`] : []),
	];
}

function pathText(path: FieldPath): string {
	return lineText(path.join("."));
}
