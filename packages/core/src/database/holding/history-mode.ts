import { decodeCbor, encodeCbor } from "../../bytes/cbor.js";
import { UsageError } from "../../errors.js";
import type { LocalStore } from "../../store/store.js";
import type { HistoryMode } from "../../sync/connecting/sync-options.js";
import { factKey } from "../document-rows.js";

const modeKey = factKey("history");

/** @throws {UsageError} for anything else. */
export function checkHistoryMode(mode: unknown): HistoryMode {
	if (mode === "whole" || mode === "dense") return mode;
	throw new UsageError('history: expected "whole" or "dense"', { field: "history" });
}

/** What was chosen when a database was opened the last time with a choice. @param store holds the documents. */
export async function rememberedHistoryMode(store: LocalStore): Promise<HistoryMode> {
	const row = await store.rows.get(modeKey);
	return row === undefined ? "whole" : checkHistoryMode(decodeCbor(row));
}

export async function rememberHistoryMode(store: LocalStore, mode: HistoryMode): Promise<void> {
	await store.rows.write([{ type: "put", key: modeKey, value: encodeCbor(mode) }]);
}
