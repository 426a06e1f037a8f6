import { randomFillSync } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { nodeApack } from "../node/apack-platform.js";
import {
	ApackError,
	type ApackPlatform,
	type ArchiveOptions,
	bytesSource,
	type Content,
	createArchive,
	MemorySink,
	makeAttribute,
	type NewEntry,
	type OpenOptions,
	openArchive,
	portableApack,
	readArchiveStream,
} from "./index.js";

let platform: ApackPlatform;
let portable: ApackPlatform;

beforeAll(async () => {
	platform = await nodeApack();
	portable = await portableApack(platform);
});

type Options = Omit<ArchiveOptions, "platform">;
type Secrets = Pick<OpenOptions, "key" | "password">;
type Given = readonly (NewEntry & { readonly content: Content })[];

const key = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
const cheapKdf = { name: "argon2id", memoryKiB: 64, iterations: 1, parallelism: 1 } as const;

async function write(entries: Given, options: Options = {}, { on = platform, pipe = false } = {}): Promise<Uint8Array> {
	const memory = new MemorySink();
	const sink = pipe ? { write: (pieces: readonly Uint8Array[]) => memory.write(pieces) } : memory;
	const writer = await createArchive(sink, { platform: on, ...options });
	for (const { content, ...entry } of entries) await writer.add(entry, content);
	await writer.close();
	expect(writer.size).toBe(memory.toBytes().length);
	return memory.toBytes();
}

interface Seen {
	readonly name: string;
	readonly mimeType: string;
	readonly attributes: readonly unknown[];
	readonly content: Uint8Array;
}

async function join(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
	const all: Uint8Array[] = [];
	for await (const piece of pieces) all.push(piece);
	return Uint8Array.from(Buffer.concat(all));
}

async function read(bytes: Uint8Array, secrets: Secrets = {}, on = platform): Promise<Seen[]> {
	const reader = await openArchive(bytesSource(bytes), { platform: on, ...secrets });
	const seen: Seen[] = [];
	for await (const entry of reader.entries()) {
		const { name, mimeType, attributes } = entry;
		seen.push({ name, mimeType, attributes, content: await join(reader.read(entry)) });
	}
	return seen;
}

/** One buffer for all pieces, as some producers have it. */
async function* drip(bytes: Uint8Array, size = 1): AsyncGenerator<Uint8Array> {
	const buffer = new Uint8Array(size);
	for (let at = 0; at < bytes.length; at += size) {
		const piece = bytes.subarray(at, at + size);
		buffer.set(piece);
		yield buffer.subarray(0, piece.length);
	}
	buffer.fill(0);
}

async function readStreamed(stream: AsyncIterable<Uint8Array>, secrets: Secrets = {}): Promise<Seen[]> {
	const seen: Seen[] = [];
	for await (const { name, mimeType, attributes, content } of readArchiveStream(stream, { platform, ...secrets })) {
		seen.push({ name, mimeType, attributes, content: await join(content) });
	}
	return seen;
}

function textOf(length: number): Uint8Array {
	return Uint8Array.from({ length }, (_, i) => 97 + (((i * i) >>> 5) % 7));
}

const sizes = [0, 1, 1023, 1024, 1025, 2048, 3000];
const attributes = [
	makeAttribute("title", "žluť"),
	makeAttribute("n", -5n),
	makeAttribute("ratio", 0.5),
	makeAttribute("yes", true),
];
const given: Given = sizes.flatMap((size) => [
	{ name: `text/${size}`, content: textOf(size), mimeType: "text/plain", attributes },
	{ name: `random/${size}`, content: randomFillSync(new Uint8Array(size)) },
]);
const expected = given.map(({ content, name, mimeType = "", attributes = [] }) => ({
	name,
	mimeType,
	attributes,
	content,
}));

const encryptions: readonly (readonly [string, Options, Secrets])[] = [
	["plain", {}, {}],
	["AES and a key", { encryption: { cipher: "aes-256-gcm", key } }, { key }],
	[
		"ChaCha20 and a password",
		{ encryption: { cipher: "chacha20-poly1305", password: "pässword", kdf: cheapKdf } },
		{ password: "pässword" },
	],
];
const compressionsTried: readonly Options[] = [
	{},
	{ compression: { method: "zstd", level: 3 }, checksum: "crc32" },
	{ compression: { method: "lz4" } },
];

