import { UsageError } from "@mindoodb/core";

/**
 * The address of a replica. What it holds is not in the error: a query may be a secret.
 * @throws {UsageError} unless it is a URL without user, password and fragment.
 */
export function parseAddress(address: string): URL {
	let url: URL;
	try {
		url = new URL(address);
	} catch {
		throw new UsageError("address: expected a URL");
	}
	if (url.username !== "" || url.password !== "" || url.hash !== "") {
		throw new UsageError("address: expected no user, no password and no fragment");
	}
	return url;
}
