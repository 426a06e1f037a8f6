import { isIP } from "node:net";
import { UsageError } from "mindoodb";

export interface ListenAddress {
	readonly host: string;
	/** 0 for any that is free. */
	readonly port: number;
}

/** Reads `host:port`, `[IPv6]:port`, or a port alone, which is one of this computer's own. @param field the option's name. @throws {UsageError} */
export function parseListenAddress(text: string, field = "listen"): ListenAddress {
	const [, host, port] = /^(?:(\[[0-9a-fA-F:.]+\]|[^\s:[\]]+):)?(\d{1,5})$/.exec(text) ?? [];
	if (port === undefined || Number(port) > 65_535) {
		throw new UsageError(`${field}: expected host:port, for example 127.0.0.1:7437 or [::]:7437`, { field });
	}
	return { host: host?.replace(/^\[|\]$/g, "") ?? "127.0.0.1", port: Number(port) };
}

/** Whether nobody but programs of this computer reach it. */
export function isLoopback(host: string): boolean {
	if (host.toLowerCase() === "localhost") return true;
	return isIP(host) === 4 ? host.startsWith("127.") : /^(0{0,4}:){2,7}0{0,3}1$/.test(host);
}
