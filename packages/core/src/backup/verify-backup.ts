/**
 * Checks backups without any key of the tenant: that the archives are what their manifests say, every entry what its address says, and
 * signed by its author or vouched for by a signed successor of its chain.
 */
import type { Crypto } from "../crypto/crypto.js";
import type { StoredEntry } from "../entry/entry.js";
import { verifyEntries } from "../store/verify-entries.js";
import { VouchedLinks } from "../store/vouched-links.js";
import { type ChainPart, type ChainStore, joinBackups } from "./backup-chain.js";
import { type BackupSegment, recordsOf } from "./manifest.js";
import type { OpenedBackup } from "./opened-backup.js";
import { twoAtATime } from "./two-at-a-time.js";

/** A record, or a part of an archive, that does not hold. */
export interface BackupFault {
	/** Place of the archive among those given, from 1. */
	readonly archive: number;
	/** Of the store; `undefined` for a file beside the stores. */
	readonly dbId: string | undefined;
	/** Number of the record in its store's part of the archive, from 1; the first one where several are concerned. */
	readonly record: number;
	/** How many records are concerned. */
	readonly records: number;
	/** Address of the entry, where it can be told. */
	readonly hash?: string;
	readonly message: string;
}

export interface VerifiedBackup {
	readonly entries: number;
	/** Stubs among them: what is left of entries that the tenant had erased. */
	readonly stubs: number;
	/** Records that the stores themselves could not read when the archives were made. */
	readonly damagedBefore: number;
	readonly faults: readonly BackupFault[];
	/**
	 * Entries that nobody here vouches for. In archives that do not begin with a whole one their successors may lie in those before; in
	 * others they were erased at the replica alone, and the entries prove nothing any more.
	 */
	readonly unvouched: readonly string[];
}

export interface VerifyBackupOptions {
	/** Told records, of all archives together. */
	readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
	readonly signal?: AbortSignal;
}

/**
 * @param backups in their order, each of which continues the one before.
 * @throws {VerifyError} `chain`, `wrong-database`. Damage is told, not thrown.
 */
export async function verifyBackup(
	crypto: Crypto,
	backups: readonly OpenedBackup[],
	options: VerifyBackupOptions = {},
): Promise<VerifiedBackup> {
	return new Verification(crypto, backups, options).run(joinBackups(backups));
}

interface Place {
	readonly at: ChainPart;
	readonly record: number;
}

class Verification {
	readonly #crypto: Crypto;
	readonly #backups: readonly OpenedBackup[];
	readonly #options: VerifyBackupOptions;
	readonly #faults: BackupFault[] = [];
	readonly #total: number;
	#done = 0;
	#entries = 0;
	#stubs = 0;
	#links = new VouchedLinks<Place>();

	constructor(crypto: Crypto, backups: readonly OpenedBackup[], options: VerifyBackupOptions) {
		this.#crypto = crypto;
		this.#backups = backups;
		this.#options = options;
		this.#total = sum(backups.flatMap(({ manifest }) => manifest.stores.map(recordsOf)));
	}

	async run(stores: readonly ChainStore[]): Promise<VerifiedBackup> {
		const unvouched: string[] = [];
		for (const { parts } of stores) {
			this.#links = new VouchedLinks();
			for (const part of parts) await this.#part(part);
			for (const [hash] of this.#links.unvouched()) unvouched.push(hash);
		}
		for (const part of this.#leftBehind(stores)) {
			this.#links = new VouchedLinks();
			await this.#part(part);
		}
		await this.#files();
		const damagedBefore = sum(this.#backups.flatMap(({ manifest }) => manifest.stores.map(({ damaged }) => damaged)));
		return { entries: this.#entries, stubs: this.#stubs, damagedBefore, faults: this.#faults, unvouched };
	}

	/** Parts of stores that the newest archive has anew, or not at all: nothing is restored from them. */
	#leftBehind(stores: readonly ChainStore[]): ChainPart[] {
		const joined = new Set(stores.flatMap(({ parts }) => parts.map(({ part }) => part)));
		return this.#backups.flatMap((backup, archive) =>
			backup.manifest.stores
				.map((part, store) => ({ backup, archive, store, part }))
				.filter(({ part }) => !joined.has(part)),
		);
	}

	async #part(at: ChainPart): Promise<void> {
		const checks = twoAtATime(at.part.segments.length, (index) => this.#check(at, index));
		let record = 1;
		for await (const { records, outcome } of checks) {
			this.#options.signal?.throwIfAborted();
			if (outcome instanceof Error) this.#fault({ at, record }, outcome.message, records);
			else this.#take(at, record, outcome);
			record += records;
			this.#done += records;
			this.#options.onProgress?.({ done: this.#done, total: this.#total });
		}
	}

	/** Form, address, payload and signature of a segment's entries. */
	async #check(at: ChainPart, index: number) {
		const { records } = at.part.segments[index] as BackupSegment;
		const read = await at.backup.segmentIfWhole(at.store, index);
		if (read instanceof Error) return { records, outcome: read };
		const { refused } = await verifyEntries(
			read.filter((entry) => entry !== undefined),
			{
				crypto: this.#crypto,
				tenantRoot: at.backup.tenantRoot,
				dbId: at.part.dbId,
				headersAlone: false,
				settled: async () => new Set(),
				// Whether somebody vouches for what is unsigned shows at the end. A chunk is always signed itself.
				vouched: async (unsigned) => new Set(unsigned.map(({ hash }) => hash)),
			},
		);
		return { records, outcome: { read, reasons: new Map(refused.map(({ hash, message }) => [hash, message])) } };
	}

	#take(
		at: ChainPart,
		first: number,
		{ read, reasons }: { readonly read: readonly (StoredEntry | undefined)[]; readonly reasons: Map<string, string> },
	): void {
		for (const [index, entry] of read.entries()) {
			const place = { at, record: first + index };
			if (entry === undefined) {
				this.#fault(place, "the record is no entry");
				continue;
			}
			this.#entries++;
			const reason = reasons.get(entry.hash);
			if (reason !== undefined) this.#fault(place, reason, 1, entry.hash);
			else if (!this.#links.add(entry, place)) this.#fault(place, "the entry is there twice", 1, entry.hash);
			else if (entry.kind === "stub") this.#stubs++;
		}
	}

	async #files(): Promise<void> {
		for (const [archive, backup] of this.#backups.entries()) {
			for (const { name } of backup.manifest.files) {
				const read = await backup.fileIfWhole(name);
				if (!(read instanceof Error)) continue;
				const message = `the file ${name} beside the stores: ${read.message}`;
				this.#faults.push({ archive: archive + 1, dbId: undefined, record: 0, records: 0, message });
			}
		}
	}

	#fault({ at, record }: Place, message: string, records = 1, hash?: string): void {
		const { dbId } = at.part;
		const named = hash === undefined ? {} : { hash };
		this.#faults.push({ archive: at.archive + 1, dbId, record, records, message, ...named });
	}
}

function sum(numbers: readonly number[]): number {
	return numbers.reduce((total, each) => total + each, 0);
}
