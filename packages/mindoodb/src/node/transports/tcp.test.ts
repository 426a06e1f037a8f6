import { Accepted, testTransport } from "@mindoodb/testing";
import { generate } from "selfsigned";
import { listenTcp } from "./tcp-listener.js";
import { transportOf } from "./transport-of.js";

/** The buffers of two sockets on the loopback grow to some 6 MB each. */
const systemBuffers = 16 * 1_048_576;

testTransport({
	name: "tcp",
	systemBuffers,
	async open() {
		const accepted = new Accepted();
		const listener = await listenTcp(accepted.accept);
		return {
			transport: transportOf(listener.address),
			accept: () => accepted.next(),
			close: () => listener.close(),
		};
	},
});

const certificate = await generate([{ name: "commonName", value: "localhost" }], {
	extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
});

testTransport({
	name: "tls",
	systemBuffers,
	async open() {
		const accepted = new Accepted();
		const { cert, private: key } = certificate;
		const listener = await listenTcp(accepted.accept, { certificate: { cert, key } });
		return {
			transport: transportOf(listener.address, { tls: { ca: cert } }),
			accept: () => accepted.next(),
			close: () => listener.close(),
		};
	},
});
