import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Records } from "./records.js";

describe("records of a stream", () => {
	it("reads the same however the stream is cut, and nothing behind the end", () => {
		const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 8 });
		fc.assert(
			fc.property(pieces, fc.array(fc.nat(40)), (sent, cuts) => {
				const stream = Buffer.concat([
					...sent.flatMap((piece) => [Records.start(piece.length), piece]),
					Records.end(),
					Buffer.from("behind"),
				]);
				const records = new Records();
				const read: Uint8Array[] = [];
				let [at, state] = [0, "open"];
				for (let turn = 0; at < stream.length; turn++) {
					const size = 1 + (cuts[turn % (cuts.length || 1)] ?? 0);
					state = records.take(stream.subarray(at, at + size), (piece) => read.push(piece));
					at += size;
				}
				expect(state).toBe("ended");
				expect(Buffer.concat(read).equals(Buffer.concat(sent))).toBe(true);
			}),
		);
	});

	it("has lengths up to 4 GiB", () => {
		expect(Records.start(0xffff_fffe)).toEqual(Uint8Array.of(0xff, 0xff, 0xff, 0xfe));
		const records = new Records();
		const read: Uint8Array[] = [];
		expect(records.take(Uint8Array.of(0xff, 0xff, 0xff, 0xfe, 7, 7), (piece) => read.push(piece))).toBe("open");
		expect(read).toEqual([Uint8Array.of(7, 7)]);
	});
});
