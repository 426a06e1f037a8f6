import { Accepted, testTransport } from "@mindoodb/testing";
import { generate } from "selfsigned";
import { transportOf } from "./transport-of.js";
import { listenWebSocket } from "./web-socket-listener.js";

testTransport({
	name: "ws",
	async open() {
		const accepted = new Accepted();
		const listener = await listenWebSocket(accepted.accept, { path: "/sync" });
		return {
			transport: transportOf(`${listener.address}?for=us`),
			accept: () => accepted.next(),
			close: () => listener.close(),
		};
	},
});

const certificate = await generate([{ name: "commonName", value: "localhost" }], {
	extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
});

testTransport({
	name: "wss",
	async open() {
		const accepted = new Accepted();
		const { cert, private: key } = certificate;
		const listener = await listenWebSocket(accepted.accept, { certificate: { cert, key } });
		return {
			transport: transportOf(listener.address, { tls: { ca: cert } }),
			accept: () => accepted.next(),
			close: () => listener.close(),
		};
	},
});
