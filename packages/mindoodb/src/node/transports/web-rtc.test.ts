import { Accepted, signallingBetween, testTransport } from "@mindoodb/testing";
import { listenWebRtc } from "../../shared/transports/web-rtc/web-rtc-listener.js";
import { webRtcTransport } from "../../shared/transports/web-rtc/web-rtc-transport.js";
import { nodeClock } from "../clock.js";
import { nodeCrypto } from "../crypto.js";
import { nodePeerConnections } from "./peer-connections.js";

const connections = await nodePeerConnections();
const clock = nodeClock();

testTransport({
	name: "webrtc",
	async open() {
		const accepted = new Accepted();
		const meeting = signallingBetween();
		const listener = listenWebRtc(accepted.accept, { signalling: meeting("bob"), connections, clock });
		return {
			transport: webRtcTransport({
				signalling: meeting("alice"),
				peer: "bob",
				connections,
				clock,
				random: nodeCrypto(),
			}),
			accept: () => accepted.next(),
			close: () => listener.close(),
		};
	},
});
