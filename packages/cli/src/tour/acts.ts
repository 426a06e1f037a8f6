/** What the tour shows, one act after the other. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type EntryExplanation, MindooError, splice } from "mindoodb";
import { countText, dateText } from "../text.js";
import { digestOf, type FileDocument } from "./library.js";
import { syncWithServer } from "./network.js";
import type { TourReport } from "./report.js";
import { dbId, names, reopenFirst, type Stage, tourKdf, tourPassword } from "./tour.js";

/** What the members wrote besides the files: the scan looks for it too. */
export const written = {
	above: "A line that the first member wrote above all others while apart",
	below: "A line that the second member wrote below all others while apart",
	secretTitle: "Something that only the first member may read",
	secretText: "These words stand under a key of their own, named vault",
	live: "A line that the first member wrote while the second was looking",
	fileName: "a file of random bytes, six mebibytes of them.bin",
	since: "What the first member wrote after the revocation",
	late: "A line that the revoked member wrote with its clock set back",
} as const;

const keyId = "vault";
const day = 24 * 3600 * 1000;
/** Documents that both members edit. */
const editedDocuments = 20;

export async function firstSync(stage: Stage, report: TourReport): Promise<void> {
	await report.step("first member → server", async () => {
		const { sent } = await syncWithServer(stage.first, stage);
		return { count: countText(sent, "entry", "entries") };
	});
	await report.step("server → second member", async () => {
		const { received } = await syncWithServer(stage.second, stage);
		return { count: countText(received, "entry", "entries") };
	});
	await report.step("compare the two", async () => ({ count: await compare(stage, report, "after the first sync") }));
}

export async function editApart(stage: Stage, report: TourReport): Promise<void> {
	const ids = [...stage.ids.values()].slice(0, editedDocuments);
	await report.step("edit the same documents on both sides, apart", async () => {
		for (const id of ids) {
			await stage.first.db.changeDoc<FileDocument>(id, (draft) =>
				splice(draft as never, ["text"], 0, 0, `${written.above}\n`),
			);
			await stage.second.db.changeDoc<FileDocument>(id, (draft) => {
				splice(draft as never, ["text"], draft.text.length, 0, `\n${written.below}`);
			});
		}
		return { count: countText(2 * ids.length, "edit") };
	});
	await report.step("sync both through the server, and compare", async () => {
		await syncWithServer(stage.first, stage);
		await syncWithServer(stage.second, stage);
		await syncWithServer(stage.first, stage);
		for (const id of ids) {
			const { text = "" } = (await stage.first.db.getDocument(id))?.getData<FileDocument>() ?? {};
			await report.check(
				"both edits are in the merged text",
				text.startsWith(written.above) && text.endsWith(written.below),
			);
		}
		return { count: await compare(stage, report, "after edits apart") };
	});
}

export async function namedKey(stage: Stage, report: TourReport): Promise<void> {
	const { first, second } = stage;
	let id = "";
	await report.step(`make a document under the key ${keyId}`, async () => {
		const key = await first.folder.createKey(tourPassword, tourKdf);
		await first.tenant.keyBag.decryptAndImportKey(keyId, key, { password: tourPassword, ...tourKdf });
		const doc = await first.db.createEncryptedDocument(keyId, { title: written.secretTitle, text: written.secretText });
		id = doc.id;
		await syncWithServer(first, stage);
		await syncWithServer(second, stage);
		const words = await verdictsOf(stage, "second", id);
		await report.check("the second member cannot open it", (await second.db.getDocument(id)) === undefined);
		await report.check("and is told that it is locked", words.length === 1 && words[0]?.verdict.kind === "locked");
		await report.say(`  ${names.second}: ${words[0]?.words}`);
		return { count: words.map(({ verdict }) => verdict.kind).join(", ") };
	});
	await report.step("hand the key over", async () => {
		const key = await first.tenant.keyBag.encryptAndExportKey(keyId, { password: tourPassword, ...tourKdf });
		await second.tenant.keyBag.decryptAndImportKey(keyId, key, { password: tourPassword, ...tourKdf });
		const doc = await second.db.getDocument(id);
		await report.check("it opens", doc?.getData<FileDocument>().text === written.secretText);
		return { count: (await verdictsOf(stage, "second", id)).map(({ verdict }) => verdict.kind).join(", ") };
	});
}

