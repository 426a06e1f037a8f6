// Splitting a message into chunks and joining it again, next to the hashing that both cannot do without.
import { createHash } from "node:crypto";
import { decodeChunk, MessageAssembly, splitSource } from "@mindoodb/formats/chunks";
import { nodeHasher } from "@mindoodb/formats/node";
import { stopwatch } from "./stopwatch.mjs";
import { demand } from "./tenant.mjs";

const size = 256 * 2 ** 20;
const makeHasher = nodeHasher;

/** @param {number} ms */
const speed = (ms) => size / 1e6 / (ms / 1000);

/** @type {readonly import("./harness.mjs").Load[]} */
export const loads = [
	{
		name: "split-join-256",
		title:
			"split 256 MiB into chunks and join them verified, against SHA3-256 of node:crypto over the same bytes twice",
		targets: { splitPercent: { atLeast: 60 }, joinPercent: { atLeast: 60 } },
		runs: 3,
		async run() {
			const bytes = new Uint8Array(size);
			for (let at = 0; at < size; at += 4096) bytes.fill(at % 251, at, at + 4096);
			const source = {
				size,
				read: async (/** @type {number} */ at, /** @type {number} */ n) => bytes.subarray(at, at + n),
			};
			const hashing = stopwatch();
			for (let time = 0; time < 2; time++) {
				const hash = createHash("sha3-256");
				for (let at = 0; at < size; at += 131_072) hash.update(bytes.subarray(at, at + 131_072));
				hash.digest();
			}
			const hashMs = hashing().cpuMs;

			const splitting = stopwatch();
			const packets = [];
			for await (const packet of splitSource(source, { makeHasher })) packets.push(packet);
			const splitMs = splitting().cpuMs;

			const joining = stopwatch();
			/** @type {MessageAssembly | undefined} */
			let assembly;
			let joined = 0;
			for (const packet of packets) {
				const chunk = decodeChunk(packet, { makeHasher });
				assembly ??= new MessageAssembly(chunk.datum, { makeHasher });
				assembly.add(chunk);
				for (const piece of assembly.take()) joined += piece.length;
			}
			const joinMs = joining().cpuMs;
			demand("the whole message", assembly?.complete && joined, size);
			return {
				hashMBps: speed(hashMs),
				splitMBps: speed(splitMs),
				joinMBps: speed(joinMs),
				splitPercent: (100 * hashMs) / splitMs,
				joinPercent: (100 * hashMs) / joinMs,
			};
		},
	},
];
