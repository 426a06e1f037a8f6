import { type Duplex, type Transport, TransportError } from "@mindoodb/core";
import { connecting } from "../../shared/transports/connecting.js";
import { MessageDuplex } from "../../shared/transports/message-duplex.js";
import type { TransportOptions } from "../../shared/transports/transport-options.js";
import { browserClock } from "../clock.js";
import { type PlatformWebSocket, PlatformWebSocketLine } from "./web-socket-line.js";

export interface WebSocketTransportOptions extends Partial<TransportOptions> {
	/** `ws:` or `wss:`, with path and query as the server wants them. */
	readonly url: URL;
	/** @default the platform's */
	readonly webSocket?: (url: string) => PlatformWebSocket;
}

/** Connections over WebSocket. A browser does not say why one cannot be made, so every failure may pass. */
export function webSocketTransport({
	url,
	clock = browserClock(),
	webSocket = (address) => new WebSocket(address),
	...times
}: WebSocketTransportOptions): Transport {
	const kind = url.protocol.slice(0, -1);
	const options = { clock, ...times };
	return {
		kind,
		connect: ({ signal } = {}) =>
			connecting<Duplex>(
				({ opened, failed }) => {
					const socket = webSocket(url.href);
					const duplex = new MessageDuplex(new PlatformWebSocketLine(socket), options);
					const refuse = () =>
						failed(new TransportError(`${kind}: expected a WebSocket, found none`, { retryable: true }));
					socket.addEventListener("open", () => opened(duplex));
					socket.addEventListener("error", refuse);
					socket.addEventListener("close", refuse);
					return () => duplex.abort();
				},
				{ ...options, signal },
			),
	};
}
