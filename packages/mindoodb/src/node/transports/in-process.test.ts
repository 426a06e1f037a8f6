import { TransportError } from "@mindoodb/core";
import { Accepted, testTransport } from "@mindoodb/testing";
import { listenInMemory } from "../../shared/transports/memory-transport.js";
import { messagePortDuplex, messagePortTransport } from "../../shared/transports/message-port-transport.js";
import { nodeClock } from "../clock.js";

const clock = nodeClock();

testTransport({
	name: "memory",
	async open() {
		const accepted = new Accepted();
		const listener = listenInMemory(accepted.accept, { clock });
		return { transport: listener.transport, accept: () => accepted.next(), close: () => listener.close() };
	},
});

testTransport({
	name: "message-port",
	async open() {
		const accepted = new Accepted();
		let open = true;
		const transport = messagePortTransport({
			clock,
			channel: () => new MessageChannel(),
			hand(port) {
				if (!open) throw new TransportError("test: nobody there", { retryable: true });
				accepted.accept(messagePortDuplex(port, { clock }));
			},
		});
		return {
			transport,
			accept: () => accepted.next(),
			async close() {
				open = false;
			},
		};
	},
});
