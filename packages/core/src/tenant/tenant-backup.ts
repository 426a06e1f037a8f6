import type { ApackSink } from "@mindoodb/formats/apack";
import { BackupStore } from "../backup/backup-store.js";
import { recordsOf } from "../backup/manifest.js";
import type { OpenedBackup } from "../backup/opened-backup.js";
import { type BackupSource, type WriteBackupOptions, type WrittenBackup, writeBackup } from "../backup/write-backup.js";
import type { Crypto } from "../crypto/crypto.js";
import type { MindooDB } from "../database/mindoo-db.js";
import { UsageError, VerifyError } from "../errors.js";
import type { Refusal } from "../store/store.js";
import { directoryId } from "../trust/directory-record.js";
import type { MindooTenant } from "./mindoo-tenant.js";

/**
 * Writes an archive of all databases of a tenant and of its directory, as they are at this moment, while they are in use. Databases that
 * keep their attachments in a store of their own must be open with it.
 * @throws as `writeBackup`. @throws {UsageError} when a dense replica lacks some of the past, and no source has it.
 */
export async function backupTenant(
	tenant: MindooTenant,
	sink: ApackSink,
	options: WriteBackupOptions,
): Promise<WrittenBackup> {
	const databases: MindooDB[] = [];
	for (const dbId of await tenant.listDatabases()) databases.push(await tenant.openDB(dbId));
	for (const db of databases) await demandPast(db);
	const documents = databases.map(({ id, store }): BackupSource => ({ dbId: id, purpose: "documents", store }));
	const attachments = databases.flatMap(({ id, attachmentStore: store }): BackupSource[] =>
		store === undefined ? [] : [{ dbId: id, purpose: "attachments", store }],
	);
	const directory = (await tenant.openDirectory()).db;
	const last: BackupSource = { dbId: directory.id, purpose: "documents", store: directory.store };
	// Changes before the chunks that they refer to, and everything before the grants that it rests on.
	return writeBackup(sink, { tenant: tenant.identity, sources: [...documents, ...attachments, last] }, options);
}

/** In an archive nobody could tell what was left out from what somebody has taken out. */
async function demandPast(db: MindooDB): Promise<void> {
	await db.fetchHistory();
	const { payloads } = (await db.countLacking()).past;
	if (payloads === 0) return;
	throw new UsageError('backup: the past of documents is not all here; sync with history "whole" first', {
		field: "history",
		found: payloads,
	});
}

/** What one database took from the archives. */
export interface AppliedDatabase {
	readonly dbId: string;
	/** Entries that are new here. */
	readonly stored: number;
	/** Entries that were not stored, and why. */
	readonly refused: readonly Refusal[];
	/** Records of the archives that are damaged. */
	readonly damaged: number;
	/** Entries of archives that continue others, whose predecessors have not come yet: they wait for the archive before. */
	readonly waiting: number;
	/** Whether all of the archives was looked at; else another call goes on. */
	readonly complete: boolean;
}

export interface ApplyBackupOptions {
	/** Told records, of all archives together. */
	readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
	readonly signal?: AbortSignal;
}

/**
 * Takes archives up into a tenant in use, as if their stores were another replica: the directory first, then database by database. What was
 * applied before changes nothing.
 * @throws {VerifyError} `wrong-database` for an archive of another tenant.
 */
export async function applyBackups(
	tenant: MindooTenant,
	{ backups, crypto }: { readonly backups: readonly OpenedBackup[]; readonly crypto: Crypto },
	options: ApplyBackupOptions = {},
): Promise<AppliedDatabase[]> {
	const { tenantRoot } = tenant.identity;
	for (const backup of backups) {
		if (backup.tenantRoot === tenantRoot) continue;
		throw new VerifyError("backup: the archive is of another tenant", {
			code: "wrong-database",
			expected: tenantRoot,
			found: backup.tenantRoot,
		});
	}
	const parts = backups.flatMap((backup) =>
		backup.manifest.stores.map((part, index) => ({ part, store: new BackupStore(crypto, backup, index) })),
	);
	const total = parts.reduce((sum, { part }) => sum + recordsOf(part), 0);
	const databases = new Set(parts.map(({ part }) => part.dbId));
	databases.delete(directoryId);
	const applied: AppliedDatabase[] = [];
	let before = 0;
	for (const dbId of [directoryId, ...[...databases].sort()]) {
		const db = dbId === directoryId ? (await tenant.openDirectory()).db : await tenant.openDB(dbId);
		const result = { dbId, stored: 0, refused: [] as Refusal[], damaged: 0, waiting: 0, complete: true };
		const own = parts.filter(({ part }) => part.dbId === dbId);
		for (const { part, store } of own) {
			const done = before;
			const pulled = await db.pullChangesFrom(store, {
				...(options.signal && { signal: options.signal }),
				onProgress: (progress) => options.onProgress?.({ done: done + progress.done, total }),
			});
			before += recordsOf(part);
			result.stored += pulled.stored;
			result.refused.push(...pulled.refused);
			result.damaged += pulled.damaged.length;
			result.complete &&= pulled.complete;
		}
		for (const { part, store } of own) if (part.from > 0) result.waiting += await countWaiting(db, store);
		applied.push(result);
	}
	return applied;
}

/** Entries whose predecessors in their document are not here. */
async function countWaiting(db: MindooDB, store: BackupStore): Promise<number> {
	let waiting = 0;
	for (let at = 0; ; ) {
		const page = await store.entriesAfter(at, { payload: false });
		if (page.next === at) return waiting;
		at = page.next;
		const named = page.arrivals.map(({ entry }) =>
			entry.kind === "entry" ? (entry.fields?.dependencyHashes ?? []) : [],
		);
		const here = new Set(await db.store.hasEntries([...new Set(named.flat())]));
		waiting += named.filter((hashes) => hashes.some((hash) => !here.has(hash))).length;
	}
}
