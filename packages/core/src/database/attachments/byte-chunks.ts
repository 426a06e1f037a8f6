/** Cuts a stream into chunks of one size, the last one shorter. */
import { UsageError } from "../../errors.js";

/** Bytes that somebody gives piece by piece. */
export type ByteSource = AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

/**
 * Each chunk is good until the next one is asked for: it may be a view into what the source gave.
 * @param signal ends the wait for a source that gives nothing, too.
 */
export async function* byteChunks(
	source: ByteSource,
	size: number,
	signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
	let buffer = new Uint8Array(0);
	let filled = 0;
	for await (const piece of pieces(source, signal)) {
		if (!(piece instanceof Uint8Array)) throw new UsageError("attachment: expected a stream of Uint8Array");
		let at = 0;
		while (at < piece.length) {
			if (filled === 0 && piece.length - at >= size) {
				yield piece.subarray(at, at + size);
				at += size;
				continue;
			}
			const part = piece.subarray(at, at + size - filled);
			if (filled + part.length > buffer.length) {
				// A whole chunk's room for each small append would keep the collector busy.
				const larger = new Uint8Array(filled === 0 ? part.length : size);
				larger.set(buffer.subarray(0, filled));
				buffer = larger;
			}
			buffer.set(part, filled);
			filled += part.length;
			at += part.length;
			if (filled < size) break;
			yield buffer;
			filled = 0;
		}
	}
	if (filled > 0) yield buffer.subarray(0, filled);
}

async function* pieces(source: ByteSource, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
	const iterator = iteratorOf(source);
	let ended = false;
	try {
		for (;;) {
			const result = await unlessAborted(iterator.next(), signal);
			if (result.done) {
				ended = true;
				return;
			}
			yield result.value;
		}
	} finally {
		// Not awaited: a source that hangs in `next` hangs in `return` too.
		if (!ended) end(iterator).catch(() => undefined);
	}
}

/** Whatever a source does when it is told to end must not hide why it was. */
async function end(iterator: AsyncIterator<Uint8Array>): Promise<void> {
	await iterator.return?.();
}

/** A listener for each wait: one promise for all of them would hold everything that ever won against it. */
function unlessAborted<T>(waiting: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
	if (signal === undefined) return waiting;
	return new Promise((resolve, reject) => {
		const abort = () => reject(signal.reason);
		if (signal.aborted) abort();
		signal.addEventListener("abort", abort, { once: true });
		const done = () => signal.removeEventListener("abort", abort);
		waiting.then(resolve, reject).finally(done);
	});
}

/** By its reader, because not every browser's `ReadableStream` is an iterable. */
function iteratorOf(source: ByteSource): AsyncIterator<Uint8Array> {
	if (typeof source !== "object" || source === null || !("getReader" in source || Symbol.asyncIterator in source)) {
		throw new UsageError("attachment: expected an async iterable or a ReadableStream");
	}
	if (!("getReader" in source)) return source[Symbol.asyncIterator]();
	const reader = source.getReader();
	return {
		async next() {
			const { done, value } = await reader.read();
			return done ? { done: true, value: undefined } : { done: false, value };
		},
		async return() {
			await reader.cancel();
			return { done: true, value: undefined };
		},
	};
}
