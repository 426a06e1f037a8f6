// What each transport carries on the loopback, both ends in one process: 256 MB in pieces of 64 KiB, and messages of 100 bytes to and fro.
// Nothing is encrypted but by TLS; the channel above is a load of its own.
import {
	listenInMemory,
	listenTcp,
	listenWebRtc,
	listenWebSocket,
	messagePortDuplex,
	messagePortTransport,
	nodeClock,
	nodeCrypto,
	nodePeerConnections,
	transportOf,
	webRtcTransport,
} from "mindoodb";
import { generate } from "selfsigned";
import { stopwatch } from "./stopwatch.mjs";
import { demand } from "./tenant.mjs";

const piece = 65_536;
const pieces = 4096;
const roundTrips = 2000;
const clock = nodeClock();

/** @typedef {import("mindoodb").Duplex} Duplex @typedef {import("mindoodb").Transport} Transport */
/** @typedef {{ transport: Transport, close(): Promise<void> }} Opened */
/** @typedef {(accept: (duplex: Duplex) => void) => Promise<Opened>} Open */

const certificate = async () => {
	const altNames = [{ type: /** @type {const} */ (7), ip: "127.0.0.1" }];
	const { cert, private: key } = await generate([{ name: "commonName", value: "loopback" }], {
		extensions: [{ name: "subjectAltName", altNames }],
	});
	return { cert, key };
};

/** @param {import("mindoodb").Listener} listener @param {string} [ca] @returns {Opened} */
function reached(listener, ca) {
	const tls = ca === undefined ? {} : { ca };
	return { transport: transportOf(listener.address, { tls }), close: () => listener.close() };
}

/** @type {Record<string, Open>} */
const opens = {
	memory: async (accept) => listenInMemory(accept, { clock }),
	"message-port": async (accept) => ({
		transport: messagePortTransport({
			clock,
			channel: () => new MessageChannel(),
			hand: (port) => accept(messagePortDuplex(port, { clock })),
		}),
		close: async () => {},
	}),
	tcp: async (accept) => reached(await listenTcp(accept)),
	tls: async (accept) => {
		const held = await certificate();
		return reached(await listenTcp(accept, { certificate: held }), held.cert);
	},
	ws: async (accept) => reached(await listenWebSocket(accept)),
	wss: async (accept) => {
		const held = await certificate();
		return reached(await listenWebSocket(accept, { certificate: held }), held.cert);
	},
	webrtc: async (accept) => {
		const connections = await nodePeerConnections();
		/** @type {Map<string, (from: string, message: Uint8Array) => void>} */
		const listeners = new Map();
		const signalling = (/** @type {string} */ name) => ({
			send: async (/** @type {string} */ to, /** @type {Uint8Array} */ message) => {
				setImmediate(() => listeners.get(to)?.(name, message));
			},
			onMessage: (/** @type {(from: string, message: Uint8Array) => void} */ listener) => {
				listeners.set(name, listener);
				return () => listeners.delete(name);
			},
		});
		const listener = listenWebRtc(accept, { signalling: signalling("bob"), connections, clock });
		const random = nodeCrypto();
		const transport = webRtcTransport({ signalling: signalling("alice"), peer: "bob", connections, clock, random });
		return { transport, close: () => listener.close() };
	},
};

/** @type {readonly import("./harness.mjs").Load[]} */
export const loads = Object.entries(opens).map(([name, open]) => ({
	name,
	title: `${name}: 256 MB one way, and ${roundTrips} round trips of 100 bytes`,
	async run() {
		/** @type {(duplex: Duplex) => void} */
		let accept = () => {};
		/** @type {Promise<Duplex>} */
		const accepted = new Promise((resolve) => {
			accept = resolve;
		});
		const { transport, close } = await open((duplex) => accept(duplex));
		const connecting = stopwatch();
		const near = await transport.connect();
		const connectMs = connecting().ms;
		const far = await accepted;

		const carrying = stopwatch();
		const reading = take(far, piece * pieces);
		for (let sent = 0; sent < pieces; sent++) await near.send(new Uint8Array(piece));
		demand("bytes that came", await reading, piece * pieces);
		const { ms, cpuMs } = carrying();

		const answering = (async () => {
			for (let turn = 0; turn < roundTrips; turn++) {
				await take(far, 100);
				await far.send(new Uint8Array(100));
			}
		})();
		const asking = stopwatch();
		for (let turn = 0; turn < roundTrips; turn++) {
			await near.send(new Uint8Array(100));
			await take(near, 100);
		}
		const roundTripUs = (asking().ms / roundTrips) * 1000;
		await answering;
		near.abort();
		far.abort();
		await close();
		const megabytes = (piece * pieces) / 1e6;
		return {
			connectMs,
			MBps: megabytes / (ms / 1000),
			cpuMBps: megabytes / (cpuMs / 1000),
			roundTripUs,
		};
	},
}));

/** @param {Duplex} from @param {number} size @returns {Promise<number>} the bytes that were taken */
async function take(from, size) {
	let taken = 0;
	for await (const { length } of from.incoming) {
		taken += length;
		if (taken >= size) break;
	}
	return taken;
}
