import { expect, test } from "vitest";
import { parseBlobsUrl } from "./blobs-url.js";

const keys = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };

test("names bucket, prefix, region and endpoint", () => {
	const own = { bucket: "bytes", accessKeyId: "id", secretAccessKey: "secret" };
	expect(parseBlobsUrl("s3://bytes", keys)).toEqual({
		...own,
		prefix: "",
		region: "us-east-1",
		endpoint: "https://s3.us-east-1.amazonaws.com",
	});
	const url = "s3://bytes/a/b/?region=local&endpoint=http://127.0.0.1:9000";
	expect(parseBlobsUrl(url, { ...keys, AWS_SESSION_TOKEN: "token" })).toEqual({
		...own,
		prefix: "a/b/",
		region: "local",
		endpoint: "http://127.0.0.1:9000",
		sessionToken: "token",
	});
});

test("refuses what it would not understand, and tells no secret", () => {
	for (const [url, environment] of [
		["https://bytes", keys],
		["s3://", keys],
		["s3://id:geheim@bytes", keys],
		["s3://bytes?regoin=x", keys],
		["s3://bytes/a b", keys],
		["s3://bytes?endpoint=ftp://host", keys],
		["s3://bytes?endpoint=https://host/path", keys],
		["s3://bytes", { AWS_ACCESS_KEY_ID: "id" }],
	] as const) {
		const error = (() => {
			try {
				return parseBlobsUrl(url, environment);
			} catch (reason) {
				return reason;
			}
		})();
		expect(error).toMatchObject({ code: "usage" });
		expect(String(error)).not.toContain("geheim");
	}
});
