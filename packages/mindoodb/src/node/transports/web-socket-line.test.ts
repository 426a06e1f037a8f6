import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { WebSocketLine } from "./web-socket-line.js";

let server: WebSocketServer;
let line: WebSocketLine;
/** Lengths of messages of bytes, and words, as they came. */
let came: (number | string)[];

beforeEach(async () => {
	came = [];
	server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
	server.on("connection", (socket) => {
		socket.on("message", (data: Buffer, isBinary) => came.push(isBinary ? data.length : data.toString()));
	});
	await once(server, "listening");
	const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
	line = new WebSocketLine(socket);
	await once(socket, "open");
});

afterEach(() => {
	line.drop();
	server.close();
});

const bytes = (length: number) => new Uint8Array(length);

async function untilWord(word: string): Promise<void> {
	line.send(word);
	while (came.at(-1) !== word) await new Promise((resolve) => setImmediate(resolve));
}

it("what is sent in one turn goes out as one message, before words that follow it", async () => {
	line.send(bytes(10));
	await Promise.resolve();
	line.send(bytes(20));
	line.send("5");
	line.send(bytes(1));
	await new Promise((resolve) => setImmediate(resolve));
	line.send(bytes(2));
	await untilWord("end");
	expect(came).toEqual([30, "5", 1, 2, "end"]);
});

it("only what is small goes out together: what is cut in the middle of a message is lost whole", async () => {
	line.send(bytes(line.mostBytes));
	line.send(bytes(10));
	line.send(bytes(10_000));
	line.send(bytes(10_000));
	line.send(bytes(line.mostBytes));
	await untilWord("end");
	expect(came).toEqual([line.mostBytes, 10_010, 10_000, line.mostBytes, "end"]);
});
