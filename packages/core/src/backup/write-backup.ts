import { type ApackPlatform, type ApackSink, type ArchiveEncryption, createArchive } from "@mindoodb/formats/apack";
import { toHex } from "../bytes/hex.js";
import type { Crypto } from "../crypto/crypto.js";
import type { Clock } from "../env.js";
import { UsageError, VerifyError } from "../errors.js";
import type { ContentAddressedStore, OpenStoreOptions, StorePosition } from "../store/store.js";
import {
	type BackupRecord,
	encodeSegment,
	recordBytes,
	recordOf,
	segmentBytes,
	segmentRecords,
} from "./backup-record.js";
import {
	type BackupFilePart,
	type BackupManifest,
	type BackupMark,
	type BackupSegment,
	type BackupStorePart,
	type BackupTenant,
	encodeManifest,
} from "./manifest.js";

/** A store to be backed up. */
export interface BackupSource {
	readonly dbId: string;
	readonly purpose: OpenStoreOptions["purpose"];
	readonly store: ContentAddressedStore;
}

/** What the next archive has to know of the one before. */
export interface PreviousBackup {
	/** 64 hex digits. */
	readonly id: string;
	readonly tenantRoot: string;
	readonly marks: readonly BackupMark[];
}

export interface WriteBackupOptions {
	readonly env: { readonly crypto: Crypto; readonly clock: Clock };
	readonly platform: ApackPlatform;
	/** @default anybody can read sizes, ids and who wrote when */
	readonly encryption?: ArchiveEncryption;
	/** The archive that this one continues. @default everything is written */
	readonly previous?: PreviousBackup;
	/** Files that go along as they are, by name. They may hold keys, so they demand `encryption`. @default none */
	readonly files?: ReadonlyMap<string, Uint8Array>;
	/** Told arrivals, of all stores together. */
	readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
	readonly signal?: AbortSignal;
}

export interface WrittenBackup {
	/** SHA-256 of the manifest, 64 hex digits: what the next archive continues. */
	readonly id: string;
	readonly manifest: BackupManifest;
}

interface Span extends BackupSource {
	readonly storeId: string;
	readonly from: number;
	readonly position: StorePosition;
}

/**
 * Writes what stores hold at this moment, while they are in use.
 * @param tenant with its root.
 * @param sources in such an order that what an entry refers to lies in its own store or a later one: documents, attachments, the directory.
 * @throws {VerifyError} `wrong-database` when `previous` is of another tenant. Whatever the sink throws; what it has got by then is no archive.
 */
export async function writeBackup(
	sink: ApackSink,
	{
		tenant,
		sources,
	}: { readonly tenant: BackupTenant & { readonly tenantRoot: string }; readonly sources: readonly BackupSource[] },
	options: WriteBackupOptions,
): Promise<WrittenBackup> {
	const { env, platform, encryption, previous, files = new Map(), onProgress, signal } = options;
	if (files.size > 0 && encryption === undefined) {
		throw new UsageError("backup: files with keys go into an encrypted archive alone", { field: "encryption" });
	}
	if (previous !== undefined && previous.tenantRoot !== tenant.tenantRoot) {
		throw new VerifyError("backup: the archive before is of another tenant", {
			code: "wrong-database",
			expected: tenant.tenantRoot,
			found: previous.tenantRoot,
		});
	}
	const createdAt = env.clock.now();
	// All positions before anything is read, in the order given: what an entry refers to is then in the archive too.
	const positions: { readonly source: BackupSource; readonly position: StorePosition }[] = [];
	for (const source of sources) positions.push({ source, position: await source.store.position() });
	const spans: Span[] = [];
	for (const { source, position } of positions) spans.push(await spanOf(source, position, previous));

	const total = spans.reduce((sum, { from, position }) => sum + position.arrival - from, 0);
	let done = 0;
	const writer = await createArchive(sink, { platform, ...(encryption && { encryption }) });
	const adding = signal === undefined ? {} : { signal };
	const stores: BackupStorePart[] = [];
	for (const [index, span] of spans.entries()) {
		const writing = new StoreWriting(env.crypto, span, (arrivals) => {
			done += arrivals;
			onProgress?.({ done, total });
		});
		await writer.add({ name: `stores/${index}` }, writing.content(), adding);
		stores.push(writing.part());
	}
	const fileParts: BackupFilePart[] = [];
	for (const [name, bytes] of files) {
		// The archive shows the names of its entries, even when it is encrypted.
		await writer.add({ name: `files/${fileParts.length}` }, bytes, adding);
		fileParts.push({ name, bytes: bytes.length, sha256: toHex(await env.crypto.sha256(bytes)) });
	}
	const { tenantRoot: _, ...publicTenant } = tenant;
	const manifest = { tenant: publicTenant, createdAt, previous: previous?.id, stores, files: fileParts };
	const bytes = encodeManifest(manifest);
	await writer.add({ name: "manifest" }, bytes, adding);
	await writer.close();
	return { id: toHex(await env.crypto.sha256(bytes)), manifest };
}

