import { expect, it } from "vitest";
import { nodeHasher } from "../node/hasher.js";
import type { ByteSource } from "../ports.js";
import { decodeChunk } from "./chunk.js";
import { Reassembler } from "./reassembler.js";
import { datumOf, type SplitOptions, splitSource } from "./split.js";

const makeHasher = nodeHasher;

/** A source that counts what is read of it. */
function counted(bytes: Uint8Array): ByteSource & { bytesRead: number } {
	const source = {
		size: bytes.length,
		bytesRead: 0,
		read: async (offset: number, length: number) => {
			source.bytesRead += length;
			return bytes.slice(offset, offset + length);
		},
	};
	return source;
}

async function split(source: ByteSource, options: SplitOptions & { readonly datum?: Uint8Array } = {}) {
	const packets: Uint8Array[] = [];
	for await (const packet of splitSource(source, { makeHasher, ...options })) packets.push(packet);
	return packets;
}

const bytes = Uint8Array.from({ length: 300_000 }, (_, at) => at % 253);

it("a message is split into full chunks and a last one, and joins again backwards", async () => {
	const source = counted(bytes);
	const chunks = (await split(source)).map((packet) => decodeChunk(packet, { makeHasher }));
	expect(chunks.map(({ data }) => data.length)).toEqual([131_072, 131_072, 37_856]);
	expect(source.bytesRead).toBe(2 * bytes.length);
	const reassembler = new Reassembler({ makeHasher });
	for (const chunk of chunks.reverse()) reassembler.add(chunk);
	expect(Buffer.compare(reassembler.messages[0]?.message() ?? new Uint8Array(0), bytes)).toBe(0);
});

it("who knows the datum reads once, and is told when it was wrong", async () => {
	const source = counted(bytes);
	const datum = await datumOf(source, { makeHasher });
	source.bytesRead = 0;
	expect((await split(source, { datum })).length).toBe(3);
	expect(source.bytesRead).toBe(bytes.length);
	await expect(split(source, { datum: new Uint8Array(32) })).rejects.toThrow(
		expect.objectContaining({ code: "datum" }),
	);
});

it("an empty message, a source that ends early and a signal are errors", async () => {
	await expect(split(counted(new Uint8Array(0)))).rejects.toThrow(expect.objectContaining({ code: "usage" }));
	await expect(split({ ...counted(bytes), size: bytes.length + 1 })).rejects.toThrow(
		expect.objectContaining({ code: "truncated" }),
	);
	await expect(split(counted(bytes), { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
});
