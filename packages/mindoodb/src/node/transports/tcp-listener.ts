import { createServer as createTcpServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { type Accept, UsageError } from "@mindoodb/core";
import { defaultConnectTime, type TransportOptions } from "../../shared/transports/transport-options.js";
import { nodeClock } from "../clock.js";
import { type Certificate, secureContextOf } from "./certificates.js";
import { type Admit, type NodeListener, startListening, stopListening, urlOf } from "./node-listener.js";
import { SocketDuplex } from "./socket-duplex.js";

export interface TcpListenerOptions extends Partial<TransportOptions> {
	/** @default "127.0.0.1" */
	readonly host?: string;
	/** 0 for any that is free. @default 0 */
	readonly port?: number;
	/** Speaks TLS with it. @default plain TCP */
	readonly certificate?: Certificate;
	readonly admit?: Admit;
}

/** Accepts connections over TCP, or TLS. @throws {TransportError} when it cannot listen there. */
export async function listenTcp(
	accept: Accept,
	{ host = "127.0.0.1", port = 0, certificate, admit, clock = nodeClock(), ...times }: TcpListenerOptions = {},
): Promise<NodeListener> {
	const take = (socket: Socket) => accept(new SocketDuplex(socket, { clock, ...times }));
	const secure =
		certificate === undefined
			? undefined
			: createTlsServer(
					{ ...secureContextOf(certificate), handshakeTimeout: times.connectTime ?? defaultConnectTime },
					take,
				);
	// Node tells of a handshake that failed or took too long, and leaves the socket to whoever listens.
	secure?.on("tlsClientError", (_error, socket) => socket.destroy());
	const server = createTcpServer((socket) => {
		if (admit?.(socket.remoteAddress) === false) socket.destroy();
		else if (secure === undefined) take(socket);
		else secure.emit("connection", socket);
	});
	await startListening(server, host, port);
	return {
		address: urlOf(secure === undefined ? "tcp" : "tls", host, server),
		close: () => stopListening(server),
		setCertificate(next) {
			if (secure === undefined) throw new UsageError("tcp: expected a listener that speaks TLS");
			secure.setSecureContext(secureContextOf(next));
		},
	};
}
