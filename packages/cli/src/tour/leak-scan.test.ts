import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeForm, forms, LeakScanner } from "./leak-scan.js";

const secret = "a line that nobody may find: ?>~ÿ";

function scannerOf(...values: (string | Uint8Array)[]): LeakScanner {
	const scanner = new LeakScanner(16);
	for (const [index, value] of values.entries()) scanner.add({ what: `secret ${index}`, value });
	return scanner;
}

describe("LeakScanner", () => {
	it.each(forms)("finds a planted line as %s", (form) => {
		const planted = encodeForm(secret, form, false) as Uint8Array;
		const scanner = scannerOf("something else entirely", secret);
		for (const lead of [0, 1, 2, 3, 1000]) {
			const leaks = scanner.scan(Buffer.concat([randomBytes(lead), planted, randomBytes(7)]), "here");
			expect(leaks).toContainEqual({ what: "secret 1", form, where: "here" });
		}
	});

	it("finds what the platform's own encoders make of a line between other bytes", () => {
		fc.assert(
			fc.property(
				fc.string({ unit: "binary", minLength: 16, maxLength: 60 }),
				fc.uint8Array({ maxLength: 9 }),
				fc.uint8Array({ maxLength: 9 }),
				(text, before, after) => {
					const well = Buffer.from(text, "utf8").toString("utf8");
					const line = Buffer.from(well, "utf8");
					const around = (bytes: Uint8Array) => Buffer.concat([before, bytes, after]);
					const scanner = scannerOf(well);
					for (const held of [
						around(line),
						around(Buffer.from(well, "utf16le")),
						Buffer.from(around(line).toString("hex")),
						Buffer.from(around(line).toString("hex").toUpperCase()),
						Buffer.from(around(line).toString("base64")),
						Buffer.from(around(line).toString("base64url")),
					]) {
						if (scanner.scan(held, "there").length === 0) return false;
					}
					return true;
				},
			),
		);
	});

	it("finds keys, also short names, and each only once", () => {
		const key = new Uint8Array(randomBytes(32));
		const scanner = scannerOf(key, "sixsix");
		const held = Buffer.concat([key, Buffer.from("sixsix sixsix"), Buffer.from(Buffer.from(key).toString("hex"))]);
		expect(
			scanner
				.scan(held, "x")
				.map(({ what, form }) => `${what} ${form}`)
				.sort(),
		).toEqual(["secret 0 hex", "secret 0 raw", "secret 1 raw"]);
	});

	it("finds nothing in random bytes, and nothing that is cut short", () => {
		const lines = Array.from({ length: 2000 }, (_, index) => `line number ${index} of some text`);
		const scanner = scannerOf(...lines);
		expect(scanner.scan(randomBytes(1 << 20), "random")).toEqual([]);
		expect(scanner.scan(Buffer.from("line number 7 of some tex"), "cut")).toEqual([]);
		expect(scanner.scan(Buffer.from("line number 7 of some text"), "whole")).toHaveLength(1);
		expect(scanner.scan(new Uint8Array(3), "short")).toEqual([]);
	});

	it("does not take what is too short to be looked up", () => {
		expect(() => scannerOf("five5")).toThrow(RangeError);
	});
});
