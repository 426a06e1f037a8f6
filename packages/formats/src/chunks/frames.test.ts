import fc from "fast-check";
import { expect, it } from "vitest";
import { nodeHasher } from "../node/hasher.js";
import { encodeChunk } from "./chunk.js";
import { encodeMessageFrame, type Frame, type FrameOptions, readFrames } from "./frames.js";

const makeHasher = nodeHasher;
const datum = new Uint8Array(32).fill(1);
const packet = (data: Uint8Array, index = 0) => encodeChunk({ index, datum, data }, { makeHasher });

async function read(bytes: Uint8Array, options: FrameOptions & { readonly length?: number } = {}) {
	const { length = bytes.length || 1, ...rest } = options;
	const frames: Frame[] = [];
	async function* pieces() {
		for (let start = 0; start < bytes.length; start += length) yield bytes.subarray(start, start + length);
	}
	try {
		for await (const frame of readFrames(pieces(), { makeHasher, ...rest })) frames.push(frame);
		return { frames, code: undefined };
	} catch (error) {
		return { frames, code: (error as { code?: string }).code };
	}
}

it("messages and chunks come out as they went in, whole, byte by byte and in any pieces", async () => {
	const one = fc.record({ chunk: fc.boolean(), data: fc.uint8Array({ minLength: 1, maxLength: 300 }) });
	await fc.assert(
		fc.asyncProperty(fc.array(one, { maxLength: 5 }), fc.integer({ min: 1, max: 400 }), async (sent, length) => {
			const stream = Buffer.concat(sent.map(({ chunk, data }) => (chunk ? packet(data, 4) : encodeMessageFrame(data))));
			const { frames, code } = await read(Uint8Array.from(stream), { length });
			expect(code).toBe(undefined);
			expect(frames.map((frame) => [frame.kind, frame.kind === "chunk" ? frame.chunk.data : frame])).toEqual(
				sent.map(({ chunk, data }) => (chunk ? ["chunk", data] : ["message", { kind: "message", message: data }])),
			);
		}),
		{ numRuns: 50 },
	);
});

it("a chunk with a wrong hash is reported and the stream goes on; a wrong type ends it", async () => {
	const bad = packet(Uint8Array.of(1, 2, 3));
	bad[50] = 9;
	const stream = Uint8Array.from([...bad, ...packet(Uint8Array.of(4)), 0, 1, 0, 0]);
	const { frames, code } = await read(stream, { length: 1 });
	expect(frames.map(({ kind }) => kind)).toEqual(["damaged-chunk", "chunk"]);
	expect(frames[0]).toMatchObject({ error: { code: "hash" } });
	expect(code).toBe("type");
});

it("lengths that are zero, endless or above the limit are refused before the bytes are there", async () => {
	expect(await read(Uint8Array.of(0x80, 0))).toEqual({ frames: [], code: "zero-length" });
	expect(await read(new Uint8Array(10).fill(0x80))).toEqual({ frames: [], code: "varint" });
	expect(await read(Uint8Array.of(0x81, 1), { maxMessageLength: 128 })).toEqual({ frames: [], code: "limit" });
	expect(await read(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 255, 1))).toEqual({
		frames: [],
		code: "limit",
	});
	expect((await read(Uint8Array.of(0x81, 0x80, 0, 5))).frames).toEqual([
		{ kind: "message", message: Uint8Array.of(5) },
	]);
	expect(() => encodeMessageFrame(new Uint8Array(0))).toThrow(expect.objectContaining({ code: "usage" }));
});
