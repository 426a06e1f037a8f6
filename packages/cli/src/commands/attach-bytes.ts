import { type FetchOptions, type FetchResult, type MindooDB, UsageError } from "mindoodb";
import { type Call, openDatabase, refuseDirectory } from "../call.js";
import type { Answer, CommandSpec } from "../command.js";
import { exitCodes } from "../exit-codes.js";
import { attachmentsOf, attachmentsOption, withOption, withSource } from "../holding.js";
import { withDocument } from "../one-document.js";
import { countText } from "../text.js";

export const fetch: CommandSpec = {
	name: "fetch <db> [id]",
	summary: "fetch bytes of attachments that are not here",
	about:
		"Of one document; without one, all that this folder is to hold: everything when it is eager, else what pinned documents need. Bytes that " +
		"are not here are also fetched by `sync`, and by `attach get --with`.",
	options: [withOption, attachmentsOption],
	passwords: ["user"],
	example: "attach fetch notes --with /media/stick/bob",
	run: (call, [dbId = "", docId]) => {
		refuseDirectory(dbId);
		return call.withTenant(async (place) => {
			const attachments = attachmentsOf(call);
			const { tenant } = place;
			const db =
				attachments === undefined || !(await tenant.listDatabases()).includes(dbId)
					? await call.existing(place, dbId)
					: await openDatabase(tenant, dbId, attachments);
			if (docId !== undefined && (await db.getDocument(docId)) === undefined) {
				throw new UsageError("there is no such document that can be read here", { code: "not-found" });
			}
			return fetched(call, db, (options) => db.fetchAttachments({ docId, ...options }));
		});
	},
};

export const pin: CommandSpec = {
	name: "pin <db> <id>",
	summary: "hold the attachments of a document here, whatever else has to make room",
	options: [withOption],
	passwords: ["user"],
	example: "attach pin notes R2yKcq1wVb8kM0Yw3n5tXhJd7sLzPqAe --with /media/stick/bob",
	run: (call, args) => {
		refuseDirectory(args[0]);
		return withDocument(call, args, (db, doc) => fetched(call, db, (options) => db.pinAttachments(doc.id, options)));
	},
};

export const unpin: CommandSpec = {
	name: "unpin <db> <id>",
	summary: "let the attachments of a document make room again",
	passwords: ["user"],
	example: "attach unpin notes R2yKcq1wVb8kM0Yw3n5tXhJd7sLzPqAe",
	run: (call, args) => {
		refuseDirectory(args[0]);
		return withDocument(call, args, async (db, doc) => {
			await db.unpinAttachments(doc.id);
			return { data: { id: doc.id }, lines: ["Unpinned."] };
		});
	},
};

async function fetched(
	call: Call,
	db: MindooDB,
	work: (options: Pick<FetchOptions, "onFetched">) => Promise<FetchResult>,
): Promise<Answer> {
	const result = await withSource(call, db, () => call.progress("bytes", (report) => work({ onFetched: report })));
	const { chunks, bytes, missing } = result;
	return {
		data: result,
		lines: [
			`${bytes} bytes in ${countText(chunks, "chunk", "chunks")} fetched.`,
			...(missing > 0
				? [`${countText(missing, "chunk is", "chunks are")} still missing; --with names a folder that may have them.`]
				: []),
		],
		exitCode: missing > 0 ? exitCodes.found : exitCodes.ok,
	};
}
