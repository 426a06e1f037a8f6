import { createHash } from "node:crypto";
import {
	type Blobs,
	fromHex,
	type ListedBlob,
	type OpenStoreOptions,
	type Random,
	StoreError,
	toHex,
} from "@mindoodb/core";
import { AwsClient } from "aws4fetch";
import type { BlobsPlace } from "./blobs-url.js";
import { parseListing } from "./listing.js";

export interface S3BlobsOptions {
	/** Source of the objects' names. */
	readonly random: Random;
	/** Payloads of so many bytes and more lie there. @default 65536 */
	readonly leastBytes?: number;
	/** Milliseconds that one request may take. @default 60000 */
	readonly timeout?: number;
	/** @default the platform's */
	readonly fetch?: typeof fetch;
}

/** Tries again after errors of the service (5xx, 429), with growing pauses. */
const retries = 3;
const nameBytes = 8;
/** SHA-256 of nothing. */
const emptyHash = createHash("sha256").digest("hex");

/**
 * Large payloads in a store that speaks Amazon's S3 protocol. Names are prefix ‖ tenantRoot / store / content hash / name: bytes are never
 * shared between tenants. What is written is encrypted already; the service checks it against its hash.
 */
export class S3Blobs {
	readonly #place: BlobsPlace;
	readonly #options: S3BlobsOptions;
	readonly #client: AwsClient;

	constructor(place: BlobsPlace, options: S3BlobsOptions) {
		this.#place = place;
		this.#options = options;
		const { accessKeyId, secretAccessKey, sessionToken, region } = place;
		const token = sessionToken === undefined ? {} : { sessionToken };
		this.#client = new AwsClient({ accessKeyId, secretAccessKey, ...token, region, service: "s3" });
	}

	/** The objects of one store. */
	of(store: OpenStoreOptions): Blobs {
		const folder = `${this.#place.prefix}${folderOf(store)}`;
		const keyOf = (contentHash: string, name: Uint8Array) => `${folder}${contentHash}/${toHex(name)}`;
		return {
			leastBytes: this.#options.leastBytes ?? 64 * 1024,
			put: async (contentHash, payload) => {
				const name = this.#options.random.randomBytes(nameBytes);
				const response = await this.#send("PUT", this.#url(keyOf(contentHash, name)), { payload, contentHash });
				await finish(response, [200]);
				return name;
			},
			get: async (contentHash, name) => {
				const response = await this.#send("GET", this.#url(keyOf(contentHash, name)));
				if (response.status === 404) return void (await response.body?.cancel());
				if (response.status !== 200) await finish(response, [200]);
				return new Uint8Array(await response.arrayBuffer());
			},
			remove: async (contentHash, name) => {
				await finish(await this.#send("DELETE", this.#url(keyOf(contentHash, name))), [200, 204, 404]);
			},
			list: () => this.#list(folder),
		};
	}

	/** Erases all objects of a store that is dropped. */
	async drop(store: OpenStoreOptions): Promise<void> {
		const blobs = this.of(store);
		for await (const listed of blobs.list()) {
			await Promise.all(listed.map(({ contentHash, name }) => blobs.remove(contentHash, name)));
		}
	}

	async *#list(folder: string): AsyncGenerator<readonly ListedBlob[]> {
		let next: string | undefined;
		do {
			const query = new URLSearchParams({ "list-type": "2", prefix: folder });
			if (next !== undefined) query.set("continuation-token", next);
			const response = await this.#send("GET", `${this.#url("")}?${query}`);
			if (response.status !== 200) await finish(response, [200]);
			const listing = parseListing(await response.text());
			yield listing.objects.flatMap(({ key, writtenAt }) => {
				const [contentHash = "", name = "", ...more] = key.slice(folder.length).split("/");
				const isOurs = /^[0-9a-f]{64}$/.test(contentHash) && /^[0-9a-f]{16}$/.test(name) && more.length === 0;
				return isOurs ? [{ contentHash, name: fromHex(name, nameBytes), writtenAt }] : [];
			});
			next = listing.next;
		} while (next !== undefined);
	}

	#url(key: string): string {
		return `${this.#place.endpoint}/${this.#place.bucket}/${key}`;
	}

	async #send(
		method: string,
		url: string,
		{ payload, contentHash = emptyHash }: { readonly payload?: Uint8Array; readonly contentHash?: string } = {},
	): Promise<Response> {
		const { fetch: send = fetch, timeout = 60_000 } = this.#options;
		const body = payload === undefined ? {} : { body: payload as NonNullable<RequestInit["body"]> };
		for (let tried = 0; ; tried++) {
			const request = await this.#client.sign(url, {
				method,
				headers: { "x-amz-content-sha256": contentHash },
				...body,
			});
			const response = await send(request, { signal: AbortSignal.timeout(timeout) }).catch((cause: unknown) => {
				throw new StoreError("blobs: the object store could not be reached", { code: "store-io", cause });
			});
			if ((response.status < 500 && response.status !== 429) || tried === retries) return response;
			await response.body?.cancel();
			await pause(50 * 2 ** tried);
		}
	}
}

/** Ids come from others and may look like a path, so a store is named by their hash. */
function folderOf({ tenantRoot, dbId, purpose }: OpenStoreOptions): string {
	const store = createHash("sha256")
		.update(JSON.stringify([dbId, purpose]))
		.digest("hex");
	return `${tenantRoot}/${store.slice(0, 32)}/`;
}

/** Reads a response whose body nobody needs. @throws {StoreError} on another status. */
async function finish(response: Response, expected: readonly number[]): Promise<void> {
	await response.body?.cancel();
	if (expected.includes(response.status)) return;
	throw new StoreError(`blobs: the object store answered ${response.status}`, {
		code: "store-io",
		found: response.status,
	});
}

function pause(milliseconds: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
