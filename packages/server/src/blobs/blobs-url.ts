import { UsageError } from "@mindoodb/core";

/** Where objects are kept, and who writes them. */
export interface BlobsPlace {
	/** Of the service, without a path: `https://s3.eu-central-1.amazonaws.com`. */
	readonly endpoint: string;
	readonly region: string;
	readonly bucket: string;
	/** In front of all names; "" or ends with "/". */
	readonly prefix: string;
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	readonly sessionToken?: string;
}

/**
 * Reads `s3://bucket/prefix?region=…&endpoint=https://…`. Without an endpoint it is Amazon's of the region. The keys come from the
 * environment, as other programs take them: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, and AWS_REGION where the URL
 * names none.
 * @throws {UsageError}
 */
export function parseBlobsUrl(text: string, environment: Readonly<Record<string, string | undefined>>): BlobsPlace {
	const url = URL.canParse(text) ? new URL(text) : undefined;
	if (url?.protocol !== "s3:" || url.hostname === "") throw new UsageError("blobs: expected s3://bucket/prefix");
	if (url.username !== "" || url.password !== "") {
		throw new UsageError(
			"blobs: expected the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, found some in the URL",
		);
	}
	for (const name of url.searchParams.keys()) {
		if (name !== "region" && name !== "endpoint")
			throw new UsageError(`blobs: expected region or endpoint, found "${name}"`);
	}
	const path = url.pathname.replace(/^\/+|\/+$/g, "");
	if (!/^[A-Za-z0-9_./-]*$/.test(path)) {
		throw new UsageError("blobs: expected a prefix of letters, digits, and . _ - /");
	}
	const {
		AWS_ACCESS_KEY_ID: accessKeyId,
		AWS_SECRET_ACCESS_KEY: secretAccessKey,
		AWS_SESSION_TOKEN,
		AWS_REGION,
	} = environment;
	if (!accessKeyId || !secretAccessKey) {
		throw new UsageError("blobs: expected AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment");
	}
	const region = url.searchParams.get("region") ?? AWS_REGION ?? "us-east-1";
	return {
		endpoint: endpointOf(url.searchParams.get("endpoint") ?? `https://s3.${region}.amazonaws.com`),
		region,
		bucket: url.hostname,
		prefix: path === "" ? "" : `${path}/`,
		accessKeyId,
		secretAccessKey,
		...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
	};
}

function endpointOf(text: string): string {
	const url = URL.canParse(text) ? new URL(text) : undefined;
	if (url === undefined || !/^https?:$/.test(url.protocol) || url.pathname !== "/" || url.search !== "") {
		throw new UsageError("blobs: expected an endpoint like https://host:port");
	}
	return url.origin;
}
