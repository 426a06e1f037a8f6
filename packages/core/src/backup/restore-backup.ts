import type { Crypto } from "../crypto/crypto.js";
import type { StoredEntry } from "../entry/entry.js";
import { VerifyError } from "../errors.js";
import type { StoreFactory } from "../store/store.js";
import { demandWhole, joinBackups } from "./backup-chain.js";
import type { OpenedBackup } from "./opened-backup.js";
import { twoAtATime } from "./two-at-a-time.js";
import { type VerifyBackupOptions, verifyBackup } from "./verify-backup.js";

export interface RestoredBackup {
	readonly entries: number;
	/** Entries that were left out, because nobody vouches for them any more: see `VerifiedBackup.unvouched`. */
	readonly unvouched: readonly string[];
}

/**
 * Puts the entries of backups back into stores that are made for it, in the order in which they once arrived. Everything is checked before
 * the first store is made; what fails later leaves stores that the caller removes.
 * @param backups a whole one first, then those that continue it, in their order.
 * @throws {VerifyError} `chain` when one is missing, `address` when anything is damaged.
 */
export async function restoreBackup(
	{ crypto, stores }: { readonly crypto: Crypto; readonly stores: StoreFactory },
	backups: readonly OpenedBackup[],
	{ onProgress, signal }: VerifyBackupOptions = {},
): Promise<RestoredBackup> {
	const joined = joinBackups(backups);
	demandWhole(backups, joined);
	let checked = 0;
	const { faults, unvouched } = await verifyBackup(crypto, backups, {
		...(signal && { signal }),
		onProgress: ({ done, total }) => {
			checked = total;
			onProgress?.({ done, total: 2 * total });
		},
	});
	const [fault] = faults;
	if (fault !== undefined) {
		throw new VerifyError(
			`backup: archive ${fault.archive} is damaged: ${fault.message}; \`verify-backup\` names all of it`,
			{
				code: "address",
				expected: 0,
				found: faults.length,
				...(fault.hash && { hash: fault.hash }),
			},
		);
	}
	const left = new Set(unvouched);
	const [newest] = backups as readonly [OpenedBackup];
	let entries = 0;
	for (const { dbId, purpose, parts } of joined) {
		const store = await stores.open({ tenantRoot: newest.tenantRoot, dbId, purpose });
		try {
			for (const { backup, store: place, part } of parts) {
				const segments = twoAtATime(part.segments.length, (index) => backup.segment(place, index));
				for await (const read of segments as AsyncIterable<StoredEntry[]>) {
					signal?.throwIfAborted();
					const kept = read.filter(({ hash }) => !left.has(hash));
					await store.append(kept, { mayLack: true });
					entries += kept.length;
					onProgress?.({ done: checked + entries, total: 2 * checked });
				}
			}
		} finally {
			await store.close();
		}
	}
	return { entries, unvouched };
}
