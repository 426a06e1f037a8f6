type Listener = (from: string, message: Uint8Array) => void;

export interface NamedSignalling {
	send(to: string, message: Uint8Array): Promise<void>;
	onMessage(listener: Listener): () => void;
}

/** A place where sides that have names leave each other messages, in this process. @returns what one side has of it. */
export function signallingBetween(): (name: string) => NamedSignalling {
	const listeners = new Map<string, Set<Listener>>();
	return (name) => {
		const own = listeners.get(name) ?? new Set<Listener>();
		listeners.set(name, own);
		return {
			async send(to, message) {
				const others = listeners.get(to);
				if (others === undefined || others.size === 0) throw new Error("nobody of that name listens");
				const copy = message.slice();
				setImmediate(() => {
					for (const listener of others) listener(name, copy);
				});
			},
			onMessage(listener) {
				own.add(listener);
				return () => own.delete(listener);
			},
		};
	};
}
