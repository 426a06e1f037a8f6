import { createServer, type Server as HttpServer, type IncomingMessage, STATUS_CODES } from "node:http";
import { createServer as createSecureServer, type Server as HttpsServer } from "node:https";
import type { Duplex as NodeStream } from "node:stream";
import { type Accept, UsageError } from "@mindoodb/core";
import { WebSocketServer } from "ws";
import { MessageDuplex } from "../../shared/transports/message-duplex.js";
import { defaultConnectTime, type TransportOptions } from "../../shared/transports/transport-options.js";
import { nodeClock } from "../clock.js";
import { type Certificate, secureContextOf } from "./certificates.js";
import { type Admit, type NodeListener, startListening, stopListening, urlOf } from "./node-listener.js";
import { mostMessageBytes, WebSocketLine } from "./web-socket-line.js";

export interface UpgradeOptions extends Partial<TransportOptions> {
	/** Where WebSockets are taken; elsewhere they get 404. @default "/" */
	readonly path?: string;
	readonly admit?: Admit;
	/** Where the other side is, when a proxy in front says it. @default the address of the socket */
	readonly addressOf?: (request: IncomingMessage) => string | undefined;
}

/**
 * Takes WebSockets at a server that answers other requests too; the only one to take its upgrades. How long headers may take is the server's
 * business (`headersTimeout`, `handshakeTimeout`).
 * @returns what ends it; connections that are open stay.
 */
export function upgradeWebSockets(
	server: HttpServer | HttpsServer,
	accept: Accept,
	{ path = "/", admit, addressOf, clock = nodeClock(), ...times }: UpgradeOptions = {},
): () => void {
	const sockets = new WebSocketServer({
		noServer: true,
		perMessageDeflate: false,
		maxPayload: mostMessageBytes,
		clientTracking: false,
		autoPong: false,
	});
	const upgrade = (request: IncomingMessage, stream: NodeStream, head: Buffer) => {
		// Until `ws` has it, a connection that breaks would end the process.
		stream.on("error", () => {});
		const remoteAddress = addressOf === undefined ? request.socket.remoteAddress : addressOf(request);
		if (pathOf(request) !== path) answer(stream, 404);
		else if (admit?.(remoteAddress) === false) answer(stream, 503);
		else {
			sockets.handleUpgrade(request, stream, head, (socket) => {
				accept(new MessageDuplex(new WebSocketLine(socket, remoteAddress), { clock, ...times }));
			});
		}
	};
	server.on("upgrade", upgrade);
	return () => server.off("upgrade", upgrade);
}

export interface WebSocketListenerOptions extends UpgradeOptions {
	/** @default "127.0.0.1" */
	readonly host?: string;
	/** 0 for any that is free. @default 0 */
	readonly port?: number;
	/** Speaks TLS with it: `wss:`. @default plain `ws:` */
	readonly certificate?: Certificate;
}

/** Accepts connections over WebSocket at a port of its own; who has not upgraded within `connectTime` is not waited for. @throws {TransportError} when it cannot listen there. */
export async function listenWebSocket(
	accept: Accept,
	{
		host = "127.0.0.1",
		port = 0,
		certificate,
		connectTime = defaultConnectTime,
		...upgrading
	}: WebSocketListenerOptions = {},
): Promise<NodeListener> {
	const limits = {
		headersTimeout: connectTime,
		requestTimeout: connectTime,
		connectionsCheckingInterval: connectTime / 2,
	};
	const server =
		certificate === undefined
			? createServer(limits)
			: createSecureServer({ ...limits, handshakeTimeout: connectTime, ...secureContextOf(certificate) });
	server.on("request", (_request, response) => response.writeHead(426, { upgrade: "websocket" }).end());
	const stop = upgradeWebSockets(server, accept, upgrading);
	await startListening(server, host, port);
	return {
		address: urlOf(certificate === undefined ? "ws" : "wss", host, server, upgrading.path),
		async close() {
			stop();
			await stopListening(server);
			server.closeIdleConnections();
		},
		setCertificate(next) {
			if (certificate === undefined) throw new UsageError("ws: expected a listener that speaks TLS");
			(server as HttpsServer).setSecureContext(secureContextOf(next));
		},
	};
}

function pathOf({ url = "/" }: IncomingMessage): string {
	const query = url.indexOf("?");
	return query === -1 ? url : url.slice(0, query);
}

function answer(stream: NodeStream, status: number): void {
	stream.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
	stream.once("finish", () => stream.destroy());
}
