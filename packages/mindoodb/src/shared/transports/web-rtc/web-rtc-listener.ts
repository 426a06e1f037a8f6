import type { Accept, Duplex, Listener } from "@mindoodb/core";
import { connecting } from "../connecting.js";
import { MessageDuplex } from "../message-duplex.js";
import { DataChannelLine } from "./data-channel-line.js";
import { Negotiation } from "./negotiation.js";
import type { DataChannel } from "./peer-connection.js";
import { decodeSignal, encodeSignal, type Signal } from "./signalling.js";
import { unreachable, type WebRtcOptions } from "./web-rtc-transport.js";

export interface WebRtcListenerOptions extends WebRtcOptions {
	/** Calls that may be under way to a connection; more are refused. @default 64 */
	readonly mostCalls?: number;
}

/** Answers the calls that come by signalling. `address` is `webrtc:`: the name it is called by is the business of signalling. */
export function listenWebRtc(
	accept: Accept,
	{ signalling, connections, mostCalls = 64, ...options }: WebRtcListenerOptions,
): Listener {
	const calls = new Map<string, Negotiation>();
	const closed = new AbortController();

	const answer = (from: string, call: string, sdp: string) => {
		const name = `${call} ${from}`;
		const say = (signal: Signal) => signalling.send(from, encodeSignal(signal));
		if (calls.has(name)) return;
		if (calls.size >= mostCalls) {
			say({ kind: "refusal", call }).catch(() => {});
			return;
		}
		connecting<Duplex>(
			({ opened, failed }) => {
				const connection = connections();
				const fail = (cause?: unknown) => failed(unreachable(cause));
				const negotiation = new Negotiation(connection, call, { say, failed: fail });
				calls.set(name, negotiation);
				connection.addEventListener("datachannel", (event) => {
					const { channel } = event as { readonly channel: DataChannel };
					const duplex = new MessageDuplex(new DataChannelLine(connection, channel), options);
					if (channel.readyState === "open") opened(duplex);
					else channel.addEventListener("open", () => opened(duplex));
				});
				connection.addEventListener("connectionstatechange", () => {
					if (connection.connectionState === "failed" || connection.connectionState === "closed") fail();
				});
				negotiation.answer(sdp);
				return () => connection.close();
			},
			{ ...options, signal: closed.signal },
		)
			.then(accept, () => {})
			.finally(() => calls.delete(name));
	};

	const hangUp = signalling.onMessage((from, bytes) => {
		const signal = decodeSignal(bytes);
		if (signal?.kind === "offer") answer(from, signal.call, signal.sdp);
		else if (signal !== undefined) calls.get(`${signal.call} ${from}`)?.take(signal);
	});
	return {
		address: "webrtc:",
		async close() {
			hangUp();
			closed.abort();
		},
	};
}
