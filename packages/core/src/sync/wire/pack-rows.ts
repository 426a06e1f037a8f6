import { type Link, linkOf, type StoredEntry, type Stub } from "../../entry/entry.js";
import type { HeaderFields } from "../../entry/header.js";
import { Packer } from "../../store/packing.js";
import { packDocId } from "../../store/record.js";
import {
	hasParts,
	type Key,
	type Origin,
	plaintextRoom,
	type RunPayload,
	rowFlags,
	rowForms,
	type Setting,
} from "./run-row.js";
import { PackingHashes, PackingTable } from "./run-tables.js";

/** Writes the rows of a run, see run-row.ts. */
export class RowsPacker {
	readonly #packer = new Packer();
	readonly #hashes = new PackingHashes();
	readonly #documents = new PackingTable<string>((docId) => docId, packDocId);
	readonly #origins = new PackingTable<Origin>(
		({ tenantRoot, dbId, createdByPublicKey }) => `${tenantRoot}${createdByPublicKey}${dbId}`,
		(packer, { tenantRoot, dbId, createdByPublicKey }) => packer.hash(tenantRoot).text(dbId).hash(createdByPublicKey),
	);
	readonly #keys = new PackingTable<Key>(
		({ decryptionKeyId, keyCommitment }) => `${keyCommitment}${decryptionKeyId}`,
		(packer, { decryptionKeyId, keyCommitment }) => packer.text(decryptionKeyId).hash(keyCommitment),
	);

	/** Of the row before. */
	#origin: Origin | undefined;
	#setting: Setting | undefined;
	#createdAt = 0;

	/** @param payload that of the entry, if it goes along. */
	add(entry: StoredEntry, payload: RunPayload | undefined): void {
		const signed = entry.signature === undefined ? 0 : rowFlags.signed;
		if (entry.kind === "stub") this.#stub(entry, signed);
		else if (hasParts(entry, payload)) this.#parts(entry.fields, payload, signed);
		else this.#whole(entry.header, signed);
		if (entry.signature !== undefined) this.#packer.raw(entry.signature);
		this.#hashes.addEntry(entry.hash);
		this.#createdAt = linkOf(entry).createdAt;
	}

	finish(): Uint8Array {
		return this.#packer.finish();
	}

	#whole(header: Uint8Array, signed: number): void {
		this.#packer
			.fixed(rowForms.whole | signed, 1)
			.uint(header.length)
			.raw(header);
	}

	#stub({ link, headerHash }: Stub, signed: number): void {
		this.#begin(rowForms.stub | signed, link, undefined);
		this.#packer.raw(headerHash);
		this.#predecessor(link);
	}

	#parts(fields: HeaderFields, payload: RunPayload | undefined, signed: number): void {
		const packer = this.#packer;
		this.#begin(fields.entryTypeCode | signed, fields, fields);
		if (fields.entryType !== "doc_create") this.#list(fields.dependencyHashes);
		if (payload === undefined) packer.uint(fields.originalSize).hash(fields.contentHash);
		else packZigzag(packer, fields.originalSize - plaintextRoom(payload));
		if (fields.contentTag !== undefined) packer.hash(fields.contentTag);
		this.#predecessor(fields);
	}

	/** Flags, what changes, document and time. */
	#begin(form: number, link: Link, setting: Setting | undefined): void {
		const newOrigin = this.#origin === undefined || !sameOrigin(this.#origin, link);
		const newSetting = setting !== undefined && (this.#setting === undefined || !sameSetting(this.#setting, setting));
		const predecessor = link.previousByAuthor === undefined ? 0 : rowFlags.predecessor;
		const flags = predecessor | (newOrigin ? rowFlags.origin : 0) | (newSetting ? rowFlags.setting : 0);
		this.#packer.fixed(form | flags, 1);
		if (newOrigin) this.#origins.pack(this.#packer, link);
		if (newSetting) {
			this.#keys.pack(this.#packer, setting);
			this.#list(setting.directoryHeads);
		}
		this.#documents.pack(this.#packer, link.docId);
		packZigzag(this.#packer, link.createdAt - this.#createdAt);
		this.#origin = link;
		this.#setting = setting ?? this.#setting;
	}

	#predecessor({ previousByAuthor }: Link): void {
		if (previousByAuthor !== undefined) this.#hashes.pack(this.#packer, previousByAuthor);
	}

	#list(hashes: readonly string[]): void {
		this.#packer.uint(hashes.length);
		for (const hash of hashes) this.#hashes.pack(this.#packer, hash);
	}
}

/** 0, -1, 1, -2, ... as 0, 1, 2, 3, ... */
function packZigzag(packer: Packer, value: number): void {
	packer.uint(value < 0 ? -2 * value - 1 : 2 * value);
}

function sameOrigin(a: Origin, b: Origin): boolean {
	return a.createdByPublicKey === b.createdByPublicKey && a.dbId === b.dbId && a.tenantRoot === b.tenantRoot;
}

function sameSetting(a: Setting, b: Setting): boolean {
	return (
		a.keyCommitment === b.keyCommitment &&
		a.decryptionKeyId === b.decryptionKeyId &&
		a.directoryHeads.length === b.directoryHeads.length &&
		a.directoryHeads.every((head, index) => head === b.directoryHeads[index])
	);
}
