import {
	type AttachmentMode,
	type ContentAddressedStore,
	type HistoryMode,
	type MindooDB,
	openReplicaFolder,
	UsageError,
} from "mindoodb";
import type { Call } from "./call.js";

/** The option with which a command is told which bytes of attachments to hold. */
export const attachmentsOption = [
	"--attachments <mode>",
	"which bytes of attachments to hold here: eager, lazy (those that are read), or a number of bytes to keep of them; remembered",
] as const;

/** The option with which a command is told how much of the past to hold. */
export const historyOption = [
	"--history <mode>",
	"how much of the past to fetch: whole, or dense (newest snapshots and what follows them); remembered",
] as const;

/** The option with which a command fetches what is lacking here. */
export const withOption = [
	"--with <folder>",
	"another replica's folder, to fetch bytes from that are not here",
] as const;

export function attachmentsOf(call: Call): AttachmentMode | undefined {
	const text = call.option("attachments");
	if (text === undefined || text === "eager" || text === "lazy") return text;
	if (/^\d{1,15}$/.test(text)) return { maxBytes: Number(text) };
	throw new UsageError("--attachments: expected eager, lazy or a number of bytes");
}

export function historyOf(call: Call): HistoryMode | undefined {
	const text = call.option("history");
	if (text === undefined || text === "whole" || text === "dense") return text;
	throw new UsageError("--history: expected whole or dense");
}

/** Works with the other folder of `--with` as a source, if one is named. */
export async function withSource<T>(call: Call, db: MindooDB, work: () => Promise<T>): Promise<T> {
	const other = call.option("with");
	if (other === undefined) return work();
	const { tenantRoot, dbId } = await db.store.identity();
	const replica = await openReplicaFolder(call.path(other));
	const stores: ContentAddressedStore[] = [];
	try {
		if (!(await replica.stores.list(tenantRoot)).includes(dbId)) {
			throw new UsageError("--with: the other folder does not keep this database", { code: "not-found" });
		}
		const store = await replica.stores.open({ tenantRoot, dbId, purpose: "documents" });
		stores.push(store);
		const end = db.addSource(store);
		try {
			return await work();
		} finally {
			end();
		}
	} finally {
		for (const store of stores) await store.close();
		await replica.close();
	}
}
