import { TransportError } from "@mindoodb/core";
import { defaultConnectTime, type TransportOptions } from "./transport-options.js";

export interface Attempt<T> {
	opened(connection: T): void;
	failed(error: unknown): void;
}

/**
 * One try to connect, until it opens, fails, is aborted or takes too long.
 * @param begin starts it and returns what drops it; that is called unless it opened.
 * @throws {TransportError} or the reason of the signal.
 */
export function connecting<T>(
	begin: (attempt: Attempt<T>) => () => void,
	{ clock, connectTime = defaultConnectTime, signal }: TransportOptions & { readonly signal?: AbortSignal | undefined },
): Promise<T> {
	return new Promise((resolve, reject) => {
		signal?.throwIfAborted();
		let settled = false;
		let drop: (() => void) | undefined;
		const settle = (): boolean => {
			if (settled) return false;
			settled = true;
			cancel();
			signal?.removeEventListener("abort", abort);
			return true;
		};
		const failed = (error: unknown) => {
			if (!settle()) return;
			drop?.();
			reject(error);
		};
		const abort = () => failed(signal?.reason);
		const cancel = clock.after(connectTime, () =>
			failed(new TransportError(`connect: nothing answered for ${connectTime} ms`, { retryable: true })),
		);
		signal?.addEventListener("abort", abort, { once: true });
		try {
			drop = begin({
				opened: (connection) => {
					if (settle()) resolve(connection);
				},
				failed,
			});
			// It may have failed before there was anything to drop.
			if (settled) drop();
		} catch (error) {
			failed(error);
		}
	});
}
