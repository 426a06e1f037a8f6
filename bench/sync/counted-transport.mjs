// A transport that counts what crosses the wire: handshake, tags and frames too, without what WebSocket and TCP add.
import { transportOf } from "mindoodb";

/** @typedef {{ out: boolean, bytes: number, at: number }} Piece `at`: milliseconds of `performance.now()` */

/** @param {string} address */
export function countedTransport(address) {
	const inner = transportOf(address);
	/** @type {Piece[]} */
	let pieces = [];
	/** @type {import("mindoodb").Transport} */
	const transport = {
		kind: inner.kind,
		async connect(options) {
			const duplex = await inner.connect(options);
			return {
				incoming: (async function* () {
					for await (const bytes of duplex.incoming) {
						pieces.push({ out: false, bytes: bytes.length, at: performance.now() });
						yield bytes;
					}
				})(),
				send(bytes) {
					pieces.push({ out: true, bytes: bytes.length, at: performance.now() });
					return duplex.send(bytes);
				},
				close: () => duplex.close(),
				abort: () => duplex.abort(),
			};
		},
	};
	return {
		transport,
		/** What crossed since the last call, in order. */
		take() {
			const taken = pieces;
			pieces = [];
			return taken;
		},
	};
}

/** @param {readonly Piece[]} pieces */
export const bytesOf = (pieces) => pieces.reduce((sum, { bytes }) => sum + bytes, 0);

/** How often this side spoke and was answered. @param {readonly Piece[]} pieces */
export const roundTripsOf = (pieces) => pieces.filter(({ out }, index) => !out && pieces[index - 1]?.out).length;
