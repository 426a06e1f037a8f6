import { Accepted, testTransport } from "@mindoodb/testing";
import { WebSocket } from "ws";
import { listenWebSocket } from "../../node/transports/web-socket-listener.js";
import type { PlatformWebSocket } from "./web-socket-line.js";
import { webSocketTransport } from "./web-socket-transport.js";

/** The package `ws` has the platform's interface too; newer Nodes have a WebSocket of their own. */
const platforms: [string, (url: string) => PlatformWebSocket][] = [["ws", (url) => new WebSocket(url)]];
if ("WebSocket" in globalThis) platforms.push(["platform", (url) => new globalThis.WebSocket(url)]);

for (const [name, webSocket] of platforms) {
	testTransport({
		name: `browser's WebSocket, ${name}`,
		async open() {
			const accepted = new Accepted();
			const listener = await listenWebSocket(accepted.accept);
			return {
				transport: webSocketTransport({ url: new URL(listener.address), webSocket }),
				accept: () => accepted.next(),
				close: () => listener.close(),
			};
		},
	});
}
