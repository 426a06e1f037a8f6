import { describe, expect, it } from "vitest";
import { decodeSignal, encodeSignal, type Signal } from "./signalling.js";

const call = "00112233445566778899aabbccddeeff";
const text = (value: unknown) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

describe("signals", () => {
	it.each<Signal>([
		{ kind: "offer", call, sdp: "v=0\r\n" },
		{ kind: "answer", call, sdp: "v=0\r\n" },
		{ kind: "candidate", call, candidate: "candidate:1 1 UDP 1 ::1 9 typ host", sdpMid: "0", sdpMLineIndex: null },
		{ kind: "refusal", call },
	])("reads what it wrote: $kind", (signal) => {
		expect(decodeSignal(encodeSignal(signal))).toEqual(signal);
	});

	it.each([
		["no JSON", text("offer")],
		["no object", text("null")],
		["no UTF-8", Uint8Array.of(0x22, 0xff, 0x22)],
		["no kind", text({ call })],
		["another kind", text({ kind: "bye", call })],
		["a short call", text({ kind: "refusal", call: "00" })],
		["a field too many", text({ kind: "refusal", call, sdp: "" })],
		["a field too few", text({ kind: "offer", call })],
		["no text", text({ kind: "offer", call, sdp: 1 })],
		["a line that is no number", text({ kind: "candidate", call, candidate: "", sdpMid: "0", sdpMLineIndex: "0" })],
		["too much", text({ kind: "offer", call, sdp: "x".repeat(16_384) })],
	])("takes no signal with %s", (_, message) => {
		expect(decodeSignal(message)).toBeUndefined();
	});
});
