import {
	type MindooDB,
	openReplicaFolder,
	type PullResult,
	type PushResult,
	type StoreFactory,
	UsageError,
} from "mindoodb";
import { type Call, openDatabase } from "../../call.js";
import type { Answer } from "../../command.js";
import { exitCodes } from "../../exit-codes.js";
import { attachmentsOf, historyOf } from "../../holding.js";
import type { Report } from "../../progress.js";
import { countText, table } from "../../text.js";

interface Transfer {
	readonly dbId: string;
	readonly received: number;
	readonly sent: number;
	/** Records that the other side has and cannot read. */
	readonly damaged: number;
	/** Whether all that the other side announced was looked at. */
	readonly complete: boolean;
	readonly refused: readonly { readonly hash: string; readonly by: "here" | "there"; readonly message: string }[];
}

/** Brings the folder level with another replica's folder: the directory first, then every database that either side has. */
export async function syncWithFolder(call: Call, other: string): Promise<Answer> {
	if (call.path(other) === call.dir) throw new UsageError("sync: expected another folder than this one");
	const [attachments, history] = [attachmentsOf(call), historyOf(call)];
	return call.withTenant(async ({ tenant }) => {
		const replica = await openReplicaFolder(call.path(other));
		try {
			const { tenantRoot } = tenant.identity;
			if (!replica.tenants.some((each) => each.tenantRoot === tenantRoot)) {
				throw new UsageError("sync: the other folder does not keep this tenant", { code: "not-found" });
			}
			const transfers: Transfer[] = [];
			const level = async (dbId: string, open: () => Promise<MindooDB>) => {
				const done = await call.progress(`sync ${dbId}`, async (report) =>
					levelWith(await open(), { stores: replica.stores, tenantRoot, dbId, report }),
				);
				transfers.push(done);
			};
			await level("directory", async () => (await tenant.openDirectory()).db);
			const databases = new Set([...(await tenant.listDatabases()), ...(await replica.stores.list(tenantRoot))]);
			databases.delete("directory");
			for (const dbId of [...databases].sort()) {
				await level(dbId, async () => {
					const db = await openDatabase(tenant, dbId, attachments);
					if (history !== undefined) await db.setHistory(history);
					return db;
				});
			}
			const refused = transfers.flatMap(({ refused: each }) => each);
			const rows = transfers.map(({ dbId, received, sent, refused: each }) => [
				dbId,
				String(received),
				String(sent),
				String(each.length),
			]);
			return {
				data: { with: call.path(other), databases: transfers },
				lines: [
					...table(["database", "received", "sent", "not taken"], rows),
					...refused.slice(0, 20).map(({ hash, by, message }) => `not taken ${by}: ${hash}: ${message}`),
					...(refused.length > 20 ? [`and ${countText(refused.length - 20, "more", "more")}`] : []),
					...transfers.flatMap(({ dbId, damaged }) =>
						damaged > 0 ? [`damaged there: ${countText(damaged, "record", "records")} of ${dbId}`] : [],
					),
					...transfers.flatMap(({ dbId, complete }) =>
						complete ? [] : [`not all of ${dbId} was looked at: sync again to go on`],
					),
				],
				exitCode: transfers.every(isWhole) ? exitCodes.ok : exitCodes.found,
			};
		} finally {
			await replica.close();
		}
	});
}

function isWhole({ refused, damaged, complete }: Transfer): boolean {
	return complete && damaged === 0 && refused.length === 0;
}

/** Pulls, then pushes. */
async function levelWith(
	db: MindooDB,
	other: { readonly stores: StoreFactory; readonly tenantRoot: string; readonly dbId: string; readonly report: Report },
): Promise<Transfer> {
	const { stores, tenantRoot, dbId, report } = other;
	const store = await stores.open({ tenantRoot, dbId, purpose: "documents" });
	const onProgress = ({ done, total }: { readonly done: number; readonly total: number }) => report(done, total);
	try {
		const pulled: PullResult = await db.pullChangesFrom(store, { onProgress });
		const pushed: PushResult = await db.pushChangesTo(store, { onProgress });
		return {
			dbId,
			received: pulled.stored,
			sent: pushed.sent,
			damaged: pulled.damaged.length,
			complete: pulled.complete,
			refused: [
				...pulled.refused.map(({ hash, message }) => ({ hash, by: "here" as const, message })),
				...pushed.refused.map(({ hash, message }) => ({ hash, by: "there" as const, message })),
			],
		};
	} finally {
		await store.close();
	}
}
