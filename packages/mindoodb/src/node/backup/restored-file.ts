/**
 * `restored.json` of a folder that was made from a backup without keys: {"mindoodb": "restored", "version": 1, "tenant": its public identity}.
 * Such a folder has stores and no identity yet.
 */
import { join } from "node:path";
import { type Crypto, FormatError, parseTenantIdentity, type TenantIdentity } from "@mindoodb/core";
import { readJson, removeDurably, writeJsonDurably } from "../folder-files.js";

export const restoredName = "restored.json";

export function writeRestored(dir: string, tenant: TenantIdentity): Promise<void> {
	return writeJsonDurably(join(dir, restoredName), { mindoodb: "restored", version: 1, tenant });
}

/** @returns the tenant whose stores wait for an identity; `undefined` when there is none. @throws {FormatError} */
export async function readRestored(dir: string, crypto: Crypto): Promise<TenantIdentity | undefined> {
	const json = await readJson(join(dir, restoredName));
	if (json === undefined) return undefined;
	const { mindoodb, version, tenant } = (json ?? {}) as Record<string, unknown>;
	if (mindoodb !== "restored" || version !== 1) {
		throw new FormatError(`${restoredName}: expected version 1`, { code: "unsupported", expected: 1 });
	}
	return parseTenantIdentity(crypto, tenant);
}

export function removeRestored(dir: string): Promise<void> {
	return removeDurably(join(dir, restoredName));
}
