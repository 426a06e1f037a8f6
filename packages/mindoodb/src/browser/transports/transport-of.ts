import { type Transport, UsageError } from "@mindoodb/core";
import { parseAddress } from "../../shared/transports/address.js";
import type { TransportOptions } from "../../shared/transports/transport-options.js";
import { webSocketTransport } from "./web-socket-transport.js";

/**
 * The way to an address: `ws://host/path`, `wss://host/path`. A browser knows no other.
 * @throws {UsageError} for anything else.
 */
export function transportOf(address: string, options: Partial<TransportOptions> = {}): Transport {
	const url = parseAddress(address);
	if (url.protocol !== "ws:" && url.protocol !== "wss:") {
		throw new UsageError("address: expected ws: or wss:", { found: url.protocol });
	}
	return webSocketTransport({ url, ...options });
}
