import { createHash, createHmac } from "node:crypto";
import { startTestObjects, type TestObjects } from "@mindoodb/testing";
import { nodeCrypto } from "mindoodb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseListing } from "./listing.js";
import { S3Blobs } from "./s3-blobs.js";

const crypto = nodeCrypto();
const store = { tenantRoot: "ab".repeat(32), dbId: "../Ä", purpose: "attachments" } as const;
let objects: TestObjects;

beforeAll(async () => {
	objects = await startTestObjects();
});

afterAll(() => objects?.stop());

const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();
const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");

/** Authorization of a request, from the text of the specification: Amazon S3, "Authenticating Requests (AWS Signature Version 4)". */
function authorizationOf(
	{ method, url, headers }: Pick<Request, "method" | "url" | "headers">,
	{ signed, secretAccessKey }: { readonly signed: string; readonly secretAccessKey: string },
): string {
	const { pathname, searchParams, host } = new URL(url);
	searchParams.sort();
	const query = [...searchParams].map((pair) => pair.map(encodeURIComponent).join("=")).join("&");
	const lines = signed.split(";").map((name) => `${name}:${name === "host" ? host : headers.get(name)?.trim()}\n`);
	const canonical = [method, pathname, query, lines.join(""), signed, headers.get("x-amz-content-sha256")].join("\n");
	const time = headers.get("x-amz-date") as string;
	const scope = `${time.slice(0, 8)}/us-east-1/s3/aws4_request`;
	const key = scope.split("/").reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`);
	return hmac(key, ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n")).toString("hex");
}

test("the reckoning of the test gives the signatures that Amazon published", () => {
	const empty = sha256("");
	const secretAccessKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
	const headers = new Headers({ "x-amz-content-sha256": empty, "x-amz-date": "20130524T000000Z", range: "bytes=0-9" });
	const base = "https://examplebucket.s3.amazonaws.com/";
	const object = { method: "GET", url: `${base}test.txt`, headers };
	const list = { method: "GET", url: `${base}?max-keys=2&prefix=J`, headers };
	const signed = "host;x-amz-content-sha256;x-amz-date";
	expect(authorizationOf(object, { signed: "host;range;x-amz-content-sha256;x-amz-date", secretAccessKey })).toBe(
		"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
	);
	expect(authorizationOf(list, { signed, secretAccessKey })).toBe(
		"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
	);
});

test("every request is signed, over the hash of its body", async () => {
	const place = objects.place("signed");
	const methods: string[] = [];
	const checking: typeof fetch = async (input, init) => {
		const request = (input as Request).clone();
		const authorization = request.headers.get("authorization") ?? "";
		const [, signed = "", signature] = /SignedHeaders=([^,]*), Signature=(.*)$/.exec(authorization) ?? [];
		expect(signature).toBe(authorizationOf(request, { signed, secretAccessKey: place.secretAccessKey }));
		expect(signed.split(";")).toEqual(expect.arrayContaining(["host", "x-amz-content-sha256", "x-amz-date"]));
		const body = new Uint8Array(await request.arrayBuffer());
		expect(request.headers.get("x-amz-content-sha256")).toBe(sha256(body));
		methods.push(request.method);
		return fetch(input, init);
	};
	const blobs = new S3Blobs(place, { random: crypto, fetch: checking }).of(store);
	const payload = crypto.randomBytes(70_000);
	const name = await blobs.put(sha256(payload), payload);
	expect(await blobs.get(sha256(payload), name)).toEqual(payload);
	for await (const listed of blobs.list()) expect(listed).toMatchObject([{ contentHash: sha256(payload), name }]);
	await blobs.remove(sha256(payload), name);
	await blobs.remove(sha256(payload), name);
	expect(await blobs.get(sha256(payload), name)).toBeUndefined();
	expect(methods).toEqual(["PUT", "GET", "GET", "DELETE", "DELETE", "GET"]);
});

test("lists of many pages, and answers that are none", async () => {
	// The test's object store cannot cut a list into pages.
	const twoAtOnce: typeof fetch = async (input, init) => {
		const url = new URL((input as Request).url);
		if (!url.searchParams.has("list-type")) return fetch(input, init);
		const from = Number(url.searchParams.get("continuation-token") ?? 0);
		url.searchParams.delete("continuation-token");
		const response = await fetch(url, { headers: (input as Request).headers });
		const contents = (await response.text()).match(/<Contents>.*?<\/Contents>/gs) ?? [];
		const more = from + 2 < contents.length ? `<NextContinuationToken>${from + 2}</NextContinuationToken>` : "";
		return new Response(`<ListBucketResult>${contents.slice(from, from + 2).join("")}${more}</ListBucketResult>`);
	};
	const blobs = new S3Blobs(objects.place("pages"), { random: crypto, fetch: twoAtOnce }).of(store);
	const other = new S3Blobs(objects.place("pages"), { random: crypto }).of({ ...store, purpose: "documents" });
	const payloads = Array.from({ length: 5 }, (_, i) => new Uint8Array(5000).fill(i));
	for (const payload of payloads) await blobs.put(sha256(payload), payload);
	await other.put(sha256(payloads[0] as Uint8Array), payloads[0] as Uint8Array);
	const pages: string[][] = [];
	for await (const listed of blobs.list()) pages.push(listed.map(({ contentHash }) => contentHash));
	expect(pages.map(({ length }) => length)).toEqual([2, 2, 1]);
	expect(pages.flat().sort()).toEqual(payloads.map(sha256).sort());
	expect(() => parseListing("<html>")).toThrow("expected a list");
	expect(() => parseListing("<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>")).toThrow("time");
});

test("errors of the service are tried again, and told without what was sent", async () => {
	let calls = 0;
	const failing =
		(times: number, status: number): typeof fetch =>
		async (input, init) => {
			calls++;
			return calls <= times ? new Response("secret", { status }) : fetch(input, init);
		};
	const payload = new Uint8Array(5000);
	const place = objects.place("failing");
	const patient = new S3Blobs(place, { random: crypto, fetch: failing(3, 503) }).of(store);
	await patient.put(sha256(payload), payload);
	expect(calls).toBe(4);
	calls = 0;
	const refused = new S3Blobs(place, { random: crypto, fetch: failing(9, 403) }).of(store);
	await expect(refused.put(sha256(payload), payload)).rejects.toMatchObject({
		code: "store-io",
		message: "blobs: the object store answered 403",
	});
	expect(calls).toBe(1);
});
