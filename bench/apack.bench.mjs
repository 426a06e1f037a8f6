// APACK archives: 256 MB written and read, of text that compresses and of noise that does not, and an archive of 1 GB.
// Beside each figure stands what the same primitives do with the same chunks in the same process: that is the ceiling. The reference
// program on such a machine: store 1,680 MB/s written and 2,980 read, zstd-3 222 and 1,278 (noise 866 and 3,355), store and AES-GCM 994
// and 1,790; the targets are half of each.
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { createArchive, openArchive } from "@mindoodb/formats/apack";
import { createFileSink, nodeApack, openFileSource } from "@mindoodb/formats/node";
import { stopwatch } from "./stopwatch.mjs";

const megabyte = 1e6;
const chunkBytes = 262_144;
const key = new Uint8Array(32).fill(5);

/** Lines of words and numbers. */
function makeText() {
	const words = "alpha beta gamma delta meadow river lantern kettle false true harbor zephyr".split(" ");
	const bytes = Buffer.alloc(4 * 1_048_576);
	let state = 1;
	for (let at = 0; at < bytes.length; ) {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		const word = `${words[(state >>> 16) % words.length]} ${(state >>> 8) % 1000}${(state & 7) === 0 ? "\n" : " "}`;
		at += bytes.write(word, at);
	}
	return bytes;
}

/** The same 4 MiB again and again: far more than a window of zstd level 3 over chunks of 256 KiB can see. */
function* content(/** @type {Uint8Array} */ piece, /** @type {number} */ bytes) {
	for (let left = bytes; left > 0; left -= piece.length) yield piece.subarray(0, Math.min(left, piece.length));
}

const rate = (/** @type {number} */ bytes, /** @type {{ ms: number }} */ { ms }) => bytes / megabyte / (ms / 1000);
/** On a busy machine the clock tells little: what one processor would do that has nothing else to do. */
const ownRate = (/** @type {number} */ bytes, /** @type {{ cpuMs: number }} */ { cpuMs }) =>
	bytes / megabyte / (cpuMs / 1000);

/** @typedef {{ compression?: { method: "zstd", level: number }, encryption?: { cipher: "aes-256-gcm", key: Uint8Array } }} Methods */

/** MB/s of processor time of the primitives alone, over 64 MB of chunks in memory. @param {Uint8Array} piece @param {Methods} methods */
async function ceiling(piece, { compression, encryption }) {
	const { xxh3, zstd, aesGcm } = await nodeApack();
	const nothing = new Uint8Array(0);
	const chunks = [];
	for (let at = 0; at < piece.length; at += chunkBytes) chunks.push(piece.subarray(at, at + chunkBytes));
	const [rounds, iv] = [Math.ceil(64_000_000 / piece.length), new Uint8Array(12)];
	const stored = [];
	let passed = stopwatch();
	for (let round = 0; round < rounds; round++) {
		for (const chunk of chunks) {
			xxh3(chunk);
			const smaller = compression === undefined ? chunk : zstd.compress(chunk, compression.level);
			const body = smaller.length < chunk.length ? smaller : chunk;
			const payload = encryption === undefined ? body : await aesGcm.seal(encryption.key, iv, body, nothing);
			if (round === 0) stored.push({ payload, folded: body !== chunk });
		}
	}
	const write = ownRate(rounds * piece.length, passed());
	passed = stopwatch();
	for (let round = 0; round < rounds; round++) {
		for (const { payload, folded } of stored) {
			const body = encryption && (await aesGcm.open(encryption.key, iv, payload, nothing));
			const chunk = folded ? zstd.decompress(body ?? payload, chunkBytes) : (body ?? payload);
			xxh3(chunk ?? nothing);
		}
	}
	return { write, read: ownRate(rounds * piece.length, passed()) };
}

/** The most resident memory beyond what there was, while something runs. */
function watchMemory() {
	const idle = process.memoryUsage.rss();
	let most = idle;
	const timer = setInterval(() => {
		most = Math.max(most, process.memoryUsage.rss());
	}, 5);
	return () => {
		clearInterval(timer);
		return (most - idle) / megabyte;
	};
}

