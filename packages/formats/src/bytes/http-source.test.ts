import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createArchive, MemorySink, openArchive } from "@mindoodb/formats/apack";
import { nodeApack, nodeRandom } from "@mindoodb/formats/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { httpSource } from "./http-source.js";

const text = new TextEncoder().encode("0123456789".repeat(1000));
/** What the server has, and how it answers. */
let resource: Uint8Array;
let tag: string | undefined;
let ranges: boolean;
let lie: ((first: number, last: number) => { range?: string; body?: Uint8Array }) | undefined;
let sent = 0;
let server: Server;
let url: string;

beforeEach(async () => {
	[resource, tag, ranges, lie, sent] = [text, '"1"', true, undefined, 0];
	server = createServer((request, response) => {
		const asked = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
		const same = request.headers["if-range"] === undefined || request.headers["if-range"] === tag;
		if (tag !== undefined) response.setHeader("etag", tag);
		if (request.url !== "/archive") response.writeHead(404).end("no");
		else if (asked === null || !ranges || !same) response.writeHead(200).end(resource);
		else {
			const [first, last] = [Number(asked[1]), Math.min(Number(asked[2]), resource.length - 1)];
			if (first >= resource.length) {
				response.writeHead(416, { "content-range": `bytes */${resource.length}` }).end();
				return;
			}
			const changed = lie?.(first, last);
			const body = changed?.body ?? resource.subarray(first, last + 1);
			sent += body.length;
			const range = changed?.range ?? `bytes ${first}-${last}/${resource.length}`;
			response.writeHead(206, { "content-range": range }).end(body);
		}
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/archive`;
});

afterEach(async () => {
	server.closeAllConnections();
	await new Promise((resolve) => server.close(resolve));
});

describe("a resource of an HTTP server", () => {
	it("is read where it is asked, and no further than it goes", async () => {
		const source = await httpSource(url, { fetch });
		expect(source.size).toBe(text.length);
		expect(await source.read(1234, 10)).toEqual(text.slice(1234, 1244));
		expect(await source.read(text.length - 3, 100)).toEqual(text.slice(-3));
		expect(await source.read(text.length, 1)).toHaveLength(0);
		resource = new Uint8Array(0);
		tag = undefined;
		expect((await httpSource(url, { fetch })).size).toBe(0);
	});

	it("gives a range of an archive for a few bytes of it", async () => {
		const platform = await nodeApack();
		const sink = new MemorySink();
		const writer = await createArchive(sink, { platform, compression: { method: "none" } });
		const content = nodeRandom.randomBytes(3_000_000);
		await writer.add({ name: "noise", mimeType: "" }, content);
		await writer.close();
		resource = sink.toBytes();
		const archive = await openArchive(await httpSource(url, { fetch }), { platform });
		const entry = await archive.find("noise");
		if (entry === undefined) throw new Error("expected an entry");
		expect(await archive.readRange(entry, 1_500_000, 1_500_100)).toEqual(content.slice(1_500_000, 1_500_100));
		expect(sent).toBeLessThan(600_000);
	});

	it("is refused where there are no ranges, or nothing is there", async () => {
		ranges = false;
		await expect(httpSource(url, { fetch })).rejects.toMatchObject({ code: "source", data: { found: 200 } });
		await expect(httpSource(`${url}s`, { fetch })).rejects.toMatchObject({ code: "source", data: { found: 404 } });
	});

	it("that changed since, or is not what was asked for, is refused", async () => {
		const source = await httpSource(url, { fetch });
		tag = '"2"';
		await expect(source.read(0, 5)).rejects.toMatchObject({ code: "source" });
		tag = '"1"';
		lie = (first, last) => ({ range: `bytes ${first + 1}-${last + 1}/${text.length}` });
		await expect(source.read(0, 5)).rejects.toMatchObject({ code: "source" });
		lie = () => ({ body: text.slice(0, 4) });
		await expect(source.read(0, 5)).rejects.toMatchObject({ code: "source" });
		lie = (first, last) => ({ range: `bytes ${first}-${last}/${text.length + 1}` });
		await expect(source.read(0, 5)).rejects.toMatchObject({ code: "source" });
		lie = undefined;
		expect(await source.read(0, 5)).toEqual(text.slice(0, 5));
		const stop = new AbortController();
		const stopped = await httpSource(url, { fetch, signal: stop.signal });
		stop.abort();
		await expect(stopped.read(0, 5)).rejects.toMatchObject({ name: "AbortError" });
	});
});
