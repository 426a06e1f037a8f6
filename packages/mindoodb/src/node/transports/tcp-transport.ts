import { connect as connectTcp, isIP } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Transport } from "@mindoodb/core";
import { connecting } from "../../shared/transports/connecting.js";
import type { TransportOptions } from "../../shared/transports/transport-options.js";
import { nodeClock } from "../clock.js";
import { connectFailure } from "./connect-failure.js";
import { SocketDuplex } from "./socket-duplex.js";

export interface TcpTransportOptions extends Partial<TransportOptions> {
	readonly host: string;
	readonly port: number;
	/** Whether and how to speak TLS. @default plain TCP */
	readonly tls?: TlsTrust;
}

/** Which servers are believed: those with a certificate for the host by one of the authorities. */
export interface TlsTrust {
	/** Authorities in place of those of the system, PEM. */
	readonly ca?: string | Uint8Array;
}

/** Connections over TCP, or TLS, without anything round them. */
export function tcpTransport({ host, port, tls, clock = nodeClock(), ...times }: TcpTransportOptions): Transport {
	const kind = tls === undefined ? "tcp" : "tls";
	const options = { clock, ...times };
	return {
		kind,
		connect: ({ signal } = {}) =>
			connecting<SocketDuplex>(
				({ opened, failed }) => {
					const socket =
						tls === undefined
							? connectTcp({ host, port })
							: connectTls({ host, port, ...nameOf(host), ...trusting(tls) });
					const refuse = (cause: unknown) => failed(connectFailure(kind, cause));
					socket.once("error", refuse);
					socket.once(tls === undefined ? "connect" : "secureConnect", () => {
						const duplex = new SocketDuplex(socket, options);
						socket.off("error", refuse);
						opened(duplex);
					});
					return () => {
						socket.on("error", () => {});
						socket.destroy();
					};
				},
				{ ...options, signal },
			),
	};
}

/** An address of the internet protocol is not sent as a name: RFC 6066 §3 forbids it. */
function nameOf(host: string): { readonly servername?: string } {
	return isIP(host) === 0 ? { servername: host } : {};
}

/** For the platform, which takes texts and its own buffers. */
export function trusting({ ca }: TlsTrust): { readonly ca?: Buffer } {
	return ca === undefined ? {} : { ca: Buffer.from(ca) };
}
