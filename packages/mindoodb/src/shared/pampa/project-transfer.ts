import type { MindooDB } from "@mindoodb/core";
import {
	chunkFileNames,
	type Folder,
	isSha,
	PampaChunkStore,
	PampaError,
	type PampaStoreOptions,
} from "@mindoodb/formats/pampa";
import { readBase, writeBase } from "./base-file.js";
import { ProjectDocuments } from "./project-documents.js";
import { ProjectFolder } from "./project-folder.js";
import {
	type ChunkFile,
	formOf,
	isEncrypted,
	type ProjectSide,
	type ProjectState,
	shaOfEntry,
} from "./project-side.js";
import { equalFields } from "./three-way.js";
import { type Conflict, leave, type Plan, planTransfer } from "./transfer-plan.js";

export interface ProjectTransferOptions extends Omit<PampaStoreOptions, "encrypt"> {
	/** A database of this project alone. */
	readonly db: MindooDB;
	/** The project's own folder, with its codemap. */
	readonly project: Folder;
	/** Its `.pampa/chunks`. */
	readonly chunks: Folder;
	/** Where the record of the last transfer is kept, and its name there: another one for each database. */
	readonly base: { readonly folder: Folder; readonly name: string };
}

export interface TransferOptions {
	/** Only tells what would be done. @default false */
	readonly dryRun?: boolean;
	/** Where both sides changed the same, the side that the transfer comes from counts. @default false */
	readonly overwrite?: boolean;
	/** Removes what only the side that the transfer goes to knows. @default false */
	readonly prune?: boolean;
}

export interface Transferred {
	/** Names of what was added, changed or removed. */
	readonly written: readonly string[];
	readonly removed: readonly string[];
	/** What folder and database changed differently. It is as it was on both sides. */
	readonly conflicts: readonly Conflict[];
}

export interface TransferResult {
	readonly entries: Transferred;
	readonly chunks: Transferred;
	/** What machines wrote into the database without knowledge of each other. One of the values was taken; the next push settles it. */
	readonly databaseConflicts: readonly Conflict[];
	/** Chunks that are not what their name says, or cannot be opened with the key: they were not taken. */
	readonly failed: readonly { readonly sha: string; readonly error: PampaError }[];
	/** Entries that were not taken, as the chunk that they need is nowhere. */
	readonly withoutChunk: readonly string[];
	/** Encrypted chunks that were taken without a look into them, for want of the key. */
	readonly unverified: number;
	/** Documents that are no entry and no chunk although they say so. */
	readonly damaged: readonly string[];
}

/** Files, and bytes of them, that are written in one go. */
const [filesAtOnce, bytesAtOnce] = [256, 2 ** 24];
/** The largest file of a chunk that a document holds. */
const mostBytes = 16 * 2 ** 20;

/** What both sides have and had. */
interface Situation {
	readonly source: ProjectState;
	readonly target: ProjectState;
	readonly base: ProjectState;
}

/**
 * Keeps a project's chunks and codemap in a database: an encrypted copy that several machines push to and pull from. Changes and removals
 * of both sides since the last transfer are told apart by a record of what they had then; entries merge field by field. Chunks keep their
 * form: encrypted ones stay so.
 */
export class ProjectTransfer {
	readonly #options: ProjectTransferOptions;

	constructor(options: ProjectTransferOptions) {
		this.#options = options;
	}

	/** From the folder to the database. @throws {PampaError} `CODEMAP_INVALID`, {FormatError} of the record of the last transfer */
	push(options: TransferOptions = {}): Promise<TransferResult> {
		const { folder, documents } = this.#sides();
		return this.#transfer(folder, documents, documents, options);
	}

	/** From the database to the folder. Throws as `push` does. */
	pull(options: TransferOptions = {}): Promise<TransferResult> {
		const { folder, documents } = this.#sides();
		return this.#transfer(documents, folder, documents, options);
	}