describe("what is written is read again", () => {
	for (const [title, encryption, secrets] of encryptions) {
		for (const compression of compressionsTried) {
			const options: Options = { chunkSize: 1024, ...encryption, ...compression };
			it(`${title}, ${compression.compression?.method ?? "stored"}`, async () => {
				const bytes = await write(given, options);
				expect(await read(bytes, secrets)).toEqual(expected);
				expect(await read(bytes, secrets, portable)).toEqual(expected);
				expect(await readStreamed(drip(bytes), secrets)).toEqual(expected);

				const piped = await write(
					given.map((each) => ({ ...each, content: drip(each.content as Uint8Array) })),
					options,
					{ pipe: true },
				);
				expect(await read(piped, secrets)).toEqual(expected);
				expect(await readStreamed(drip(piped, 777), secrets)).toEqual(expected);
			});
		}
	}

	it("by the portable platform for Node", async () => {
		for (const [, encryption, secrets] of encryptions) {
			const options: Options = { chunkSize: 1024, compression: { method: "zstd", level: 1 }, ...encryption };
			expect(await read(await write(given, options, { on: portable }), secrets)).toEqual(expected);
		}
	});

	it("with a password that PBKDF2 made a key of", async () => {
		const kdf = { name: "pbkdf2-sha256", iterations: 100_000 } as const;
		const bytes = await write(given.slice(0, 3), { encryption: { cipher: "aes-256-gcm", password: "p", kdf } });
		for (const on of [platform, portable])
			expect(await read(bytes, { password: "p" }, on)).toEqual(expected.slice(0, 3));
	});

	it("in stream form, with one entry and its own trailer", async () => {
		const one = [{ name: "only", content: textOf(5000) }];
		const wanted = [{ name: "only", mimeType: "", attributes: [], content: textOf(5000) }];
		for (const pipe of [false, true]) {
			for (const [, encryption, secrets] of encryptions) {
				const bytes = await write(one, { form: "stream", chunkSize: 1024, ...encryption }, { pipe });
				expect(new TextDecoder().decode(bytes.subarray(-32, -28))).toBe("STRL");
				expect(await read(bytes, secrets)).toEqual(wanted);
				expect(await readStreamed(drip(bytes), secrets)).toEqual(wanted);
				for (let cut = 0; cut < bytes.length; cut += 7) {
					await expect(read(bytes.subarray(0, cut), secrets)).rejects.toThrow(ApackError);
				}
			}
		}
		await expect(write([], { form: "stream" })).rejects.toMatchObject({ code: "usage" });
		await expect(write([...one, ...one], { form: "stream" })).rejects.toMatchObject({ code: "usage" });
	});

	it("with LAST on a full last chunk, and an empty chunk for an empty entry alone", async () => {
		const bytes = await write(given, { chunkSize: 1024 });
		const reader = await openArchive(bytesSource(bytes), { platform });
		for await (const entry of reader.entries()) {
			const rows: number[] = [];
			for await (const chunk of reader.chunks(entry)) rows.push(chunk.originalSize);
			expect(rows).toHaveLength(Math.max(1, Math.ceil(entry.originalSize / 1024)));
			expect(entry).toMatchObject({ chunkCount: rows.length });
			expect(entry.headerChecksum).not.toBe(0);
		}
	});
});

it("any range is the slice of the whole, and opens only the chunks that it touches", async () => {
	const content = randomFillSync(new Uint8Array(300_000));
	const half = textOf(300_000);
	half.set(content.subarray(0, 150_000));
	const bytes = await write(
		[
			{ name: "before", content: half },
			{ name: "x", content: half },
		],
		{
			chunkSize: 1024,
			compression: { method: "lz4" },
		},
	);
	let hashed = 0;
	const counting: ApackPlatform = {
		...platform,
		xxh3(piece) {
			if (piece.length > 100) hashed++;
			return platform.xxh3(piece);
		},
	};
	const reader = await openArchive(bytesSource(bytes), { platform: counting });
	const entry = await reader.find("x");
	if (entry === undefined) throw new Error("not found");
	const place = fc.integer({ min: 0, max: half.length });
	await fc.assert(
		fc.asyncProperty(place, place, async (a, b) => {
			const [start, end] = [Math.min(a, b), Math.max(a, b)];
			hashed = 0;
			expect(Buffer.compare(await reader.readRange(entry, start, end), half.subarray(start, end))).toBe(0);
			expect(hashed).toBe(start === end ? 0 : Math.floor((end - 1) / 1024) - Math.floor(start / 1024) + 1);
		}),
		{ numRuns: 60 },
	);
	for (const [start, end] of [
		[-1, 2],
		[2, 1],
		[0, half.length + 1],
		[0.5, 2],
	] as const) {
		await expect(reader.readRange(entry, start, end)).rejects.toMatchObject({ code: "usage" });
	}
	expect(await reader.find("y")).toBeUndefined();
});

