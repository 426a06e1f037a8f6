import { type Transport, UsageError } from "@mindoodb/core";
import { parseAddress } from "../../shared/transports/address.js";
import type { TransportOptions } from "../../shared/transports/transport-options.js";
import { type TlsTrust, tcpTransport } from "./tcp-transport.js";
import { webSocketTransport } from "./web-socket-transport.js";

export interface TransportOfOptions extends Partial<TransportOptions> {
	/** For `wss:` and `tls:`. */
	readonly tls?: TlsTrust;
}

/**
 * The way to an address: `ws://host/path`, `wss://host/path`, `tcp://host:port`, `tls://host:port`.
 * @throws {UsageError} for anything else.
 */
export function transportOf(address: string, { tls = {}, ...options }: TransportOfOptions = {}): Transport {
	const url = parseAddress(address);
	switch (url.protocol) {
		case "ws:":
			return webSocketTransport({ url, ...options });
		case "wss:":
			return webSocketTransport({ url, tls, ...options });
		case "tcp:":
			return tcpTransport({ ...endpointOf(url), ...options });
		case "tls:":
			return tcpTransport({ ...endpointOf(url), tls, ...options });
		default:
			throw new UsageError("address: expected ws:, wss:, tcp: or tls:", { found: url.protocol });
	}
}

function endpointOf({ hostname, port, pathname, search }: URL): { readonly host: string; readonly port: number } {
	if (hostname === "" || port === "" || (pathname !== "" && pathname !== "/") || search !== "") {
		throw new UsageError("address: expected a host and a port, and nothing behind them");
	}
	return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) };
}