	#sides(): { readonly folder: ProjectFolder; readonly documents: ProjectDocuments } {
		const { db, project, chunks, ...options } = this.#options;
		return { folder: new ProjectFolder(project, chunks, options), documents: new ProjectDocuments(db) };
	}

	async #transfer(
		from: ProjectSide,
		to: ProjectSide,
		documents: ProjectDocuments,
		options: TransferOptions,
	): Promise<TransferResult> {
		const { folder, name } = this.#options.base;
		const base = await readBase(folder, name);
		const [source, target] = [await from.read(), await to.read()];
		const situation = { source, target, base };
		const writing = options.dryRun !== true;
		const chunks = planTransfer(source.chunks, target.chunks, base.chunks, options);
		const entries = planTransfer(source.entries, target.entries, base.entries, options);

		// Chunks come before the entries that need them, and go after them: an entry is never without its chunk.
		const { failed, unverified } = await this.#moveChunks(chunks, from, writing ? to : undefined, situation);
		const withoutChunk = leaveThoseWithoutChunk(entries, chunks, situation);
		leaveNeeded(chunks, entries, situation);
		const databaseConflicts = await documents.conflicts();
		if (writing) {
			await to.changeEntries(entries);
			await to.removeChunks(chunks.remove);
			await writeBase(folder, name, { entries: entries.base, chunks: chunks.base });
		}
		return {
			entries: told(entries, entries.conflicts),
			chunks: told(chunks, realConflicts(chunks.conflicts, situation)),
			databaseConflicts,
			failed,
			withoutChunk,
			unverified,
			damaged: documents.damaged,
		};
	}

	/** @param to `undefined` only reads. */
	async #moveChunks(plan: Plan, from: ProjectSide, to: ProjectSide | undefined, { target, base }: Situation) {
		const failed: { readonly sha: string; readonly error: PampaError }[] = [];
		let unverified = 0;
		let files: ChunkFile[] = [];
		let bytes = 0;
		for (const sha of [...plan.write]) {
			try {
				const file = await this.#checked(await from.readChunk(sha), sha);
				// Somebody may write there meanwhile; the next transfer sees it.
				if (!equalFields(formOf(file), plan.target.get(sha))) throw goneMeanwhile(sha);
				if (file.encrypted && this.#options.key === undefined) unverified++;
				files.push(file);
				bytes += file.bytes.length;
			} catch (error) {
				if (!(error instanceof PampaError)) throw error;
				failed.push({ sha, error });
				leave(plan, sha, { before: target.chunks.get(sha), base: base.chunks.get(sha) });
			}
			if (files.length < filesAtOnce && bytes < bytesAtOnce) continue;
			await to?.writeChunks(files);
			[files, bytes] = [[], 0];
		}
		await to?.writeChunks(files);
		return { failed, unverified };
	}

	/** @throws {PampaError} when the file is not what its name says; an encrypted one is not looked into without the key. */
	async #checked(file: ChunkFile | undefined, sha: string): Promise<ChunkFile> {
		if (file === undefined) throw goneMeanwhile(sha);
		const { encrypted, bytes } = file;
		if (bytes.length > mostBytes) {
			throw new PampaError("CHUNK_TOO_LARGE", `chunk ${sha}: expected a file of at most ${mostBytes} bytes`);
		}
		if (encrypted && this.#options.key === undefined) return file;
		const names = chunkFileNames(sha);
		await new PampaChunkStore(oneFile(encrypted ? names.encrypted : names.plain, bytes), this.#options).read(sha);
		return file;
	}
}

/** Entries whose chunk is not at the target, and cannot come there now. @returns their ids. */
function leaveThoseWithoutChunk(entries: Plan, chunks: Plan, { target, base }: Situation): string[] {
	const ids = [...entries.write].filter((id) => {
		const sha = shaOfEntry(entries.target.get(id) ?? new Map());
		return isSha(sha) && !chunks.target.has(sha) && !chunks.remove.has(sha);
	});
	for (const id of ids) leave(entries, id, { before: target.entries.get(id), base: base.entries.get(id) });
	return ids;
}

/** Chunks that the source removed and the target's entries need stay, as if they were new there. */
function leaveNeeded(chunks: Plan, entries: Plan, { target }: Situation): void {
	const needed = new Set([...entries.target.values()].map(shaOfEntry));
	for (const sha of [...chunks.remove]) {
		if (needed.has(sha)) leave(chunks, sha, { before: target.chunks.get(sha), base: undefined });
	}
}

/** Machines that encrypted the same text each have their own bytes of it. */
function realConflicts(conflicts: readonly Conflict[], { source, target }: Situation): Conflict[] {
	return conflicts.filter(({ name }) => !isEncrypted(source.chunks.get(name)) || !isEncrypted(target.chunks.get(name)));
}

function told({ write, remove }: Plan, conflicts: readonly Conflict[]): Transferred {
	return { written: [...write].sort(), removed: [...remove].sort(), conflicts };
}

function goneMeanwhile(sha: string): PampaError {
	return new PampaError("CHUNK_NOT_FOUND", `Failed to read chunk ${sha}: it went or changed meanwhile`);
}

/** A folder to read one file from. */
function oneFile(only: string, bytes: Uint8Array): Folder {
	const refuse = async () => {
		throw new TypeError("this folder is only read");
	};
	return {
		read: async (name) => (name === only ? bytes : undefined),
		list: async () => [only],
		write: refuse,
		delete: refuse,
	};
}
