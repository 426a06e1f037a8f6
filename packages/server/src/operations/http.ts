import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Registry } from "prom-client";

export interface OperationsSources {
	/** `undefined` where they are not to be read. */
	readonly metrics: Registry | undefined;
	/** Whether new sessions are taken. Never rejects. */
	readonly ready: () => Promise<boolean>;
}

/** What operators ask over HTTP: `/healthz`, `/readyz`, and `/metrics` where it is wanted. Everything else is not there. */
export function operationsListener({ metrics, ready }: OperationsSources): RequestListener {
	return (request, response) => {
		const path = request.url?.split("?", 1)[0];
		if (request.method !== "GET" && request.method !== "HEAD") return end(request, response, 405, "");
		switch (path) {
			case "/healthz":
				return end(request, response, 200, "ok\n");
			case "/readyz":
				ready().then((yes) =>
					yes ? end(request, response, 200, "ready\n") : end(request, response, 503, "not ready\n"),
				);
				return;
			case "/metrics":
				if (metrics === undefined) return end(request, response, 404, "");
				metrics.metrics().then(
					(text) => end(request, response, 200, text, metrics.contentType),
					() => end(request, response, 500, ""),
				);
				return;
			default:
				end(request, response, 404, "");
		}
	};
}

function end(
	request: IncomingMessage,
	response: ServerResponse,
	status: number,
	text: string,
	type = "text/plain",
): void {
	response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text) });
	response.end(request.method === "HEAD" ? undefined : text);
}
