import type { Crypto } from "../../crypto/crypto.js";
import { BuiltEntry } from "../../entry/built-entry.js";
import { hashEntry, type Link, linkOf, parseEntry, type StoredEntry } from "../../entry/entry.js";
import { checkId, entryTypes, type HeaderFields } from "../../entry/header.js";
import { limits } from "../../entry/limits.js";
import { FormatError } from "../../errors.js";
import type { Unpacker } from "../../store/packing.js";
import { unpackDocId } from "../../store/record.js";
import { type Key, type Origin, plaintextRoom, type RunPayload, rowFlags, rowForms, type Setting } from "./run-row.js";
import { UnpackingHashes, UnpackingTable } from "./run-tables.js";

/** Reads the rows of a run, see run-row.ts, and rebuilds what was left out; row by row, because addresses follow from those before. */
export class RowsUnpacker {
	readonly #crypto: Crypto;
	readonly #unpacker: Unpacker;
	readonly #hashes = new UnpackingHashes();
	readonly #documents = new UnpackingTable<string>(unpackDocId);
	readonly #origins = new UnpackingTable<Origin>((unpacker) => ({
		tenantRoot: unpacker.hash(),
		dbId: unpacker.text(),
		createdByPublicKey: unpacker.hash(),
	}));
	readonly #keys = new UnpackingTable<Key>((unpacker) => ({
		decryptionKeyId: unpacker.text(),
		keyCommitment: unpacker.hash(),
	}));

	/** Of the row before. */
	#origin: Origin | undefined;
	#setting: Setting | undefined;
	#createdAt = 0;

	constructor(crypto: Crypto, unpacker: Unpacker) {
		this.#crypto = crypto;
		this.#unpacker = unpacker;
	}

	/** @param payload the one that goes along. @throws {FormatError} */
	async next(payload: RunPayload | undefined): Promise<StoredEntry> {
		const flags = this.#unpacker.fixed(1);
		const form = flags & 7;
		const entry =
			form === rowForms.whole
				? await this.#whole(flags, payload)
				: form === rowForms.stub
					? await this.#stub(flags)
					: await this.#parts(flags, payload);
		this.#hashes.addEntry(entry.hash);
		this.#createdAt = linkOf(entry).createdAt;
		return entry;
	}

	#whole(flags: number, payload: RunPayload | undefined): Promise<StoredEntry> {
		const header = this.#unpacker.raw(this.#unpacker.uint());
		return parseEntry(this.#crypto, { header, signature: this.#signature(flags), payload: payload?.bytes });
	}

	async #stub(flags: number): Promise<StoredEntry> {
		const origin = this.#originOf(flags);
		const place = this.#place();
		const headerHash = this.#unpacker.raw(32);
		const link: Link = { ...origin, ...place, previousByAuthor: this.#predecessor(flags) };
		checkLink(link);
		const signature = this.#signature(flags);
		return { kind: "stub", hash: await hashEntry(this.#crypto, headerHash, link), headerHash, link, signature };
	}

	async #parts(flags: number, payload: RunPayload | undefined): Promise<StoredEntry> {
		const unpacker = this.#unpacker;
		const entryTypeCode = flags & 7;
		const entryType = entryTypes[entryTypeCode];
		if (entryType === undefined) throw new FormatError("run: unknown form of a row", { found: entryTypeCode });
		const origin = this.#originOf(flags);
		const setting = this.#settingOf(flags);
		const tagged = entryType === "doc_create" || entryType === "doc_change";
		const fields: HeaderFields = {
			version: 1,
			entryTypeCode,
			entryType,
			...origin,
			...setting,
			...this.#place(),
			dependencyHashes: entryType === "doc_create" ? [] : this.#hashes.unpackList(unpacker, limits.dependencies),
			originalSize: payload === undefined ? unpacker.uint() : plaintextRoom(payload) + unpackZigzag(unpacker),
			contentHash: payload === undefined ? unpacker.hash() : payload.contentHash,
			contentTag: tagged ? unpacker.hash() : undefined,
			previousByAuthor: this.#predecessor(flags),
			extensions: new Map(),
		};
		const signature = this.#signature(flags);
		return BuiltEntry.build(this.#crypto, fields, { signature, payload: payload?.bytes });
	}

	#originOf(flags: number): Origin {
		if (flags & rowFlags.origin) this.#origin = this.#origins.unpack(this.#unpacker);
		return known(this.#origin);
	}

	#settingOf(flags: number): Setting {
		if (flags & rowFlags.setting) {
			const key = this.#keys.unpack(this.#unpacker);
			const directoryHeads = this.#hashes.unpackList(this.#unpacker, limits.directoryHeads);
			this.#setting = { ...key, directoryHeads };
		}
		return known(this.#setting);
	}

	#place(): Pick<Link, "docId" | "createdAt"> {
		const docId = this.#documents.unpack(this.#unpacker);
		return { docId, createdAt: this.#createdAt + unpackZigzag(this.#unpacker) };
	}

	#predecessor(flags: number): string | undefined {
		return flags & rowFlags.predecessor ? this.#hashes.unpack(this.#unpacker) : undefined;
	}

	#signature(flags: number): Uint8Array | undefined {
		return flags & rowFlags.signed ? this.#unpacker.raw(limits.signatureBytes) : undefined;
	}
}

function known<T>(value: T | undefined): T {
	if (value === undefined) throw new FormatError("run: leaves out what no row before says");
	return value;
}

/** What `encodeHeader` asks of an entry, asked of a stub. */
function checkLink({ dbId, docId, createdAt }: Link): void {
	checkId(dbId, "dbId");
	checkId(docId, "docId");
	if (createdAt < 0 || createdAt >= limits.createdAt) {
		throw new FormatError("run: expected a time below 2^48", { field: "createdAt", found: createdAt });
	}
}

function unpackZigzag(unpacker: Unpacker): number {
	const value = unpacker.uint();
	return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
