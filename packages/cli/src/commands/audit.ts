import { type CheckedTrail, checkAuditTrail, judgeAuditTrail, memoryStores, nodeCrypto, UsageError } from "mindoodb";
import type { Answer, CommandSpec, GroupSpec } from "../command.js";
import { exitCodes } from "../exit-codes.js";
import { bytesText, countText, dateText, lineText } from "../text.js";

const exportTrail: CommandSpec = {
	name: "export <db> [id]",
	summary: "write what somebody without the database needs to check a document, or the whole database",
	about:
		"Entries, the directory, and for one document the links of its authors' chains. Contents stay encrypted, but who wrote when, and which " +
		"documents there are, can be seen.",
	options: [["--out <file>", "file to make"]],
	passwords: ["user"],
	example: "audit export notes R2yKcq1wVb8kM0Yw3n5tXhJd7sLzPqAe --out notes.trail",
	run: (call, [dbId = "", docId]) => {
		const out = call.option("out");
		if (out === undefined) throw new UsageError("--out: expected a file to make");
		return call.withTenant(async (place) => {
			const db = await call.existing(place, dbId);
			const trail = db.exportAuditTrail(docId);
			// Before the file is made, or a document that is not there would leave an empty one.
			const first = await trail.next();
			let bytes = 0;
			const file = await call.makeFileFrom(out, async (write) => {
				for (let piece = first; piece.done !== true; piece = await trail.next()) {
					await write(piece.value);
					bytes += piece.value.length;
				}
			});
			return {
				data: { file, bytes },
				lines: [`${bytesText(bytes)} written to ${file}; \`audit verify\` checks it anywhere.`],
			};
		});
	},
};

const verifyTrail: CommandSpec = {
	name: "verify <file>",
	summary: "check an audit trail, and say which sentence of it does not hold",
	about:
		"Needs no folder: addresses, signatures and chains are checked with what is in the file. With --keys the keys of your folder tell who " +
		"was a member and what the entries hold, and everything is judged anew. Exit code 1 when something does not hold, or is of another tenant.",
	options: [["--keys", "judge with the keys of your folder"]],
	passwords: ["user"],
	example: "audit verify notes.trail",
	run: async (call, [name = ""]) => {
		if (call.options.keys !== true) {
			const checked = await checkAuditTrail(nodeCrypto(), call.readPieces(name));
			return answerOf(checked, ["Not judged who was a member, nor what the entries hold: that takes --keys."], {});
		}
		return call.withTenant(async ({ folder, tenant }) => {
			const { env } = folder;
			const judged = await judgeAuditTrail({ ...env, stores: memoryStores(env.crypto) }, call.readPieces(name), {
				keyBag: tenant.keyBag,
			});
			const { accepted, uncounted, documents, exporterName } = judged;
			const ofTenant = judged.tenantRoot === tenant.identity.tenantRoot;
			const whose =
				exporterName === undefined
					? "The directory in the trail knows nobody by the exporter's key."
					: `The exporter's key is that of ${lineText(exporterName)}.`;
			const lines = [
				...(ofTenant ? [] : ["It is the trail of another tenant than that of this folder."]),
				...(judged.exporter === undefined ? [] : [whose]),
				`${countText(accepted, "entry", "entries")} accepted, ${uncounted.length} not; ${countText(documents, "document")} shown.`,
				...uncounted.map(({ entry, words }) => `${entry}: ${words}`),
			];
			const answer = answerOf(judged, lines, { exporterName, ofTenant, accepted, documents, uncounted });
			return ofTenant ? answer : { ...answer, exitCode: exitCodes.found };
		});
	},
};

export const audit: GroupSpec = {
	name: "audit",
	summary: "trails that somebody without the database can check",
	commands: [exportTrail, verifyTrail],
};

function answerOf(checked: CheckedTrail, lines: readonly string[], more: object): Answer {
	const { heading, tenantRoot, sentences, entries, exporter, faults } = checked;
	const about =
		heading === undefined
			? []
			: [
					`Tenant ${lineText(heading.tenantId)} (${tenantRoot}), database ${lineText(heading.dbId)}${heading.docId === undefined ? "" : `, document ${lineText(heading.docId)}`}, exported ${dateText(heading.exportedAt)}`,
				];
	const vouched =
		exporter === undefined
			? "Nobody vouches that nothing was left out."
			: `${exporter} vouches that nothing was left out.`;
	return {
		data: { heading, tenantRoot, sentences, entries, exporter, faults, ...more },
		lines: [
			...about,
			`${countText(sentences, "sentence")}, ${countText(entries, "entry", "entries")} of the database. ${vouched}`,
			...faults.map(
				({ sentence, offset, message }) => `Sentence ${sentence} (byte ${offset}) does not hold: ${message}.`,
			),
			...(faults.length === 0 ? ["Every sentence holds."] : []),
			...lines,
		],
		exitCode: faults.length === 0 ? exitCodes.ok : exitCodes.found,
	};
}
