import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { expect, it } from "vitest";
import { nodeHasher } from "../node/hasher.js";
import { type DecodedChunk, decodeChunk, decodeChunkView, encodeChunk } from "./chunk.js";
import { MessageAssembly } from "./message-assembly.js";
import { Reassembler } from "./reassembler.js";

const makeHasher = nodeHasher;

function hashOf(bytes: Uint8Array): Uint8Array {
	const hasher = makeHasher("sha3-256");
	hasher.update(bytes);
	return hasher.digest();
}

const chunk = (datum: Uint8Array, index: number, data: Uint8Array): DecodedChunk =>
	decodeChunk(encodeChunk({ index, datum, data }, { makeHasher }), { makeHasher });

/** Chunks of `length` bytes. */
function chunksOf(message: Uint8Array, length: number): DecodedChunk[] {
	const datum = hashOf(message);
	const count = Math.ceil(message.length / length);
	return Array.from({ length: count }, (_, at) => chunk(datum, at, message.subarray(at * length, (at + 1) * length)));
}

const text = (letters: string) => new TextEncoder().encode(letters);
const message = text("the quick brown fox jumps over the lazy dog");

it("chunks in any order, doubled, of several messages, give exactly the messages", () => {
	const sizes = fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 3 });
	fc.assert(
		fc.property(sizes, fc.integer({ min: 1, max: 20 }), fc.infiniteStream(fc.nat()), (messages, length, order) => {
			const all = messages.flatMap((each) => [...chunksOf(each, length), ...chunksOf(each, length)]);
			const mixed = all.map((each) => ({ each, at: order.next().value as number })).sort((a, b) => a.at - b.at);
			const reassembler = new Reassembler({ makeHasher });
			for (const { each } of mixed) reassembler.add(each);
			const made = new Set(reassembler.messages.map((each) => Buffer.from(each.message() ?? []).toString("hex")));
			expect(made).toEqual(new Set(messages.map((each) => Buffer.from(each).toString("hex"))));
		}),
	);
});

it("what is missing below the highest index is told as ranges, however far it lies", () => {
	const assembly = new MessageAssembly(hashOf(message), { makeHasher });
	const [first, second] = chunksOf(message, 10) as [DecodedChunk, DecodedChunk];
	assembly.add(chunk(assembly.datum, 0xffff_ffff, text("x")));
	assembly.add(second);
	expect(assembly.missing()).toEqual([
		{ from: 0, to: 0 },
		{ from: 2, to: 0xffff_fffe },
	]);
	assembly.add(first);
	expect(assembly.missing()).toEqual([{ from: 2, to: 0xffff_fffe }]);
	expect(assembly.complete).toBe(false);
	expect(assembly.heldBytes).toBe(3 * 96);
});

it("of two chunks at an index the first is kept and the other reported", () => {
	const [first, ...rest] = chunksOf(message, 10) as [DecodedChunk, ...DecodedChunk[]];
	const assembly = new MessageAssembly(first.datum, { makeHasher });
	expect(assembly.add(first)).toBe("added");
	expect(assembly.add(chunk(first.datum, 0, text("other")))).toBe("conflict");
	expect(assembly.add(first)).toBe("duplicate");
	for (const each of rest) assembly.add(each);
	expect(assembly.conflicts).toEqual([0]);
	expect(assembly.message()).toEqual(message);
	const wrong = new MessageAssembly(first.datum, { makeHasher });
	wrong.add(chunk(first.datum, 0, text("other")));
	for (const each of [first, ...rest]) wrong.add(each);
	expect([wrong.complete, wrong.message(), wrong.conflicts]).toEqual([false, undefined, [0]]);
});

it("behind the end of a complete message nothing is taken, and what waited there is let go", () => {
	const all = chunksOf(message, 10);
	const assembly = new MessageAssembly(hashOf(message), { makeHasher });
	assembly.add(chunk(assembly.datum, all.length + 5, text("surplus")));
	for (const each of all) assembly.add(each);
	expect([assembly.complete, assembly.heldBytes, assembly.missing()]).toEqual([true, all.length * 96, []]);
	expect(() => assembly.add(chunk(assembly.datum, all.length, text("x")))).toThrow(
		expect.objectContaining({ code: "surplus" }),
	);
	expect(assembly.add(all[1] as DecodedChunk)).toBe("duplicate");
	expect(assembly.message()).toEqual(message);
});

it("data that were taken are no longer held, and the end is still found", () => {
	const assembly = new MessageAssembly(hashOf(message), { makeHasher });
	const taken: number[] = [];
	for (const each of chunksOf(message, 1)) {
		assembly.add(each);
		for (const piece of assembly.take()) taken.push(...piece);
		expect(assembly.heldBytes).toBeLessThanOrEqual(80 * taken.length);
	}
	expect([assembly.complete, Uint8Array.from(taken)]).toEqual([true, message]);
	expect(() => assembly.message()).toThrow(expect.objectContaining({ code: "usage" }));
});

it("what was taken does not stay in memory, not even behind its hash", async () => {
	setFlagsFromString("--expose-gc");
	const collect = runInNewContext("gc") as () => void;
	const assembly = new MessageAssembly(new Uint8Array(32), { makeHasher });
	const packets: WeakRef<ArrayBufferLike>[] = [];
	for (let index = 0; index < 50; index++) {
		const packet = encodeChunk({ index, datum: assembly.datum, data: Uint8Array.of(index) }, { makeHasher });
		assembly.add(decodeChunkView(packet, { makeHasher }).chunkView);
		assembly.take();
		packets.push(new WeakRef(packet.buffer));
	}
	// A weak reference holds its target until the current job has ended.
	await new Promise((resolve) => setImmediate(resolve));
	collect();
	expect(packets.filter((packet) => packet.deref() !== undefined).length).toBeLessThan(5);
	expect(assembly.complete).toBe(false);
});

it("no more is held than allowed, over all messages; what was forgotten makes room", () => {
	const reassembler = new Reassembler({ makeHasher, maxBytes: 3 * 96, maxMessages: 2 });
	const { message: first } = reassembler.add(chunk(hashOf(text("a")), 9, text("a")));
	reassembler.add(chunk(first.datum, 8, text("b")));
	reassembler.add(chunk(hashOf(text("b")), 9, text("a")));
	const more = chunk(first.datum, 7, text("c"));
	expect(() => reassembler.add(more)).toThrow(expect.objectContaining({ code: "limit" }));
	expect(reassembler.add(chunk(first.datum, 8, text("b"))).outcome).toBe("duplicate");
	const third = chunk(hashOf(text("c")), 9, text("a"));
	expect(() => reassembler.add(third)).toThrow(expect.objectContaining({ code: "limit" }));
	reassembler.forget(first);
	expect(reassembler.heldBytes).toBe(96);
	expect(reassembler.add(third).outcome).toBe("added");
	const assembly = new MessageAssembly(first.datum, { makeHasher, maxBytes: 95 });
	expect(() => assembly.add(more)).toThrow(expect.objectContaining({ code: "limit" }));
	expect(() => assembly.add(third)).toThrow(expect.objectContaining({ code: "datum" }));
});
