/**
 * `identity.json` of a folder: {"mindoodb": "folder", "version": 1, "keyBags": 8 hex digits, "user": the user id}. `keyBags` says which
 * generation of the KeyBag files counts: identity and KeyBags stand under one password, and this file alone decides which one.
 */
import { join } from "node:path";
import { FormatError, type PrivateUserId, parsePrivateUserId } from "@mindoodb/core";
import { readJson, writeJsonDurably } from "./folder-files.js";

export interface FolderIdentity {
	readonly keyBags: string;
	readonly user: PrivateUserId;
}

export function identityPath(dir: string): string {
	return join(dir, "identity.json");
}

/** @returns `undefined` when the folder has no identity. @throws {FormatError} `unsupported` for a newer version. */
export async function readIdentity(dir: string): Promise<FolderIdentity | undefined> {
	const json = await readJson(identityPath(dir));
	if (json === undefined) return undefined;
	const fields = typeof json === "object" && json !== null ? (json as Record<string, unknown>) : {};
	if (fields.mindoodb !== "folder") {
		throw new FormatError("identity.json: expected the identity of a MindooDB folder", { field: "mindoodb" });
	}
	if (fields.version !== 1) {
		const found = typeof fields.version === "number" ? fields.version : typeof fields.version;
		throw new FormatError(`identity.json: expected version 1, found ${found}`, {
			code: "unsupported",
			expected: 1,
			found,
		});
	}
	if (typeof fields.keyBags !== "string" || !/^[0-9a-f]{8}$/.test(fields.keyBags)) {
		throw new FormatError("identity.json: expected 8 hex digits in keyBags", { field: "keyBags" });
	}
	return { keyBags: fields.keyBags, user: parsePrivateUserId(fields.user) };
}

export function writeIdentity(dir: string, { keyBags, user }: FolderIdentity): Promise<void> {
	return writeJsonDurably(identityPath(dir), { mindoodb: "folder", version: 1, keyBags, user });
}
