import {
	type Codemap,
	type CodemapEntry,
	chunkFileNames,
	type Folder,
	normalizeEntry,
	PampaChunkStore,
	type PampaStoreOptions,
	readCodemap,
	writeCodemap,
} from "@mindoodb/formats/pampa";
import { mapBounded } from "../bounded.js";
import { type ChunkFile, type EntryChanges, formOf, type ProjectSide, type ProjectState } from "./project-side.js";
import type { Fields } from "./three-way.js";

/** The chunks and the codemap of a project on disk. */
export class ProjectFolder implements ProjectSide {
	readonly #project: Folder;
	readonly #chunks: Folder;
	readonly #store: PampaChunkStore;

	constructor(project: Folder, chunks: Folder, options: PampaStoreOptions) {
		this.#project = project;
		this.#chunks = chunks;
		this.#store = new PampaChunkStore(chunks, options);
	}

	/** No codemap is an empty one. @throws {PampaError} `CODEMAP_INVALID` */
	async read(): Promise<ProjectState> {
		const codemap: Codemap = (await readCodemap(this.#project)) ?? new Map();
		// The codemap's writer leaves out the empty id.
		const entries = [...codemap].filter(([id]) => id !== "").map(([id, entry]) => [id, fieldsOf(entry)] as const);
		const chunks = new Map<string, Fields>();
		for (const { sha, encrypted } of await this.#store.list()) {
			const none = new Uint8Array(0);
			const file = encrypted ? await this.readChunk(sha) : { encrypted, bytes: none };
			if (file !== undefined) chunks.set(sha, formOf(file));
		}
		return { entries: new Map(entries), chunks };
	}

	async readChunk(sha: string): Promise<ChunkFile | undefined> {
		const names = chunkFileNames(sha);
		for (const encrypted of [true, false]) {
			const bytes = await this.#chunks.read(encrypted ? names.encrypted : names.plain);
			if (bytes !== undefined) return { sha, encrypted, bytes };
		}
		return undefined;
	}

	async writeChunks(files: readonly ChunkFile[]): Promise<void> {
		await mapBounded(files, async ({ sha, encrypted, bytes }) => {
			const names = chunkFileNames(sha);
			await this.#chunks.write(encrypted ? names.encrypted : names.plain, bytes);
			await this.#chunks.delete(encrypted ? names.plain : names.encrypted);
		});
	}

	async removeChunks(shas: Iterable<string>): Promise<void> {
		for (const sha of shas) await this.#store.remove(sha);
	}

	async changeEntries({ target, write, remove }: EntryChanges): Promise<void> {
		if (write.size + remove.size === 0) return;
		await writeCodemap(this.#project, new Map([...target].map(([id, fields]) => [id, entryOf(fields)])));
	}
}

function fieldsOf(entry: CodemapEntry): Fields {
	return new Map(Object.entries(entry).map(([name, value]) => [name, JSON.stringify(value)]));
}

function entryOf(fields: Fields): CodemapEntry {
	return normalizeEntry(Object.fromEntries([...fields].map(([name, text]) => [name, JSON.parse(text)])));
}