describe("one changed byte is never taken", () => {
	const entries: Given = [
		{ name: "a", content: textOf(2500), attributes: [makeAttribute("k", "v")] },
		{ name: "b", content: new Uint8Array(0) },
	];
	const zstd: Options = { compression: { method: "zstd", level: 3 } };
	const kinds = encryptions.map(([title, options, secrets]) => {
		// Encrypted, even what compressors leave open is covered.
		return [title, options.encryption === undefined ? {} : { ...zstd, ...options }, secrets] as const;
	});

	it.each([...kinds, ["plain, zstd", zstd, {}] as const])("%s", async (title, options, secrets) => {
		const bytes = await write(entries, { chunkSize: 1024, ...options });
		const same = await read(bytes, secrets);
		for (let at = 0; at < bytes.length; at++) {
			// The time of creation, which no checksum covers.
			if (at >= 40 && at < 48) continue;
			const changed = bytes.slice();
			changed[at] = (changed[at] as number) ^ (1 << (at & 7));
			const took = () => new Error(`byte ${at} taken`);
			for (const outcome of [
				await read(changed, secrets).catch((error: unknown) => error),
				await readStreamed(drip(changed, 4096), secrets).catch((error: unknown) => error),
			]) {
				// Some bits of a compressed frame say nothing: then all is as it was.
				if (title === "plain, zstd" && !(outcome instanceof Error)) expect(outcome).toEqual(same);
				else expect(outcome instanceof ApackError ? outcome : took()).toBeInstanceOf(ApackError);
			}
		}
	});

	it("and no cut archive", async () => {
		const bytes = await write(entries, { chunkSize: 1024 });
		const piped = await write(entries, { chunkSize: 1024 }, { pipe: true });
		for (const each of [bytes, piped]) {
			for (let end = 0; end < each.length; end++) {
				await expect(read(each.subarray(0, end))).rejects.toThrow(ApackError);
				await expect(readStreamed(drip(each.subarray(0, end), 500))).rejects.toThrow(ApackError);
			}
			await expect(read(Uint8Array.of(...each, 0))).rejects.toThrow(ApackError);
			await expect(readStreamed(drip(Uint8Array.of(...each, 0), 500))).rejects.toThrow(ApackError);
		}
	});
});

