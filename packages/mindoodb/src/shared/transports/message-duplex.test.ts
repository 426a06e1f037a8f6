import { testClock } from "@mindoodb/testing";
import { describe, expect, it } from "vitest";
import { type LineListener, MessageDuplex, type MessageLine, messageWindow } from "./message-duplex.js";

const gone = { code: "transport", retryable: true };

/** A line whose other end is the test: what is said there is exactly what a wire could carry, also what no honest side says. */
class TestLine implements MessageLine {
	readonly mostBytes = 262_144;
	readonly said: (Uint8Array | string)[] = [];
	dropped = false;
	other: LineListener | undefined;

	send(message: Uint8Array | string): void {
		this.said.push(message);
	}

	drop(): void {
		this.dropped = true;
	}

	listen(listener: LineListener): void {
		this.other = listener;
	}
}

function open() {
	const line = new TestLine();
	const clock = testClock();
	return { line, clock, duplex: new MessageDuplex(line, { clock, closingTime: 5000 }) };
}

const bytesSaid = ({ said }: TestLine) =>
	said.reduce((sum, each) => sum + (typeof each === "string" ? 0 : each.length), 0);

describe("message duplex", () => {
	it("sends one window, and more as it is taken", async () => {
		const { line, duplex } = open();
		const sending = duplex.send(new Uint8Array(3 * messageWindow));
		expect(bytesSaid(line)).toBe(messageWindow);
		line.other?.onMessage("262144");
		expect(bytesSaid(line)).toBe(messageWindow + 262_144);
		line.other?.onMessage(String(messageWindow));
		line.other?.onMessage(String(messageWindow));
		await sending;
		expect(bytesSaid(line)).toBe(3 * messageWindow);
	});

	it("tells what was taken in few words", async () => {
		const { line, duplex } = open();
		for (let index = 0; index < 1024; index++) line.other?.onMessage(new Uint8Array(1024));
		const reader = duplex.incoming[Symbol.asyncIterator]();
		for (let taken = 0; taken < messageWindow; ) taken += (await reader.next()).value?.length ?? 0;
		const told = line.said.map(Number);
		expect(told.length).toBeLessThanOrEqual(4);
		expect(told.reduce((sum, each) => sum + each, 0)).toBeGreaterThan((messageWindow * 3) / 4);
	});

	it.each([
		["bytes beyond the window", new Uint8Array(messageWindow + 1)],
		["credit that it did not have to give", "1"],
		["credit of nothing", "0"],
		["negative credit", "-5"],
		["another word", "hello"],
		["a long number", "9".repeat(400)],
	])("breaks when the other side sends %s", async (_, message) => {
		const { line, duplex } = open();
		line.other?.onMessage(message);
		expect(line.dropped).toBe(true);
		await expect(duplex.send(Uint8Array.of(1))).rejects.toMatchObject(gone);
		const reading = (async () => {
			for await (const _piece of duplex.incoming);
		})();
		await expect(reading).rejects.toMatchObject(gone);
	});

	it("breaks when bytes follow the end", () => {
		const { line } = open();
		line.other?.onMessage("end");
		line.other?.onMessage(Uint8Array.of(1));
		expect(line.dropped).toBe(true);
	});

	it("answers the end once, and drops the line when the other side does not", () => {
		const { line, clock } = open();
		line.other?.onMessage("end");
		line.other?.onMessage("end");
		expect(line.said).toEqual(["end"]);
		clock.advance(5000);
		expect(line.dropped).toBe(true);
	});

	it("waits for a side that does not take what was sent, but not for ever", async () => {
		const { line, duplex, clock } = open();
		const sending = duplex.send(new Uint8Array(2 * messageWindow)).catch((error: unknown) => error);
		const closing = duplex.close();
		clock.advance(4999);
		expect(line.dropped).toBe(false);
		clock.advance(1);
		expect(line.dropped).toBe(true);
		await closing;
		expect(await sending).toMatchObject(gone);
		expect(clock.waiting).toBe(0);
	});

	it("breaks when the line throws", async () => {
		const { line, duplex } = open();
		line.send = () => {
			throw new Error("no line");
		};
		await expect(duplex.send(Uint8Array.of(1))).rejects.toMatchObject(gone);
		expect(line.dropped).toBe(true);
	});
});
