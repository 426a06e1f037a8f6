import type { AddressInfo, Server } from "node:net";
import type { Listener } from "@mindoodb/core";
import type { Certificate } from "./certificates.js";
import { connectFailure } from "./connect-failure.js";

/**
 * Whether a connection from this address is taken at all: asked before TLS begins, of a WebSocket when its request is there.
 * @param remoteAddress where it comes from, as the operating system writes it.
 */
export type Admit = (remoteAddress: string | undefined) => boolean;

export interface NodeListener extends Listener {
	/** New connections are met with this certificate; those that are open stay. @throws {UsageError} without TLS. */
	setCertificate(certificate: Certificate): void;
}

/** @throws {TransportError} when the port is taken or may not be used. */
export function startListening(server: Server, host: string, port: number): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once("error", (error) => reject(connectFailure("listen", error, "a port that is free")));
		server.listen(port, host, () => {
			server.removeAllListeners("error");
			// A connection that fails before it is one is nobody's error.
			server.on("error", () => {});
			resolve();
		});
	});
}

/** Its end would come only with that of the last connection, so nobody waits for it. */
export async function stopListening(server: Server): Promise<void> {
	server.close();
}

export function urlOf(scheme: string, host: string, server: Server, path = ""): string {
	const { port } = server.address() as AddressInfo;
	return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}${path}`;
}
