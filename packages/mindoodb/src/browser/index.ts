export * from "@mindoodb/core";
export { memoryStores } from "../memory-stores.js";
export { listenInMemory, type MemoryListener, memoryPair } from "../shared/transports/memory-transport.js";
export {
	type MessagePortTransportOptions,
	messagePortDuplex,
	messagePortTransport,
	type PlatformMessagePort,
} from "../shared/transports/message-port-transport.js";
export type { TransportOptions } from "../shared/transports/transport-options.js";
export type { IceServer, PeerConnection, PeerConnections } from "../shared/transports/web-rtc/peer-connection.js";
export type { Signalling } from "../shared/transports/web-rtc/signalling.js";
export { listenWebRtc, type WebRtcListenerOptions } from "../shared/transports/web-rtc/web-rtc-listener.js";
export {
	type WebRtcOptions,
	type WebRtcTransportOptions,
	webRtcTransport,
} from "../shared/transports/web-rtc/web-rtc-transport.js";
export { browserStores } from "./browser-stores.js";
export { webCrypto } from "./crypto.js";
export { type BrowserEnvOptions, browserEnv } from "./env.js";
export { browserPeerConnections } from "./transports/peer-connections.js";
export { transportOf } from "./transports/transport-of.js";
export type { PlatformWebSocket } from "./transports/web-socket-line.js";
export { type WebSocketTransportOptions, webSocketTransport } from "./transports/web-socket-transport.js";
