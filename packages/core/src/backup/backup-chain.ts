import { UsageError, VerifyError } from "../errors.js";
import type { OpenStoreOptions } from "../store/store.js";
import type { BackupStorePart } from "./manifest.js";
import type { OpenedBackup } from "./opened-backup.js";

/** A store's part in one archive. */
export interface ChainPart {
	readonly backup: OpenedBackup;
	/** Place of the archive among those given, from 0. */
	readonly archive: number;
	/** Place of the store in that archive's manifest. */
	readonly store: number;
	readonly part: BackupStorePart;
}

/** A store as the newest archive knew it, and where its arrivals are, oldest first. */
export interface ChainStore extends Pick<OpenStoreOptions, "dbId" | "purpose"> {
	readonly parts: readonly ChainPart[];
	/** Whether its first arrivals are in the archives. */
	readonly whole: boolean;
}

/**
 * Puts archives together, each of which continues the one before.
 * @throws {VerifyError} `wrong-database` when they are of several tenants, `chain` when one does not continue the one before; with the ids
 * expected and found.
 */
export function joinBackups(backups: readonly OpenedBackup[]): ChainStore[] {
	const newest = backups.at(-1);
	if (newest === undefined) throw new UsageError("backup: expected at least one archive");
	for (const [index, { id, tenantRoot, manifest }] of backups.entries()) {
		if (tenantRoot !== newest.tenantRoot) {
			throw new VerifyError("backup: the archives are of several tenants", {
				code: "wrong-database",
				expected: newest.tenantRoot,
				found: tenantRoot,
			});
		}
		const before = backups[index - 1];
		if (before === undefined || manifest.previous === before.id) continue;
		const found = manifest.previous;
		throw new VerifyError(
			found === undefined
				? `backup: archive ${id} begins a chain and continues none; it comes first`
				: `backup: archive ${id} continues ${found}, and ${before.id} comes before it`,
			{ code: "chain", expected: before.id, found: found ?? "none" },
		);
	}
	return newest.manifest.stores.map(({ dbId, purpose }) => joinStore(backups, dbId, purpose));
}

/** @throws {VerifyError} `chain` unless the archives hold everything from the beginning. */
export function demandWhole([first]: readonly OpenedBackup[], stores: readonly ChainStore[]): void {
	const before = first?.manifest.previous;
	if (before === undefined && stores.every(({ whole }) => whole)) return;
	throw new VerifyError(
		`backup: the first archive continues ${before ?? "another one"}, which is not among those given`,
		{
			code: "chain",
			expected: before ?? "a whole backup",
			found: first?.id ?? "none",
		},
	);
}

/** Back from the newest archive to the one that has the store from its first arrival on. */
function joinStore(backups: readonly OpenedBackup[], dbId: string, purpose: OpenStoreOptions["purpose"]): ChainStore {
	const parts: ChainPart[] = [];
	let later: BackupStorePart | undefined;
	for (let archive = backups.length - 1; archive >= 0; archive--) {
		const backup = backups[archive] as OpenedBackup;
		const store = backup.manifest.stores.findIndex((each) => each.dbId === dbId && each.purpose === purpose);
		const part = backup.manifest.stores[store];
		if (part === undefined || (later !== undefined && !continues(later, part))) {
			throw new VerifyError(`backup: archive ${backup.id} does not reach to where the next one goes on`, {
				code: "chain",
				expected: later?.from ?? 0,
				found: part?.to ?? 0,
			});
		}
		parts.unshift({ backup, archive, store, part });
		if (part.from === 0) return { dbId, purpose, parts, whole: true };
		later = part;
	}
	return { dbId, purpose, parts, whole: false };
}

function continues(later: BackupStorePart, before: BackupStorePart): boolean {
	return later.storeId === before.storeId && later.from === before.to;
}