describe("what cannot be is told", () => {
	it("a key that is missing or wrong, and what it hides stays listed", async () => {
		const entries: Given = [{ name: "a", content: textOf(10) }];
		const raw = await write(entries, { encryption: { cipher: "aes-256-gcm", key } });
		const wrapped = await write(entries, { encryption: { cipher: "aes-256-gcm", password: "right", kdf: cheapKdf } });
		for (const bytes of [raw, wrapped]) {
			const reader = await openArchive(bytesSource(bytes), { platform });
			expect((await reader.entry(0)).name).toBe("a");
			await expect(read(bytes)).rejects.toMatchObject({ code: "key" });
			await expect(read(bytes, { key: key.slice(1) })).rejects.toMatchObject({ code: "key" });
			await expect(read(bytes, { key: new Uint8Array(32) })).rejects.toMatchObject({ code: "decryption" });
		}
		await expect(read(wrapped, { password: "wrong" })).rejects.toMatchObject({ code: "key" });
	});

	it("a key derivation that costs too much, before it begins", async () => {
		const bytes = await write([], { encryption: { cipher: "aes-256-gcm", password: "p", kdf: cheapKdf } });
		const idle: ApackPlatform = {
			...platform,
			keys: { ...platform.keys, argon2id: () => Promise.reject(new Error("begun")) },
		};
		for (const [at, value] of [
			[72, 1 << 30],
			[76, 1 << 21],
		] as const) {
			const costly = bytes.slice();
			new DataView(costly.buffer).setUint32(at, value, true);
			const opened = openArchive(bytesSource(costly), { platform: idle, password: "p" });
			await expect(opened).rejects.toMatchObject({ code: "limit" });
		}
	});

	it("options and entries that no archive can have, and the archive can still be finished", async () => {
		const refused: readonly Options[] = [
			{ chunkSize: 1000 },
			{ chunkSize: 67_108_864, encryption: { cipher: "aes-256-gcm", key } },
			{ compression: { method: "zstd", level: 23 } },
			{ encryption: { cipher: "aes-256-gcm", password: "p", kdf: { name: "pbkdf2-sha256", iterations: 1000 } } },
			{ encryption: { cipher: "aes-256-gcm", key: key.slice(1) } },
			{ encryption: { cipher: "aes-256-gcm", password: "" } },
		];
		for (const options of refused) await expect(write([], options)).rejects.toThrow(ApackError);
		await expect(
			createArchive(new MemorySink(), { platform: portable, compression: { method: "lz4" } }),
		).rejects.toMatchObject({ code: "unsupported" });

		const sink = new MemorySink();
		const writer = await createArchive(sink, { platform });
		for (const entry of [
			{ name: "" },
			{ name: "é".repeat(40_000) },
			{ name: "\ud800" },
			{ name: "a", id: 2n ** 63n },
		]) {
			await expect(writer.add(entry, textOf(3))).rejects.toThrow(ApackError);
		}
		await writer.add({ name: "a", id: -7n }, [textOf(3), textOf(4)]);
		await writer.close();
		await expect(writer.add({ name: "b" }, textOf(1))).rejects.toMatchObject({ code: "usage" });
		const entry = await (await openArchive(bytesSource(sink.toBytes()), { platform })).entry(0);
		expect(entry).toMatchObject({ name: "a", id: -7n, originalSize: 7 });
	});

	it("content that fails half-way: the archive is not one", async () => {
		const sink = new MemorySink();
		const writer = await createArchive(sink, { platform, chunkSize: 1024 });
		const broken = (async function* () {
			yield textOf(5000);
			throw new Error("the disk is gone");
		})();
		await expect(writer.add({ name: "a" }, broken)).rejects.toThrow("the disk is gone");
		await expect(writer.close()).rejects.toMatchObject({ code: "usage" });
		await expect(read(sink.toBytes())).rejects.toMatchObject({ code: "truncated" });
	});
});

it("a sink may take its time, though a producer uses its buffer again", async () => {
	const memory = new MemorySink();
	const slow = {
		async write(pieces: readonly Uint8Array[]) {
			await new Promise((resolve) => setImmediate(resolve));
			await memory.write(pieces);
		},
	};
	const content = randomFillSync(new Uint8Array(20_000));
	const writer = await createArchive(slow, { platform, chunkSize: 1024 });
	await writer.add({ name: "a" }, drip(content, 5000));
	await writer.close();
	expect((await read(memory.toBytes()))[0]?.content).toEqual(content);
});

it("a sink that fails is told, and the archive cannot be finished", async () => {
	for (const options of [{}, { encryption: { cipher: "aes-256-gcm", key } }] as const) {
		let writes = 0;
		const full = {
			async write() {
				if (++writes === 3) throw new Error("the disk is full");
			},
		};
		const writer = await createArchive(full, { platform, chunkSize: 1024, ...options });
		await expect(writer.add({ name: "a" }, textOf(5000))).rejects.toThrow("the disk is full");
		await expect(writer.close()).rejects.toMatchObject({ code: "usage" });
	}
});

it("when content fails, nothing is being written any more", async () => {
	let writing = 0;
	const slow = {
		async write() {
			writing++;
			await new Promise((resolve) => setTimeout(resolve, 20));
			writing--;
		},
	};
	const encryption = { cipher: "aes-256-gcm", key } as const;
	const writer = await createArchive(slow, { platform, chunkSize: 1024, encryption });
	const broken = (async function* () {
		yield textOf(1500);
		yield textOf(1500);
		throw new Error("the disk is gone");
	})();
	await expect(writer.add({ name: "a" }, broken)).rejects.toThrow("the disk is gone");
	expect(writing).toBe(0);
});

it("a stream is read without its contents, and its producer is told when nobody reads on", async () => {
	const bytes = await write(given, { chunkSize: 1024 }, { pipe: true });
	const names: string[] = [];
	for await (const { name, content } of readArchiveStream(drip(bytes, 100), { platform })) {
		names.push(name);
		if (names.length % 3 === 0) for await (const _ of content) break;
	}
	expect(names).toEqual(given.map(({ name }) => name));
	let ended = false;
	const source = (async function* () {
		try {
			yield* drip(bytes, 100);
		} finally {
			ended = true;
		}
	})();
	for await (const _ of readArchiveStream(source, { platform })) break;
	expect(ended).toBe(true);
});
