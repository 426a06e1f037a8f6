import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../errors.js";
import { decodeRun, encodeRun } from "./run.js";

const change = fc.uint8Array({ minLength: 1, maxLength: 300 });

describe("a run", () => {
	it("comes back as it was written", () => {
		fc.assert(
			fc.property(fc.array(change, { minLength: 1, maxLength: 20 }), (changes) => {
				expect(decodeRun(encodeRun(changes)).map((each) => [...each])).toEqual(changes.map((each) => [...each]));
			}),
		);
	});

	it("is written in one way alone", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
				let changes: Uint8Array[];
				try {
					changes = decodeRun(bytes);
				} catch (error) {
					expect(error).toBeInstanceOf(FormatError);
					return;
				}
				expect(encodeRun(changes)).toEqual(bytes);
			}),
			{ numRuns: 2_000 },
		);
	});

	it("has the bytes of the format", () => {
		const long = new Uint8Array(300).fill(7);
		expect([...encodeRun([Uint8Array.of(5), long])]).toEqual([1, 5, 0xac, 0x02, ...long]);
	});

	it.each<[string, number[]]>([
		["nothing", []],
		["an empty change", [0]],
		["a length over several bytes that one could say", [0x81, 0x00, 5]],
		["a length beyond the end", [2, 5]],
		["a length that breaks off", [0x81]],
		["a length of 5 bytes", [0x80, 0x80, 0x80, 0x80, 0x01]],
		["bytes behind the last change", [1, 5, 0]],
		["257 changes", new Array(257).fill([1, 5]).flat()],
	])("is refused with %s", (_, bytes) => {
		expect(() => decodeRun(Uint8Array.from(bytes))).toThrow(FormatError);
	});

	it("refuses to be written with none, too many or empty changes", () => {
		for (const changes of [[], [new Uint8Array(0)], new Array(257).fill(Uint8Array.of(1))]) {
			expect(() => encodeRun(changes)).toThrow(FormatError);
		}
		expect(decodeRun(encodeRun(new Array(256).fill(Uint8Array.of(1))))).toHaveLength(256);
	});
});
