import { describe, expect, it } from "vitest";
import { parseServerLimits } from "./limits-file.js";
import { defaultServerLimits } from "./server-limits.js";

describe("limits that an operator writes down", () => {
	it("stand for what they name; the others keep their defaults", () => {
		const text = '{"sessionsPerKey": 3, "entries": {"perSecond": 10, "burst": 20}, "idleTime": 100}';
		expect(parseServerLimits(text)).toEqual({
			...defaultServerLimits,
			sessionsPerKey: 3,
			entries: { perSecond: 10, burst: 20 },
			idleTime: 100,
		});
		expect(parseServerLimits("{}")).toEqual(defaultServerLimits);
		expect(parseServerLimits(JSON.stringify(defaultServerLimits))).toEqual(defaultServerLimits);
	});

	it.each([
		["", "JSON"],
		["[]", "an object"],
		["null", "an object"],
		['{"sessionsPerMember": 3}', "sessionsPerMember"],
		['{"toString": 3}', "toString"],
		['{"__proto__": {"sessions": 1}}', "__proto__"],
		['{"sessions": 0}', "sessions"],
		['{"sessions": "3"}', "sessions"],
		['{"sessions": 1.5}', "sessions"],
		['{"sessions": 1e16}', "sessions"],
		['{"idleTime": 99}', "idleTime"],
		['{"shutdownTime": 86400001}', "shutdownTime"],
		['{"bytes": 3}', "bytes"],
		['{"bytes": {"perSecond": 3}}', "bytes.burst"],
		['{"bytes": {"perSecond": 3, "burst": 3, "most": 3}}', "most"],
	])("are not %s", (text, named) => {
		const refused = expect.objectContaining({ code: "usage", message: expect.stringContaining(named) });
		expect(() => parseServerLimits(text)).toThrow(refused);
	});
});
