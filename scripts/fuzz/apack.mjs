// Feeds the readers of APACK with random bytes and with mutated archives: each gives entries or an ApackError, and takes no more memory
// than what an archive of this length can need. Archives of the reference program are among them: they note few checksums, so that what
// is changed in them is seen by the rules behind.
import { readdirSync, readFileSync } from "node:fs";
import {
	ApackError,
	bytesSource,
	checkZstdFrame,
	createArchive,
	decodeLz4Block,
	examineChunks,
	MemorySink,
	openArchive,
	readArchiveStream,
	verifyArchive,
} from "@mindoodb/formats/apack";
import { nodeApack } from "@mindoodb/formats/node";

const key = new Uint8Array(32).fill(3);
const vectors = new URL("../../vectors/apack/", import.meta.url);
/** Bytes of the longest archive that is taken from the vectors. */
const longest = 5000;
/** Bytes above those at the start that the process may take. */
const mostMemory = 256 * 1_048_576;

/** A small generator of Marsaglia's, so that a seed repeats a run. @param {number} seed */
function randomOf(seed) {
	let state = seed | 1;
	return (/** @type {number} */ below) => {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		return (state >>> 0) % below;
	};
}

/** @param {import("@mindoodb/formats/apack").ApackPlatform} platform */
async function makeArchives(platform) {
	const text = Uint8Array.from({ length: 2500 }, (_, i) => 97 + (((i * i) >>> 5) % 7));
	/** @type {Omit<import("@mindoodb/formats/apack").ArchiveOptions, "platform">[]} */
	const kinds = [
		{},
		{ compression: { method: "lz4" } },
		{ compression: { method: "zstd", level: 1 }, checksum: "crc32" },
		{ encryption: { cipher: "aes-256-gcm", key } },
		{ form: "stream" },
	];
	const archives = [];
	for (const options of kinds) {
		for (const pipe of [false, true]) {
			const memory = new MemorySink();
			const sink = pipe ? { write: (/** @type {readonly Uint8Array[]} */ pieces) => memory.write(pieces) } : memory;
			const writer = await createArchive(sink, { platform, chunkSize: 1024, ...options });
			const attributes = [{ key: "k", typeId: 0, value: new Uint8Array(5) }];
			await writer.add({ name: "a/b", mimeType: "text/plain", attributes }, text);
			if (options.form !== "stream") await writer.add({ name: "c" }, new Uint8Array(0));
			await writer.close();
			archives.push(memory.toBytes());
		}
	}
	for (const name of readdirSync(vectors).sort()) {
		const bytes = name.endsWith(".apack") ? Uint8Array.from(readFileSync(new URL(name, vectors))) : new Uint8Array(0);
		if (bytes.length > 0 && bytes.length <= longest) archives.push(bytes);
	}
	return archives;
}

/** @param {Uint8Array} archive @param {(below: number) => number} random */
function mutate(archive, random) {
	const way = random(8);
	if (way === 0) return Uint8Array.from({ length: random(300) }, () => random(256));
	if (way === 1) return archive.slice(0, random(archive.length));
	const bytes = archive.slice();
	for (let left = 1 + random(4); left > 0; left--) {
		const at = random(bytes.length);
		if (way === 2) bytes[at] = random(256);
		else if (way === 3) bytes.copyWithin(at, random(bytes.length), random(bytes.length));
		else if (way === 4) bytes.fill(255, at, at + 1 + random(8));
		else if (way === 5) bytes.fill(0, at, at + 1 + random(8));
		else bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
	}
	return bytes;
}

/** @param {() => unknown} work */
async function allowTyped(work) {
	try {
		await work();
	} catch (error) {
		if (!(error instanceof ApackError)) throw error;
	}
}

/** @param {number} runs @param {number} seed @throws when a reader does anything but give entries or an ApackError */
export async function fuzz(runs, seed) {
	const platform = await nodeApack();
	const random = randomOf(seed);
	const archives = await makeArchives(platform);
	const start = process.memoryUsage().rss;
	for (let run = 0; run < runs; run++) {
		const bytes = mutate(archives[random(archives.length)] ?? new Uint8Array(0), random);
		if (random(2) === 0 && bytes.length >= 24) {
			new DataView(bytes.buffer).setUint32(20, platform.crc32(bytes.subarray(0, 20)), true);
		}
		const options = { platform, key };
		await allowTyped(async () => {
			const reader = await openArchive(bytesSource(bytes), options);
			for await (const entry of reader.entries()) for await (const _ of reader.read(entry));
		});
		if (run % 4 === 0) {
			await allowTyped(async () => {
				for await (const { content } of readArchiveStream(oneOf(bytes), options)) for await (const _ of content);
			});
		}
		if (run % 4 === 1) {
			await allowTyped(async () => {
				const reader = await openArchive(bytesSource(bytes), options);
				for await (const _ of verifyArchive(reader));
				for await (const _ of examineChunks(reader, await reader.entry(0)));
			});
		}
		const part = bytes.subarray(random(bytes.length || 1));
		await allowTyped(() => decodeLz4Block(part, random(5000)));
		await allowTyped(() => checkZstdFrame(part, random(5000)));
		if (run % 1000 === 0 && process.memoryUsage().rss - start > mostMemory) {
			throw new Error(`run ${run}: ${process.memoryUsage().rss - start} bytes more than at the start`);
		}
	}
}

/** @param {Uint8Array} bytes */
async function* oneOf(bytes) {
	yield bytes;
}
