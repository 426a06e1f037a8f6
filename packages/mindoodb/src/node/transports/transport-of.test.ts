import { describe, expect, it } from "vitest";
import { transportOf as browserTransportOf } from "../../browser/transports/transport-of.js";
import { transportOf } from "./transport-of.js";

describe("the transport of an address", () => {
	it.each([
		["ws://localhost:1/path?query=1", "ws"],
		["wss://example.org/", "wss"],
		["tcp://localhost:1", "tcp"],
		["tls://[::1]:1", "tls"],
	])("%s", (address, kind) => {
		expect(transportOf(address).kind).toBe(kind);
	});

	it.each([
		"",
		"localhost",
		"https://example.org",
		"file:///etc/passwd",
		"tcp://localhost",
		"tcp://localhost:1/path",
		"tls://localhost:1?query=1",
		"wss://user:secret@example.org",
		"wss://example.org/#fragment",
	])("refuses %s without repeating it", (address) => {
		const error = thrownBy(() => transportOf(address));
		expect(error).toMatchObject({ code: "usage" });
		expect((error as Error).message).not.toContain("secret");
		expect(thrownBy(() => browserTransportOf(address))).toMatchObject({ code: "usage" });
	});

	it("in a browser is a WebSocket or nothing", () => {
		expect(browserTransportOf("wss://example.org/path").kind).toBe("wss");
		expect(thrownBy(() => browserTransportOf("tcp://localhost:1"))).toMatchObject({ code: "usage" });
	});
});

function thrownBy(task: () => unknown): unknown {
	try {
		task();
	} catch (error) {
		return error;
	}
	return undefined;
}