/** Where to begin: behind the archive before, if the store is still the one that it was and has the history that it had. */
async function spanOf(
	source: BackupSource,
	position: StorePosition,
	previous: PreviousBackup | undefined,
): Promise<Span> {
	const { storeId } = await source.store.identity();
	const mark = previous?.marks.find(({ dbId, purpose }) => dbId === source.dbId && purpose === source.purpose);
	const continues = mark?.storeId === storeId && (await stoodAt(source.store, position, mark));
	return { ...source, storeId, position, from: continues ? mark.to : 0 };
}

async function stoodAt(store: ContentAddressedStore, now: StorePosition, { to, digest }: BackupMark): Promise<boolean> {
	if (to >= now.arrival) return to === now.arrival && digest === now.digest;
	return digest === (await store.entriesAfter(to, { limit: 0 })).digest;
}

/** Packs one store's entries into segments. */
class StoreWriting {
	readonly #crypto: Crypto;
	readonly #span: Span;
	readonly #onArrivals: (arrivals: number) => void;
	readonly #segments: BackupSegment[] = [];
	#damaged = 0;

	constructor(crypto: Crypto, span: Span, onArrivals: (arrivals: number) => void) {
		this.#crypto = crypto;
		this.#span = span;
		this.#onArrivals = onArrivals;
	}

	async *content(): AsyncGenerator<Uint8Array> {
		const { store, from, position } = this.#span;
		let records: BackupRecord[] = [];
		let bytes = 0;
		for (let at = from; at < position.arrival; ) {
			const limit = Math.min(256, position.arrival - at);
			const page = await store.entriesAfter(at, { limit });
			this.#damaged += page.damaged.length;
			for (const { entry } of page.arrivals) {
				const record = recordOf(entry);
				records.push(record);
				bytes += recordBytes(record);
				if (bytes < segmentBytes && records.length < segmentRecords) continue;
				yield await this.#segment(records);
				[records, bytes] = [[], 0];
			}
			if (page.next === at) break;
			this.#onArrivals(page.next - at);
			at = page.next;
		}
		if (records.length > 0) yield await this.#segment(records);
	}

	/** Once all content was read. */
	part(): BackupStorePart {
		const { dbId, purpose, storeId, from, position } = this.#span;
		const segments = this.#segments;
		return {
			dbId,
			purpose,
			storeId,
			from,
			to: position.arrival,
			digest: position.digest,
			damaged: this.#damaged,
			segments,
		};
	}

	async #segment(records: readonly BackupRecord[]): Promise<Uint8Array> {
		const segment = encodeSegment(records);
		const sha256 = toHex(await this.#crypto.sha256(segment));
		this.#segments.push({ records: records.length, bytes: segment.length, sha256 });
		return segment;
	}
}
