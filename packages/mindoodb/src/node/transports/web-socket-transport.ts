import { type Duplex, type Transport, TransportError } from "@mindoodb/core";
import { WebSocket } from "ws";
import { connecting } from "../../shared/transports/connecting.js";
import { MessageDuplex } from "../../shared/transports/message-duplex.js";
import type { TransportOptions } from "../../shared/transports/transport-options.js";
import { nodeClock } from "../clock.js";
import { connectFailure } from "./connect-failure.js";
import { type TlsTrust, trusting } from "./tcp-transport.js";
import { mostMessageBytes, WebSocketLine } from "./web-socket-line.js";

export interface WebSocketTransportOptions extends Partial<TransportOptions> {
	/** `ws:` or `wss:`, with path and query as the server wants them. */
	readonly url: URL;
	/** For `wss:`. */
	readonly tls?: TlsTrust;
}

/** Connections over WebSocket. */
export function webSocketTransport({
	url,
	tls = {},
	clock = nodeClock(),
	...times
}: WebSocketTransportOptions): Transport {
	const kind = url.protocol.slice(0, -1);
	const options = { clock, ...times };
	return {
		kind,
		connect: ({ signal } = {}) =>
			connecting<Duplex>(
				({ opened, failed }) => {
					const socket = new WebSocket(url, {
						perMessageDeflate: false,
						maxPayload: mostMessageBytes,
						autoPong: false,
						...trusting(tls),
					});
					const duplex = new MessageDuplex(new WebSocketLine(socket), options);
					socket.once("open", () => opened(duplex));
					socket.once("unexpected-response", (_request, { statusCode = 0 }) => failed(refused(kind, statusCode)));
					socket.once("error", (cause) => failed(connectFailure(kind, cause)));
					return () => duplex.abort();
				},
				{ ...options, signal },
			),
	};
}

/** RFC 9110: of the client's errors 408 and 429 pass by themselves, and those of the server do. */
function refused(kind: string, status: number): TransportError {
	const retryable = status >= 500 || status === 408 || status === 429;
	return new TransportError(`${kind}: expected a WebSocket, found status ${status}`, { retryable, found: status });
}
