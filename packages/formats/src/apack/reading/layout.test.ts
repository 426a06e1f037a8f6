import { beforeAll, expect, it } from "vitest";
import { nodeApack } from "../../node/apack-platform.js";
import { decodeContainerTrailer, encodeContainerTrailer } from "../format/container-trailer.js";
import { decodeFileHeader, encodeFileHeader } from "../format/file-header.js";
import { decodeTocRecord, encodeTocRecord, type TocRecord } from "../format/table-of-contents.js";
import { type ApackPlatform, bytesSource, createArchive, MemorySink, openArchive } from "../index.js";

let platform: ApackPlatform;
let archive: Uint8Array;

beforeAll(async () => {
	platform = await nodeApack();
	const sink = new MemorySink();
	const writer = await createArchive(sink, { platform });
	for (const name of ["a", "b"]) await writer.add({ name }, new Uint8Array(100));
	await writer.close();
	archive = sink.toBytes();
});

/** The archive with records and sums of somebody's choice, and all checksums made for them. */
function forge(
	change: (record: TocRecord, position: number) => TocRecord,
	sums: { readonly totalOriginalSize?: number; readonly tocChecksum?: number } = {},
): Uint8Array {
	const bytes = archive.slice();
	const toc = bytes.subarray(-64 - 80, -64);
	for (let i = 0; i < 2; i++) {
		const at = 40 * i;
		toc.set(encodeTocRecord(change(decodeTocRecord(toc.subarray(at, at + 40)), i)), at);
	}
	const trailer = decodeContainerTrailer(bytes.subarray(-64));
	const checksums = { tocChecksum: platform.crc32(toc), fileSize: bytes.length };
	bytes.set(encodeContainerTrailer({ ...trailer, ...checksums, ...sums }), bytes.length - 64);
	return bytes;
}

async function readAll(bytes: Uint8Array): Promise<number> {
	const reader = await openArchive(bytesSource(bytes), { platform });
	let length = 0;
	for await (const entry of reader.entries()) for await (const piece of reader.read(entry)) length += piece.length;
	return length;
}

const same = (record: TocRecord) => record;

it("an archive that says the truth is read", async () => {
	expect(await readAll(forge(same))).toBe(200);
});

it.each<[string, string, () => Uint8Array]>([
	["sums that are no sums", "mismatch", () => forge(same, { totalOriginalSize: 201 })],
	["a checksum of another table", "checksum", () => forge(same, { tocChecksum: 1 })],
	["an entry that is listed twice", "malformed", () => forge((record) => ({ ...record, offset: 64 }))],
	["a longer entry", "mismatch", () => forge((r, i) => ({ ...r, originalSize: r.originalSize + (i ? 1 : -1) }))],
	["another id", "mismatch", () => forge((record) => ({ ...record, id: record.id + 1n }))],
	["another name", "mismatch", () => forge((record) => ({ ...record, nameHash: 7 }))],
	["no checksum of a header", "mismatch", () => forge((record) => ({ ...record, headerChecksum: 0 }))],
])("%s", async (_, code, make) => {
	await expect(readAll(make())).rejects.toMatchObject({ code });
});

it("entries that are not encrypted, in an archive that says it is", async () => {
	const bytes = archive.slice();
	bytes.set(encodeFileHeader({ ...decodeFileHeader(bytes.subarray(0, 64)), encrypted: true }));
	await expect(readAll(bytes)).rejects.toMatchObject({ code: "mismatch" });
	// What stands behind the header is an encryption block, or the first entry.
	bytes[64] = 0;
	await expect(openArchive(bytesSource(bytes), { platform })).rejects.toMatchObject({ code: "malformed" });
});
