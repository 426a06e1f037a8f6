import {
	checkStoreUrl,
	FolderRegistry,
	noticeWays,
	type PostgresServerOptions,
	PostgresStores,
	parseBlobsUrl,
	type TenantRegistry,
} from "@mindoodb/server";
import { nodeCrypto, UsageError } from "mindoodb";
import type { Call } from "../../call.js";
import { serverFolderOf } from "./server-folder.js";

export const storeOption = [
	"--store <url>",
	"keep everything but the server's key in Postgres: postgres://user:password@host/database (or: MINDOODB_STORE)",
] as const;

export const placeOptions = [
	storeOption,
	["--blobs <url>", "with --store: large payloads in an object store, s3://bucket/prefix (or: MINDOODB_BLOBS)"],
	["--notices <way>", `with --store: how processes hear of one another: ${noticeWays.join(", ")} (default: listen)`],
] as const;

/** @returns `undefined` when the server keeps everything in its folder. @throws {UsageError} */
export function storeOf(call: Call): Pick<PostgresServerOptions, "store" | "blobs" | "notices"> | undefined {
	const { env } = call.surroundings;
	const store = call.option("store") ?? (env.MINDOODB_STORE || undefined);
	const blobs = call.option("blobs") ?? (env.MINDOODB_BLOBS || undefined);
	const notices = call.option("notices") ?? (env.MINDOODB_NOTICES || undefined);
	const way = noticeWays.find((each) => each === notices);
	if (notices !== undefined && way === undefined) {
		throw new UsageError(`serve: expected notices of ${noticeWays.join(", ")}`);
	}
	if (store === undefined) {
		if (blobs === undefined && notices === undefined) return undefined;
		throw new UsageError("serve: --blobs and --notices go with --store");
	}
	return {
		store: checkStoreUrl(store),
		blobs: blobs === undefined ? undefined : parseBlobsUrl(blobs, env),
		notices: way,
	};
}

/** The database of a command that works in one. @throws {UsageError} */
export function storeUrl(call: Call): string {
	const place = storeOf(call);
	if (place === undefined) throw new UsageError("server: expected --store and a Postgres database");
	return place.store;
}

/** The place that people are told: without user, password and settings. */
export function placeText(store: string): string {
	const { protocol, host, pathname } = new URL(store);
	return `${protocol}//${host}${pathname}`;
}

/** Runs a task on the notes of a server, which may be running. */
export async function withRegistry<T>(call: Call, task: (registry: TenantRegistry) => Promise<T>): Promise<T> {
	const place = storeOf(call);
	if (place === undefined) return task(new FolderRegistry(serverFolderOf(call)));
	const stores = await PostgresStores.connect(place.store, nodeCrypto());
	try {
		return await task(stores.registry);
	} finally {
		await stores.close();
	}
}
