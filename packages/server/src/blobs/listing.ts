/** The answer of ListObjectsV2, as far as it is needed. Source: Amazon S3 API Reference, "ListObjectsV2". */
import { StoreError } from "@mindoodb/core";

export interface Listing {
	readonly objects: readonly { readonly key: string /** Milliseconds. */; readonly writtenAt: number }[];
	/** Where the next page begins; `undefined` on the last one. */
	readonly next: string | undefined;
}

/** @throws {StoreError} when the text is no listing. */
export function parseListing(xml: string): Listing {
	if (!xml.includes("<ListBucketResult"))
		throw new StoreError("blobs: expected a list of objects", { code: "store-io" });
	const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, content = ""]) => {
		const writtenAt = Date.parse(textOf(content, "LastModified") ?? "");
		const key = textOf(content, "Key");
		if (key === undefined || Number.isNaN(writtenAt)) {
			throw new StoreError("blobs: expected an object's key and time in a list", { code: "store-io" });
		}
		return { key, writtenAt };
	});
	return { objects, next: textOf(xml, "NextContinuationToken") };
}

function textOf(xml: string, name: string): string | undefined {
	const found = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
	return found?.replace(/&(lt|gt|quot|apos|amp);/g, (_, entity: string) => entities[entity] ?? "");
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
