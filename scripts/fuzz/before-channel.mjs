// What is read of a connection before there is a channel, random and damaged: records of TCP and TLS, signals by which WebRTC finds the other
// side, what operators ask over HTTP.
import { makeRandom } from "./random.mjs";

const dist = (/** @type {string} */ path) => new URL(`../../packages/${path}`, import.meta.url).href;
const { Records } = await import(dist("mindoodb/dist/node/transports/records.js"));
const { decodeSignal, encodeSignal } = await import(dist("mindoodb/dist/shared/transports/web-rtc/signalling.js"));
const { operationsListener } = await import(dist("server/dist/operations/http.js"));

/**
 * @param {number} runs
 * @param {number} seed
 * @returns {Promise<void>} fails on the first input that is treated wrongly
 */
export async function fuzz(runs, seed) {
	const random = makeRandom(seed);
	const call = "ab".repeat(16);
	const signals = [
		{ kind: "offer", call, sdp: "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n" },
		{ kind: "candidate", call, candidate: "candidate:1 1 UDP 1 127.0.0.1 9 typ host", sdpMid: "0", sdpMLineIndex: 0 },
		{ kind: "refusal", call },
	].map(encodeSignal);
	for (let run = 0; run < runs; run++) {
		readRecords(random);
		const signal = decodeSignal(random.damage(random.pick(signals)));
		if (signal !== undefined && JSON.stringify(decodeSignal(encodeSignal(signal))) !== JSON.stringify(signal)) {
			throw new Error(`run ${run}: a signal changes when it is written again`);
		}
		await askOperations(random);
	}
}

/** The same in pieces as whole, and never more than what came. @param {import("./random.mjs").Random} random */
function readRecords(random) {
	const pieces = Array.from({ length: random.number(4) }, () => random.bytes(1 + random.number(40)));
	const genuine = Buffer.concat([...pieces.flatMap((piece) => [Records.start(piece.length), piece]), Records.end()]);
	const bytes = random.damage(genuine);
	const step = 1 + random.number(7);
	const [whole, cut] = [bytes.length || 1, step].map((length) => {
		const records = new Records();
		/** @type {Uint8Array[]} */
		const read = [];
		let state = "open";
		for (let at = 0; at < bytes.length; at += length) {
			state = records.take(bytes.subarray(at, at + length), (/** @type {Uint8Array} */ piece) => read.push(piece));
		}
		const all = Buffer.concat(read);
		if (all.length > bytes.length) throw new Error("more comes out than went in");
		return `${state} ${all.toString("hex")}`;
	});
	if (whole !== cut) throw new Error("records read differently in pieces");
}

/** Nothing but the three pages is there, whatever is asked for. @param {import("./random.mjs").Random} random */
async function askOperations(random) {
	const pages = ["/healthz", "/readyz", "/metrics"];
	const metrics = { contentType: "text/plain", metrics: async () => "metrics" };
	const listener = operationsListener({ metrics, ready: async () => true });
	const url = Buffer.from(random.damage(Buffer.from(random.pick(pages)))).toString("latin1");
	const method = random.pick(["GET", "HEAD", "POST", "\u0000"]);
	const status = await new Promise((resolve) => {
		const response = { writeHead: (/** @type {number} */ code) => resolve(code), end: () => {} };
		listener({ method, url: random.number(20) === 0 ? undefined : url }, response);
	});
	const isPage = pages.includes(url.split("?", 1)[0] ?? "");
	if (status === 200 && !(isPage && (method === "GET" || method === "HEAD")))
		throw new Error("a page that is not there");
	if (![200, 404, 405].includes(status)) throw new Error(`an unexpected status ${status}`);
}
