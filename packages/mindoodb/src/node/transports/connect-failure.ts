import { TransportError } from "@mindoodb/core";

/**
 * Why a socket could not be connected, or could not listen. What the operating system says may pass (`ECONNREFUSED`, `ENOTFOUND`); what TLS says of a certificate
 * stays until somebody changes it.
 */
export function connectFailure(kind: string, cause: unknown, expected = "a connection"): TransportError {
	const code = codeOf(cause);
	const found = code ?? "a failure";
	return new TransportError(`${kind}: expected ${expected}, found ${found}`, {
		retryable: code !== undefined && /^E(?!RR_|PROTO)/.test(code),
		cause,
	});
}

function codeOf(error: unknown): string | undefined {
	const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
	return typeof code === "string" ? code : undefined;
}
