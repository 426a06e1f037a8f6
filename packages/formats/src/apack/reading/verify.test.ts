import { beforeAll, expect, it } from "vitest";
import { nodeApack } from "../../node/apack-platform.js";
import {
	type ApackPlatform,
	bytesSource,
	createArchive,
	type EntryVerdict,
	examineChunks,
	MemorySink,
	type OpenOptions,
	openArchive,
	verifyArchive,
} from "../index.js";

let platform: ApackPlatform;
let archive: Uint8Array;
/** Offsets of the chunks of entry 1. */
const chunks: number[] = [];
const key = new Uint8Array(32).fill(9);
const content = Uint8Array.from({ length: 4 * 1024 }, (_, i) => (i * 7919) >>> 5);

async function write(encrypted: boolean): Promise<Uint8Array> {
	const sink = new MemorySink();
	const writer = await createArchive(sink, {
		platform,
		chunkSize: 1024,
		...(encrypted ? { encryption: { cipher: "aes-256-gcm", key } as const } : {}),
	});
	for (const name of ["first", "second", "third"]) await writer.add({ name }, content);
	await writer.close();
	return sink.toBytes();
}

beforeAll(async () => {
	platform = await nodeApack();
	archive = await write(false);
	const { contentOffset } = await (await openArchive(bytesSource(archive), { platform })).entry(1);
	for (let i = 0; i < 4; i++) chunks.push(contentOffset + i * (24 + 1024));
});

const open = (bytes: Uint8Array, secrets: Partial<OpenOptions> = {}) =>
	openArchive(bytesSource(bytes), { platform, ...secrets });

async function verify(change: (bytes: Uint8Array, data: DataView) => void): Promise<EntryVerdict[]> {
	const bytes = archive.slice();
	change(bytes, new DataView(bytes.buffer));
	const verdicts: EntryVerdict[] = [];
	for await (const verdict of verifyArchive(await open(bytes))) verdicts.push(verdict);
	expect(verdicts).toHaveLength(3);
	for (const i of [0, 2]) expect(verdicts[i]).toMatchObject({ goodChunks: 4, damagedChunks: [], error: undefined });
	return verdicts;
}

const at = (index: number) => chunks[index] as number;

it("nothing is wrong with a good archive", async () => {
	const [, second] = await verify(() => {});
	expect(second).toMatchObject({ goodChunks: 4, damagedChunks: [], error: undefined });
});

it.each<[string, (bytes: Uint8Array, data: DataView) => void, readonly number[]]>([
	["payload", (bytes) => bytes.fill(0, at(1) + 30, at(1) + 60), [1]],
	["checksum", (bytes) => bytes.fill(0, at(2) + 16, at(2) + 20), [2]],
	["magic", (bytes) => bytes.fill(0, at(1), at(1) + 4), [1]],
	["sizes", (_, data) => data.setUint32(at(1) + 12, 0xffffffff, true), [1]],
	["index", (_, data) => data.setUint32(at(1) + 4, 77, true), [1]],
	["two headers in a row", (bytes) => bytes.fill(0, at(1), at(2) + 24), [1, 2]],
	["all of a payload and the next header", (bytes) => bytes.fill(0, at(0), at(1) + 24), [0, 1]],
	["the last header", (bytes) => bytes.fill(0, at(3), at(3) + 24), [3]],
	["LAST set early", (_, data) => data.setUint32(at(1) + 20, 1, true), [1]],
	["LAST cleared", (_, data) => data.setUint32(at(3) + 20, 0, true), [3]],
	["reserved flags", (_, data) => data.setUint32(at(0) + 20, 0x100, true), [0]],
])("damage of %s is told, and the other chunks are read", async (_, change, damaged) => {
	const [, second] = await verify(change);
	expect(second?.damagedChunks.map(({ index }) => index)).toEqual(damaged);
	expect(second?.goodChunks).toBe(4 - damaged.length);

	const bytes = archive.slice();
	change(bytes, new DataView(bytes.buffer));
	const reader = await open(bytes);
	for await (const chunk of examineChunks(reader, await reader.entry(1))) {
		const good = !damaged.includes(chunk.index);
		expect(chunk.content).toEqual(good ? content.subarray(1024 * chunk.index, 1024 * (chunk.index + 1)) : undefined);
	}
});

it("a forged index makes no million of missing chunks", async () => {
	const [, second] = await verify((bytes, data) => {
		bytes.fill(0, at(1), at(1) + 24);
		data.setUint32(at(2) + 4, 1_000_000, true);
	});
	expect(second?.damagedChunks.map(({ index }) => index)).toEqual([1, 2]);
	expect(second?.goodChunks).toBe(2);
});

it("an entry whose header is damaged does not hide the others", async () => {
	const { headerOffset } = await (await open(archive)).entry(1);
	const [, second] = await verify((bytes) => bytes.fill(0, headerOffset, headerOffset + 4));
	expect(second).toMatchObject({ entry: undefined, error: { code: "malformed" } });
});

it("without a key the headers of an encrypted archive are checked, if that is what is asked for", async () => {
	const bytes = await write(true);
	const reader = await open(bytes);
	await expect(verifyArchive(reader).next()).rejects.toMatchObject({ code: "key" });
	for await (const { goodChunks } of verifyArchive(reader, { contents: false })) expect(goodChunks).toBe(4);
	for await (const { damagedChunks } of verifyArchive(await open(bytes, { key }))) expect(damagedChunks).toEqual([]);
	for await (const { goodChunks } of verifyArchive(await open(bytes, { key: new Uint8Array(32) })))
		expect(goodChunks).toBe(0);
});
