import { decodeCbor, encodeCbor } from "../../bytes/cbor.js";
import { UsageError } from "../../errors.js";
import type { LocalStore } from "../../store/store.js";
import { factKey } from "../document-rows.js";

const modeKey = factKey("attachments");

/**
 * Which bytes of attachments a replica holds; it has every header whatever it is. "eager": all. "lazy": those that were read, and those
 * of pinned documents. `maxBytes`: as "lazy", but what was read longest ago makes room once more than that many bytes are here, as far
 * as another replica says that it keeps them.
 */
export type AttachmentMode = "eager" | "lazy" | { readonly maxBytes: number };

/** @throws {UsageError} for anything else. */
export function checkAttachmentMode(mode: AttachmentMode): AttachmentMode {
	if (mode === "eager" || mode === "lazy") return mode;
	const maxBytes: unknown = (mode as { readonly maxBytes?: unknown } | null)?.maxBytes;
	if (Number.isSafeInteger(maxBytes) && (maxBytes as number) >= 0) return { maxBytes: maxBytes as number };
	throw new UsageError('attachments: expected "eager", "lazy" or a whole number of bytes as maxBytes', {
		field: "attachments",
	});
}

/** What was chosen when a database was opened the last time with a choice. @param store holds the chunks. */
export async function rememberedMode(store: LocalStore): Promise<AttachmentMode> {
	const row = await store.rows.get(modeKey);
	const value = row && decodeCbor(row);
	if (value === undefined) return "eager";
	return checkAttachmentMode(typeof value === "number" ? { maxBytes: value } : (value as AttachmentMode));
}

export async function rememberMode(store: LocalStore, mode: AttachmentMode): Promise<void> {
	const value = encodeCbor(typeof mode === "string" ? mode : mode.maxBytes);
	await store.rows.write([{ type: "put", key: modeKey, value }]);
}

export function boundOf(mode: AttachmentMode): number | undefined {
	return typeof mode === "string" ? undefined : mode.maxBytes;
}
