/** What every platform offers under the same name: WHATWG encoding, streams and abort signals. Isomorphic code has no other globals. */
declare global {
	interface TextEncoder {
		encode(text: string): Uint8Array<ArrayBuffer>;
		encodeInto(text: string, target: Uint8Array): { readonly read: number; readonly written: number };
	}
	var TextEncoder: { new (): TextEncoder };

	interface TextDecoder {
		decode(bytes: Uint8Array): string;
	}
	var TextDecoder: {
		new (label?: string, options?: { readonly fatal?: boolean; readonly ignoreBOM?: boolean }): TextDecoder;
	};

	interface ReadableStream<R> {
		getReader(): {
			read(): Promise<
				{ readonly done: false; readonly value: R } | { readonly done: true; readonly value?: R | undefined }
			>;
			cancel(reason?: unknown): Promise<void>;
		};
	}

	interface AbortSignal {
		readonly aborted: boolean;
		readonly reason: unknown;
		throwIfAborted(): void;
		addEventListener(type: "abort", listener: () => void, options?: { readonly once?: boolean }): void;
		removeEventListener(type: "abort", listener: () => void): void;
	}

	interface AbortController {
		readonly signal: AbortSignal;
		abort(reason?: unknown): void;
	}
	var AbortController: { new (): AbortController };
}

export {};
