import { FormatError } from "../errors.js";
import type { ByteSource } from "../ports.js";

/** What of the platform's `fetch` is needed. */
export type FetchLike = (
	url: string,
	request: { readonly headers: Record<string, string>; readonly signal?: AbortSignal },
) => Promise<{
	readonly status: number;
	readonly headers: { get(name: string): string | null };
	arrayBuffer(): Promise<ArrayBuffer>;
}>;

export interface HttpSourceOptions {
	/** The platform's `fetch`, or one that adds credentials. */
	readonly fetch: FetchLike;
	readonly signal?: AbortSignal;
}

/** Content-Range of RFC 9110, section 14.4, with a known length. */
const contentRange = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+)$/;

/**
 * A resource of an HTTP server as a source: each read asks for a range (RFC 9110, section 14).
 * @throws {FormatError} `source` when the server does not serve ranges, or the resource is not there. Reads throw it when the resource
 * changed since, or the answer is not the range that was asked for.
 */
export async function httpSource(url: string, { fetch, signal }: HttpSourceOptions): Promise<ByteSource> {
	const ask = (first: number, last: number, headers: Record<string, string> = {}) =>
		fetch(url, { headers: { range: `bytes=${first}-${last}`, ...headers }, ...(signal && { signal }) });

	const probe = await ask(0, 0);
	await probe.arrayBuffer();
	if (probe.status !== 206 && probe.status !== 416) throw unexpected("a range of the resource", probe.status);
	const size = Number(contentRange.exec(probe.headers.get("content-range") ?? "")?.[3]);
	if (!Number.isSafeInteger(size)) throw unexpected("Content-Range with the length of the resource", "none");
	const tag = probe.headers.get("etag");
	// A weak tag says nothing about bytes, and servers must not compare it here.
	const unchanged: Record<string, string> = tag === null || tag.startsWith("W/") ? {} : { "if-range": tag };

	return {
		size,
		async read(offset, length) {
			const end = Math.min(offset + length, size);
			if (offset >= end) return new Uint8Array(0);
			const answer = await ask(offset, end - 1, unchanged);
			const bytes = new Uint8Array(await answer.arrayBuffer());
			if (answer.status === 200) throw unexpected("the resource as it was when it was opened", "another");
			if (answer.status !== 206) throw unexpected("a range of the resource", answer.status);
			const expected = `bytes ${offset}-${end - 1}/${size}`;
			const found = answer.headers.get("content-range");
			if (found !== expected) throw unexpected(`Content-Range ${expected}`, found ?? "none");
			if (bytes.length !== end - offset) throw unexpected(`${end - offset} bytes`, bytes.length);
			return bytes;
		},
	};
}

function unexpected(expected: string, found: string | number): FormatError<"source"> {
	const what = typeof found === "number" && expected.startsWith("a range") ? `status ${found}` : found;
	return new FormatError("source", `http: expected ${expected}, found ${what}`, { expected, found });
}
