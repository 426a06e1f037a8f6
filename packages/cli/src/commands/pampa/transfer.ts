import { createHash } from "node:crypto";
import { join } from "node:path";
import { nodeAead, nodeFolder, nodeGzip, nodeRandom } from "@mindoodb/formats/node";
import { encryptionKeyVariable, parseEncryptionKey } from "@mindoodb/formats/pampa";
import type { MindooDB, MindooTenant } from "mindoodb";
import { type Conflict, ProjectTransfer, type TransferResult } from "mindoodb/pampa";
import { type Call, openDatabase, refuseDirectory } from "../../call.js";
import type { Answer, CommandSpec } from "../../command.js";
import { exitCodes } from "../../exit-codes.js";
import { countText, lineText } from "../../text.js";

const about =
	"Only what changed since the last transfer goes over, removals too; what was changed on both sides is told and stays as it is on both. Chunks keep " +
	"their form; encrypted ones are looked into when PAMPAX_ENCRYPTION_KEY has their key. One database holds one project. Exit code 1 when something is told.";

const dryRun = ["--dry-run", "only tell what would be done"] as const;

export const push: CommandSpec = {
	name: "push <project> <db>",
	summary: "bring a project's chunks and codemap into a database",
	about,
	options: [dryRun, ["--overwrite", "where both sides changed the same, the project's counts"]],
	passwords: ["user"],
	example: "pampa push . code",
	run: (call, [path = "", dbId = ""]) =>
		call.withTenant(async ({ tenant }) => {
			refuseDirectory(dbId);
			const transfer = openTransfer(call, path, tenant, await openDatabase(tenant, dbId));
			return answer(await transfer.push(optionsOf(call)), call);
		}),
};

export const pull: CommandSpec = {
	name: "pull <db> <project>",
	summary: "bring a project's chunks and codemap from a database into a folder",
	about,
	options: [
		dryRun,
		["--overwrite", "where both sides changed the same, the database's counts"],
		["--prune", "also remove chunks and entries that the database never had"],
	],
	passwords: ["user"],
	example: "pampa pull code .",
	run: (call, [dbId = "", path = ""]) =>
		call.withTenant(async (place) => {
			refuseDirectory(dbId);
			const transfer = openTransfer(call, path, place.tenant, await call.existing(place, dbId));
			return answer(await transfer.pull({ ...optionsOf(call), prune: call.options.prune === true }), call);
		}),
};

function openTransfer(call: Call, path: string, { identity }: MindooTenant, db: MindooDB): ProjectTransfer {
	const project = call.path(path);
	const key = parseEncryptionKey(call.surroundings.env[encryptionKeyVariable]);
	const database = createHash("sha256").update(`${identity.tenantRoot}\0${db.id}`).digest("hex");
	return new ProjectTransfer({
		db,
		project: nodeFolder(project),
		chunks: nodeFolder(join(project, ".pampa", "chunks")),
		base: { folder: nodeFolder(join(project, ".pampa")), name: `mindoodb-${database.slice(0, 16)}.json` },
		gzip: nodeGzip,
		aead: nodeAead("aes-256-gcm"),
		random: nodeRandom,
		...(key && { key }),
	});
}

function optionsOf({ options }: Call) {
	return { dryRun: options.dryRun === true, overwrite: options.overwrite === true };
}

function answer(result: TransferResult, call: Call): Answer {
	const { entries, chunks, databaseConflicts, failed, withoutChunk, unverified, damaged } = result;
	const done = call.options.dryRun === true ? "to write" : "written";
	const gone = call.options.dryRun === true ? "to remove" : "removed";
	const faults = [
		...entries.conflicts.map((each) => `${conflictText(each)}: changed on both sides`),
		...chunks.conflicts.map((each) => `${conflictText(each)}: changed on both sides`),
		...databaseConflicts.map((each) => `${conflictText(each)}: machines wrote different values into the database`),
		...failed.map(({ sha, error }) => `${sha}: ${error.code}`),
		...withoutChunk.map((id) => `${lineText(id, 200)}: its chunk is not there`),
		...damaged.map((docId) => `document ${docId}: no entry and no chunk`),
	];
	return {
		data: { ...result, failed: failed.map(({ sha, error }) => ({ sha, code: error.code, message: error.message })) },
		lines: [
			...faults,
			`${countText(chunks.written.length, "chunk")} ${done}, ${chunks.removed.length} ${gone}; ` +
				`${countText(entries.written.length, "entry", "entries")} ${done}, ${entries.removed.length} ${gone}.`,
			...(unverified > 0 ? [`${countText(unverified, "encrypted chunk")} not looked into: there is no key.`] : []),
		],
		exitCode: faults.length > 0 ? exitCodes.found : exitCodes.ok,
	};
}

function conflictText({ name, fields }: Conflict): string {
	return `${lineText(name, 200)} (${lineText(fields.join(", "), 200)})`;
}
