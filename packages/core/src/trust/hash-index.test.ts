import fc from "fast-check";
import { expect, test } from "vitest";
import { HashIndex } from "./hash-index.js";

test("finds what a map finds, also when hashes begin alike", () => {
	const prefixes = fc.constantFrom("00000000", "ffffffff", "0000002a");
	const hashes = fc
		.tuple(prefixes, fc.stringMatching(/^[0-9a-f]{8}$/))
		.map(([prefix, rest]) => prefix + rest + prefix + rest + "0".repeat(32));
	fc.assert(
		fc.property(fc.array(fc.tuple(hashes, fc.nat()), { maxLength: 400 }), hashes, (pairs, other) => {
			const index = new HashIndex();
			const map = new Map<string, number>();
			for (const [hash, value] of pairs) {
				index.set(hash, value);
				map.set(hash, value);
			}
			expect(index.size).toBe(map.size);
			for (const [hash, value] of map) expect(index.get(hash)).toBe(value);
			expect(index.get(other)).toBe(map.get(other));
		}),
	);
});