export async function revoke(stage: Stage, report: TourReport): Promise<void> {
	const { first, second, secondClock } = stage;
	const id = [...stage.ids.values()].at(-1) as string;
	const before = await digestOf(first.db);
	await report.step("revoke the second member", async () => {
		await (await first.tenant.openDirectory()).revokeUser(names.second);
		return { count: "1 member" };
	});
	await report.step("it writes with its clock set back", async () => {
		secondClock.offset = -30 * day;
		await second.db.changeDoc<FileDocument>(id, (draft) => splice(draft as never, ["text"], 0, 0, `${written.late}\n`));
		const made = await second.db.createDocument({ title: written.late, text: written.late });
		// Neither it nor the server has heard of the revocation.
		await syncWithServer(second, stage);
		await syncWithServer(first, stage);
		const late = [
			...(await verdictsOf(stage, "first", id))
				.filter(({ createdBy }) => createdBy === second.tenant.publicKey)
				.slice(-1),
			...(await verdictsOf(stage, "first", made.id)),
		];
		await report.check(
			"what it wrote is refused",
			late.length === 2 && late.every(({ verdict }) => verdict.kind === "refused" && verdict.reason === "revoked"),
			late.map(({ words }) => words).join(" "),
		);
		const monthAgo = stage.first.folder.env.clock.now() - 29 * day;
		await report.check(
			"and says to be a month old",
			late.every(({ createdAt }) => createdAt < monthAgo),
		);
		await report.check("and changes nothing for the first member", (await digestOf(first.db)) === before);
		for (const { createdAt, words } of late) await report.say(`  said to be of ${dateText(createdAt)}: ${words}`);
		return { count: `${late.filter(({ verdict }) => verdict.kind === "refused").length} entries refused` };
	});
	await report.step("it comes back to the server, which gives it nothing more", async () => {
		const doc = await first.db.createDocument({ title: written.since, text: written.since });
		await syncWithServer(first, stage);
		// It may read the directory, and so learn why.
		await syncWithServer(second, stage).catch((error: unknown) => {
			if (!(error instanceof MindooError) || error.code !== "trust") throw error;
		});
		await report.check("not even as ciphertext", (await second.db.explain(doc.id)) === undefined);
		const revoked = await (await second.tenant.openDirectory()).isUserRevoked(names.second);
		await report.check("and it knows that it was revoked", revoked);
		return { count: "0 documents" };
	});
}

export async function reopen(stage: Stage, report: TourReport): Promise<void> {
	const before = await digestOf(stage.first.db);
	const { dir } = stage.first.folder;
	await report.step("close, and open cold", async () => {
		await reopenFirst(stage);
		stage.first.db = await stage.first.tenant.openDB(dbId);
		return { count: "1 folder", bytes: await sizeOf(dir) };
	});
	await report.step("read every document", async () => {
		await report.check("all is as it was", (await digestOf(stage.first.db)) === before);
		return { count: countText((await stage.first.db.getAllDocumentIds()).length, "document") };
	});
}

async function compare({ first, second }: Stage, report: TourReport, when: string): Promise<string> {
	const [one, two] = [await digestOf(first.db), await digestOf(second.db)];
	await report.check(`both members show the same ${when}`, one === two);
	const documents = (await second.db.getAllDocumentIds()).length;
	return `${countText(documents, "document")} ${one === two ? "equal" : "NOT equal"}`;
}

async function verdictsOf(stage: Stage, who: "first" | "second", id: string): Promise<readonly EntryExplanation[]> {
	const explained = await stage[who].db.explain(id);
	return explained !== undefined && "entries" in explained ? explained.entries : [];
}

/** Bytes of all files of a folder. */
async function sizeOf(dir: string): Promise<number> {
	let bytes = 0;
	for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
		if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
	}
	return bytes;
}
