import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer, type Server as SecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type Certificate, TransportError, UsageError } from "mindoodb";
import type { ListenAddress } from "../config/listen-address.js";

/** Connections that may wait to be answered, and those that are open without having asked for anything yet. */
const mostConnections = 16_384;

export interface HttpPortOptions {
	/** @default plain HTTP */
	readonly certificate: Certificate | undefined;
	/** Milliseconds for TLS, and for a request to be there whole. */
	readonly handshakeTime: number;
	readonly answer: RequestListener;
}

/** A port of a server: HTTP, and what is upgraded from it. */
export class HttpPort {
	readonly server: Server | SecureServer;
	readonly #secure: SecureServer | undefined;

	constructor({ certificate, handshakeTime, answer }: HttpPortOptions) {
		const times = {
			headersTimeout: handshakeTime,
			requestTimeout: handshakeTime,
			connectionsCheckingInterval: Math.ceil(handshakeTime / 4),
			keepAliveTimeout: handshakeTime,
			maxHeaderSize: 16 * 1024,
		};
		this.#secure =
			certificate === undefined
				? undefined
				: createSecureServer({ ...times, handshakeTimeout: handshakeTime, ...pem(certificate) });
		this.server = this.#secure ?? createServer(times);
		this.server.maxConnections = mostConnections;
		this.server.on("request", answer);
	}

	/** @throws {TransportError} when the port is taken, or may not be used. */
	async listen({ host, port }: ListenAddress): Promise<void> {
		await new Promise<void>((resolve, reject) => {
			const failed = (cause: NodeJS.ErrnoException) =>
				reject(new TransportError(`listen: cannot be done there (${cause.code})`, { retryable: false, cause }));
			this.server.once("error", failed);
			this.server.listen(port, host, () => {
				this.server.off("error", failed);
				// A connection that fails before it is one is nobody's error.
				this.server.on("error", () => {});
				resolve();
			});
		});
	}

	/** `ws://host:port` or `http://host:port`; with a certificate `wss:` or `https:`. */
	address({ host }: ListenAddress, scheme: "ws" | "http"): string {
		const { port } = this.server.address() as AddressInfo;
		return `${scheme}${this.#secure === undefined ? "" : "s"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
	}

	/** New connections are met with this certificate. @throws {UsageError} without TLS, or when the certificate cannot be used. */
	setCertificate(certificate: Certificate): void {
		if (this.#secure === undefined) throw new UsageError("tls: expected a server that began with a certificate");
		try {
			this.#secure.setSecureContext(pem(certificate));
		} catch (cause) {
			throw new UsageError("tls: expected a certificate and its key, PEM", { cause });
		}
	}

	/** Takes no more connections. */
	stop(): void {
		this.server.close();
		this.server.closeIdleConnections();
	}

	/** Ends what is left. */
	close(): void {
		this.server.closeAllConnections();
	}
}

function pem({ cert, key }: Certificate) {
	return { cert: Buffer.from(cert), key: Buffer.from(key), minVersion: "TLSv1.2" as const };
}