/** What the file system alone takes for the bytes, in pieces of a chunk. @param {string} path @param {Uint8Array} piece @param {number} bytes */
async function fileCeiling(path, piece, bytes) {
	let passed = stopwatch();
	const file = await open(path, "w");
	for (let at = 0; at < bytes; at += chunkBytes) await file.write(piece, at % piece.length, chunkBytes, at);
	await file.close();
	const write = rate(bytes, passed());
	const source = await openFileSource(path);
	passed = stopwatch();
	for (let at = 0; at < bytes; at += chunkBytes) await source.read(at, Math.min(chunkBytes, source.size - at));
	const read = rate(bytes, passed());
	await source.close();
	rmSync(path);
	return { write, read };
}

/** @param {Methods} methods @param {{ bytes: number, noise: boolean }} size @returns {import("./harness.mjs").Load["run"]} */
const writeAndRead =
	(methods, { bytes, noise }) =>
	async ({ folder }) => {
		const platform = await nodeApack();
		const piece = noise ? randomBytes(4 * 1_048_576) : makeText();
		const limit = await ceiling(piece, methods);
		const files = await fileCeiling(join(folder, "plain"), piece, 64 * 1_048_576);
		const path = join(folder, "a.apack");
		const memory = watchMemory();
		let passed = stopwatch();
		const sink = await createFileSink(path);
		const writer = await createArchive(sink, { platform, ...methods });
		await writer.add({ name: "file" }, content(piece, bytes));
		await writer.close();
		const written = passed();
		// Making it durable is the disk's time, and not counted: the reference program does not do it.
		await sink.close();
		const source = await openFileSource(path);
		const reader = await openArchive(source, { platform, key });
		const entry = await reader.entry(0);
		passed = stopwatch();
		let count = 0;
		for await (const each of reader.read(entry)) count += each.length;
		const read = passed();
		if (count !== bytes) throw new Error(`expected ${bytes} bytes, read ${count}`);
		const memoryMB = memory();
		const ranging = stopwatch();
		for (let i = 1; i <= 10; i++) {
			const start = Math.floor((bytes / 11) * i);
			await reader.readRange(entry, start, start + 1000);
		}
		const rangeMs = ranging().ms / 10;
		await source.close();
		return {
			writeMBs: rate(bytes, written),
			writeCpuMBs: ownRate(bytes, written),
			writeCeilingMBs: limit.write,
			fileWriteMBs: files.write,
			readMBs: rate(bytes, read),
			readCpuMBs: ownRate(bytes, read),
			readCeilingMBs: limit.read,
			fileReadMBs: files.read,
			rangeMs,
			memoryMB,
			archiveMB: source.size / megabyte,
		};
	};

const zstd = { compression: /** @type {const} */ ({ method: "zstd", level: 3 }) };
const aes = { encryption: /** @type {const} */ ({ cipher: "aes-256-gcm", key }) };
const bytes = 256 * megabyte;

/** @type {readonly (readonly [string, string, Methods, { bytes: number, noise: boolean }, number, number])[]} */
const kinds = [
	["store-text", "256 MB of text, stored", {}, { bytes, noise: false }, 840, 1490],
	["store-noise", "256 MB of noise, stored", {}, { bytes, noise: true }, 840, 1490],
	["zstd-text", "256 MB of text, zstd level 3", zstd, { bytes, noise: false }, 111, 639],
	["zstd-noise", "256 MB of noise, zstd level 3", zstd, { bytes, noise: true }, 433, 1677],
	["aes-text", "256 MB of text, stored with AES-256-GCM", aes, { bytes, noise: false }, 497, 895],
	["aes-noise", "256 MB of noise, stored with AES-256-GCM", aes, { bytes, noise: true }, 497, 895],
	[
		"zstd-aes-1g",
		"1 GB of text, zstd level 3 and AES-256-GCM",
		{ ...zstd, ...aes },
		{ bytes: 4 * bytes, noise: false },
		0,
		0,
	],
	["store-1g", "1 GB of noise, stored", {}, { bytes: 4 * bytes, noise: true }, 0, 0],
];

/** @type {readonly import("./harness.mjs").Load[]} */
export const loads = kinds.map(([name, title, methods, size, writeMBs, readMBs]) => ({
	name,
	title,
	run: writeAndRead(methods, size),
	targets: { writeMBs: { atLeast: writeMBs }, readMBs: { atLeast: readMBs }, memoryMB: { atMost: 100 } },
	runs: 3,
}));
