import { type Duplex, type Random, type Transport, TransportError, toHex } from "@mindoodb/core";
import { connecting } from "../connecting.js";
import { MessageDuplex } from "../message-duplex.js";
import type { TransportOptions } from "../transport-options.js";
import { DataChannelLine } from "./data-channel-line.js";
import { Negotiation } from "./negotiation.js";
import type { PeerConnections } from "./peer-connection.js";
import { decodeSignal, encodeSignal, type Signalling } from "./signalling.js";

export interface WebRtcOptions extends TransportOptions {
	readonly signalling: Signalling;
	/** `browserPeerConnections()`, or on Node `await nodePeerConnections()`. */
	readonly connections: PeerConnections;
}

export interface WebRtcTransportOptions extends WebRtcOptions {
	/** The side to reach, by the name that signalling knows it under. */
	readonly peer: string;
	readonly random: Random;
}

/** Connections over a WebRTC data channel, straight between two devices where there is a way. */
export function webRtcTransport({
	peer,
	random,
	signalling,
	connections,
	...options
}: WebRtcTransportOptions): Transport {
	return {
		kind: "webrtc",
		connect: ({ signal } = {}) =>
			connecting<Duplex>(
				({ opened, failed }) => {
					const call = toHex(random.randomBytes(16));
					const connection = connections();
					const channel = connection.createDataChannel("mindoodb");
					const duplex = new MessageDuplex(new DataChannelLine(connection, channel), options);
					const fail = (cause?: unknown) => failed(unreachable(cause));
					const negotiation = new Negotiation(connection, call, {
						say: (message) => signalling.send(peer, encodeSignal(message)),
						failed: fail,
					});
					const hangUp = signalling.onMessage((from, bytes) => {
						const message = from === peer ? decodeSignal(bytes) : undefined;
						if (message?.call === call) negotiation.take(message);
					});
					channel.addEventListener("open", () => {
						hangUp();
						opened(duplex);
					});
					channel.addEventListener("close", () => fail());
					connection.addEventListener("connectionstatechange", () => {
						if (connection.connectionState === "failed") fail();
					});
					negotiation.offer();
					return () => {
						hangUp();
						duplex.abort();
					};
				},
				{ ...options, signal },
			),
	};
}

export function unreachable(cause?: unknown): TransportError {
	return new TransportError("webrtc: expected a data channel, found no way to the other side", {
		retryable: true,
		cause,
	});
}
