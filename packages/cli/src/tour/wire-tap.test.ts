import { randomBytes } from "node:crypto";
import { type Duplex, listenWebSocket, type NodeListener, transportOf } from "mindoodb";
import { afterEach, beforeEach, expect, it } from "vitest";
import { WireTap } from "./wire-tap.js";

let listener: NodeListener;
let tap: WireTap;
/** Bytes that each connection brought, and whether it has ended. */
let arrived: { pieces: Uint8Array[]; ended: Promise<void> }[];

beforeEach(async () => {
	arrived = [];
	listener = await listenWebSocket((duplex) => {
		const pieces: Uint8Array[] = [];
		arrived.push({ pieces, ended: take(duplex, pieces) });
	});
	tap = await WireTap.open(listener.address);
});

afterEach(async () => {
	await tap.close();
	await listener.close();
});

async function take(duplex: Duplex, pieces: Uint8Array[]): Promise<void> {
	try {
		for await (const piece of duplex.incoming) {
			pieces.push(piece);
			await duplex.send(Buffer.from("an answer that nobody masks"));
		}
	} catch {
		// The line was cut.
	}
	await duplex.close();
}

const found = (line: string) =>
	[...tap.held()].filter(({ bytes }) => Buffer.from(bytes).includes(line)).map(({ where }) => where);

it("keeps what passes, and takes masks and frames off it", async () => {
	const duplex = await transportOf(tap.address).connect();
	const line = "a line in one frame";
	await duplex.send(Buffer.from(line));
	// Three kinds of lengths.
	await duplex.send(Buffer.concat([Buffer.from("a medium one"), randomBytes(3000)]));
	await duplex.send(Buffer.concat([randomBytes(500_000), Buffer.from("the end of a long one")]));
	for await (const answer of duplex.incoming) {
		expect(String(Buffer.from(answer))).toContain("an answer");
		break;
	}
	await duplex.close();
	await arrived[0]?.ended;
	for (const each of [line, "a medium one", "the end of a long one"]) {
		expect(found(each)).toEqual(["what a member sent"]);
	}
	expect(found("an answer that nobody masks")).toEqual(["what the server sent"]);
	expect(found("GET / HTTP/1.1")).toEqual(["what a member sent"]);
	expect(tap.up).toBeGreaterThan(503_000);
});

it("cuts the line after so many bytes, which arrive, and carries the next one", async () => {
	const duplex = await transportOf(tap.address).connect();
	const before = tap.up;
	tap.cutAfter(100_000);
	const broken = (async () => {
		for (let i = 0; i < 100; i++) await duplex.send(randomBytes(10_000));
		for await (const _ of duplex.incoming);
	})();
	await expect(broken).rejects.toMatchObject({ code: "transport" });
	await arrived[0]?.ended;
	expect(tap.up - before).toBe(100_000);
	const bytes = arrived[0]?.pieces.reduce((sum, piece) => sum + piece.length, 0);
	expect(bytes).toBeGreaterThan(80_000);
	const next = await transportOf(tap.address).connect();
	await next.send(randomBytes(10));
	await next.close();
	await arrived[1]?.ended;
	expect(arrived[1]?.pieces.map(({ length }) => length)).toEqual([10]);
});
