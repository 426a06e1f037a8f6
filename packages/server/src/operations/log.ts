import type { Log } from "mindoodb";
import { type DestinationStream, type Logger, pino } from "pino";

/** Structured logs of a server: what happened, by random ids of sessions; no key, no name of a tenant or a database, no address. */
export function serverLogger(
	options: { readonly level?: string; readonly destination?: DestinationStream } = {},
): Logger {
	const { level = "info", destination } = options;
	const own = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
	return destination === undefined ? pino(own) : pino(own, destination);
}

/** What core and adapters write to. */
export function coreLog(logger: Logger): Log {
	return (level, message, data) => logger[level]({ ...data }, message);
}
