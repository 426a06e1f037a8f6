import { limits } from "../entry/limits.js";
import { UsageError } from "../errors.js";
import type { MindooTenantDirectory } from "./mindoo-tenant-directory.js";

/** Bytes of an attachment chunk. */
export const defaultChunkSize = 256 * 1024;
/** With smaller ones their headers and signatures weigh more than their bytes. */
const leastChunkSize = 16 * 1024;

/** @throws {UsageError} */
export function checkChunkSize(chunkSize: number): void {
	if (Number.isInteger(chunkSize) && chunkSize >= leastChunkSize && chunkSize <= limits.chunkBytes) return;
	throw new UsageError(`chunkSize: expected ${leastChunkSize} to ${limits.chunkBytes} bytes`, { field: "chunkSize" });
}

interface LimitParts {
	readonly directory: () => Promise<MindooTenantDirectory>;
	/** Another text when the directory, or what can be read of it, has changed. */
	readonly state: () => Promise<string>;
	readonly dbId: string;
}

/** Most bytes of an attachment: the smaller of what the settings of the tenant and of the database say. */
export class AttachmentLimit {
	readonly #parts: LimitParts;
	#found: { readonly state: string; readonly bytes: number | undefined } | undefined;

	constructor(parts: LimitParts) {
		this.#parts = parts;
	}

	/** Every upload asks, and nearly always nothing has changed. @returns `undefined` when there is none. */
	async bytes(): Promise<number | undefined> {
		const state = await this.#parts.state();
		if (this.#found?.state !== state) this.#found = { state, bytes: await this.#read() };
		return this.#found.bytes;
	}

	async #read(): Promise<number | undefined> {
		const directory = await this.#parts.directory();
		const settings = await Promise.all([directory.getTenantSettings(), directory.getDBSettings(this.#parts.dbId)]);
		const sizes = settings.map((each) => each?.maxAttachmentSize).filter((size) => typeof size === "number");
		return sizes.length === 0 ? undefined : Math.min(...sizes);
	}
}
