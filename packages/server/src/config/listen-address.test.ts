import { describe, expect, it } from "vitest";
import { isLoopback, parseListenAddress } from "./listen-address.js";

describe("where to listen", () => {
	it.each([
		["7437", "127.0.0.1", 7437],
		["0.0.0.0:80", "0.0.0.0", 80],
		["[::]:7437", "::", 7437],
		["[::1]:0", "::1", 0],
		["sync.example.org:443", "sync.example.org", 443],
	])("%s", (text, host, port) => {
		expect(parseListenAddress(text)).toEqual({ host, port });
	});

	it.each(["", "host", "host:", "host:70000", "::1:80", "a b:80", "host:80/path", ":80"])("is not %j", (text) => {
		expect(() => parseListenAddress(text)).toThrow(expect.objectContaining({ code: "usage" }));
	});

	it("is this computer alone for its own addresses", () => {
		const own = ["127.0.0.1", "127.8.8.8", "::1", "0:0:0:0:0:0:0:1", "localhost", "LOCALHOST"];
		expect(own.map(isLoopback)).toEqual(own.map(() => true));
		const others = [
			"0.0.0.0",
			"::",
			"192.168.0.1",
			"example.org",
			"2001:db8::1",
			"127.example.org",
			"localhost.example.org",
		];
		expect(others.map(isLoopback)).toEqual(others.map(() => false));
	});
});
