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

/** Most bytes of an attachment: the smaller of what the settings of the tenant and of the database say. */
export async function largestAttachment(directory: MindooTenantDirectory, dbId: string): Promise<number | undefined> {
	const settings = await Promise.all([directory.getTenantSettings(), directory.getDBSettings(dbId)]);
	const sizes = settings.map((each) => each?.maxAttachmentSize).filter((size) => typeof size === "number");
	return sizes.length === 0 ? undefined : Math.min(...sizes);
}
