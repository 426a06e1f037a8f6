/** `join-request.json` of a folder: {"mindoodb": "join-request", "version": 1, "request": base64url}, the latest request that it made. */
import { join } from "node:path";
import { FormatError, fromBase64Url, toBase64Url, UsageError } from "@mindoodb/core";
import { readJson, writeJsonDurably } from "./folder-files.js";

export function joinRequestPath(dir: string): string {
	return join(dir, "join-request.json");
}

/** @throws {UsageError} `not-found` when the folder made none. @throws {FormatError} */
export async function readJoinRequest(dir: string): Promise<Uint8Array> {
	const json = await readJson(joinRequestPath(dir));
	if (json === undefined) {
		throw new UsageError("join: this folder made no request that could have been answered", { code: "not-found" });
	}
	const { mindoodb, version, request } =
		typeof json === "object" && json !== null ? (json as Record<string, unknown>) : {};
	if (mindoodb !== "join-request" || version !== 1 || typeof request !== "string") {
		throw new FormatError("join-request.json: expected a join-request of version 1", { field: "request" });
	}
	return fromBase64Url(request);
}

export function writeJoinRequest(dir: string, request: Uint8Array): Promise<void> {
	const json = { mindoodb: "join-request", version: 1, request: toBase64Url(request) };
	return writeJsonDurably(joinRequestPath(dir), json);
}
