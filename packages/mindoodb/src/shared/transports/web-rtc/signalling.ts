/**
 * Carries the few small messages by which two sides find each other, before there is a connection. Nobody trusts it: the channel above proves
 * who speaks. A message that is lost costs the attempt, nothing else.
 */
export interface Signalling {
	/** @param to the other side, by the name that signalling knows it under. @throws when it cannot be reached. */
	send(to: string, message: Uint8Array): Promise<void>;
	/** Told of what comes, in the order in which each side sent it. @returns a function that ends it. */
	onMessage(listener: (from: string, message: Uint8Array) => void): () => void;
}

/** What the two sides of one attempt tell each other: JSON in UTF-8 with exactly these fields. `call` is 16 random bytes, hex. */
export type Signal =
	| { readonly kind: "offer" | "answer"; readonly call: string; readonly sdp: string }
	| {
			readonly kind: "candidate";
			readonly call: string;
			readonly candidate: string;
			readonly sdpMid: string | null;
			readonly sdpMLineIndex: number | null;
	  }
	| { readonly kind: "refusal"; readonly call: string };

/** A description of a data channel has some 500 bytes, and 100 more for each of its candidates. */
const mostBytes = 16_384;

const fields: Readonly<Record<Signal["kind"], readonly string[]>> = {
	offer: ["call", "kind", "sdp"],
	answer: ["call", "kind", "sdp"],
	candidate: ["call", "candidate", "kind", "sdpMLineIndex", "sdpMid"],
	refusal: ["call", "kind"],
};

export function encodeSignal(signal: Signal): Uint8Array {
	return new TextEncoder().encode(JSON.stringify(signal));
}

/** @returns `undefined` for what is no signal: who else speaks over this signalling is none of ours. */
export function decodeSignal(message: Uint8Array): Signal | undefined {
	if (message.length > mostBytes) return undefined;
	let value: unknown;
	try {
		value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(message));
	} catch {
		return undefined;
	}
	return isSignal(value) ? value : undefined;
}

function isSignal(value: unknown): value is Signal {
	if (typeof value !== "object" || value === null || !("kind" in value)) return false;
	const signal = value as Readonly<Record<string, unknown>>;
	const { kind, call, sdp, candidate, sdpMid, sdpMLineIndex } = signal;
	if (kind !== "offer" && kind !== "answer" && kind !== "candidate" && kind !== "refusal") return false;
	if (Object.keys(signal).sort().join() !== fields[kind].join()) return false;
	if (typeof call !== "string" || !/^[0-9a-f]{32}$/.test(call)) return false;
	if (kind === "offer" || kind === "answer") return typeof sdp === "string";
	if (kind === "refusal") return true;
	const isLine = sdpMLineIndex === null || Number.isSafeInteger(sdpMLineIndex);
	return typeof candidate === "string" && (sdpMid === null || typeof sdpMid === "string") && isLine;
}
