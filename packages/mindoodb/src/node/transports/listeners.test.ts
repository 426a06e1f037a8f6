import { createServer, get } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import type { Duplex } from "@mindoodb/core";
import { Accepted, testClock } from "@mindoodb/testing";
import { generate } from "selfsigned";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { Records } from "./records.js";
import { listenTcp } from "./tcp-listener.js";
import { transportOf } from "./transport-of.js";
import { listenWebSocket, upgradeWebSockets } from "./web-socket-listener.js";

const certificateFor = async (name: string) => {
	const { cert, private: key } = await generate([{ name: "commonName", value: name }], {
		extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
	});
	return { cert, key };
};
const [first, second] = await Promise.all([certificateFor("first"), certificateFor("second")]);

const retryable = { code: "transport", retryable: true };
const lasting = { code: "transport", retryable: false };
const closed = (socket: { once(event: "close", listener: () => void): unknown }) =>
	new Promise<void>((resolve) => socket.once("close", () => resolve()));

const opened = (socket: WebSocket) => new Promise<void>((resolve) => socket.once("open", resolve));

/** What a test's reader sees of a connection that breaks. */
async function failing(duplex: Duplex): Promise<unknown> {
	try {
		for await (const _piece of duplex.incoming);
	} catch (error) {
		return error;
	}
	return undefined;
}

const kinds = [
	{ kind: "ws", listen: listenWebSocket, certificate: undefined },
	{ kind: "wss", listen: listenWebSocket, certificate: first },
	{ kind: "tcp", listen: listenTcp, certificate: undefined },
	{ kind: "tls", listen: listenTcp, certificate: first },
] as const;

describe.each(kinds)("listener: $kind", ({ kind, listen, certificate }) => {
	const open = async (options: Parameters<typeof listenWebSocket>[1] & Parameters<typeof listenTcp>[1] = {}) => {
		const accepted = new Accepted();
		const listener = await listen(accepted.accept, { ...(certificate && { certificate }), ...options });
		onTestFinished(() => listener.close());
		return { accepted, listener };
	};

	it("says where it listens, and where the other side is", async () => {
		const { accepted, listener } = await open();
		expect(listener.address).toMatch(new RegExp(`^${kind}://127\\.0\\.0\\.1:[0-9]+/?$`));
		const near = await transportOf(listener.address, { tls: { ca: first.cert } }).connect();
		const far = await accepted.next();
		expect(far.remoteAddress).toBe("127.0.0.1");
		near.abort();
		far.abort();
	});

	it("fails where another listens already", async () => {
		const { listener } = await open();
		const port = Number(new URL(listener.address).port);
		await expect(listen(() => {}, { port })).rejects.toMatchObject({ code: "transport" });
	});

	it("takes nobody who is not admitted", async () => {
		const asked: (string | undefined)[] = [];
		const taken: Duplex[] = [];
		const listener = await listen((duplex) => taken.push(duplex), {
			...(certificate && { certificate }),
			admit(address) {
				asked.push(address);
				return false;
			},
		});
		onTestFinished(() => listener.close());
		const connecting = transportOf(listener.address, { tls: { ca: first.cert } }).connect();
		if (kind === "tcp") await failing(await connecting);
		else await expect(connecting).rejects.toMatchObject(retryable);
		expect(asked).toEqual(["127.0.0.1"]);
		expect(taken).toEqual([]);
	});

	it("renews its certificate, or says that it has none", async () => {
		const { accepted, listener } = await open();
		if (certificate === undefined) {
			expect(() => listener.setCertificate(second)).toThrow(expect.objectContaining({ code: "usage" }));
			return;
		}
		const before = await transportOf(listener.address, { tls: { ca: first.cert } }).connect();
		const far = await accepted.next();
		listener.setCertificate(second);
		await expect(transportOf(listener.address, { tls: { ca: first.cert } }).connect()).rejects.toMatchObject(lasting);
		const after = await transportOf(listener.address, { tls: { ca: second.cert } }).connect();
		await before.send(Uint8Array.of(1));
		expect(await far.incoming[Symbol.asyncIterator]().next()).toMatchObject({ value: Uint8Array.of(1) });
		for (const duplex of [before, after, far, await accepted.next()]) duplex.abort();
	});

	it("lets a client give up that waits for a server which says nothing", async () => {
		const sockets: Socket[] = [];
		const silent = createTcpServer((socket) => sockets.push(socket));
		await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
		onTestFinished(() => {
			for (const socket of sockets) socket.destroy();
			silent.close();
		});
		const clock = testClock();
		const { port } = silent.address() as AddressInfo;
		if (kind === "tcp") return;
		const connecting = transportOf(`${kind}://127.0.0.1:${port}`, { clock }).connect();
		const outcome = connecting.catch((error: unknown) => error);
		clock.advance(20_000);
		expect(await outcome).toMatchObject(retryable);
		expect(clock.waiting).toBe(0);
	});

	it("does not wait for a client that says nothing, or little", async () => {
		if (kind === "tcp") return;
		const { listener } = await open({ connectTime: 50 });
		const { port } = new URL(listener.address);
		const silent = connect(Number(port), "127.0.0.1");
		const slow = connect(Number(port), "127.0.0.1", () => slow.write(kind === "ws" ? "GET / HT" : Uint8Array.of(22)));
		for (const socket of [silent, slow]) socket.on("error", () => {}).resume();
		await Promise.all([closed(silent), closed(slow)]);
	});
});

it.each(["tls", "wss"] as const)("%s: a certificate that nobody vouches for is not retried", async (kind) => {
	const listener = await (kind === "tls" ? listenTcp : listenWebSocket)(() => {}, { certificate: first });
	onTestFinished(() => listener.close());
	await expect(transportOf(listener.address).connect()).rejects.toMatchObject(lasting);
});

describe("WebSockets at a server that does other things too", () => {
	const serving = async (options: Parameters<typeof upgradeWebSockets>[2]) => {
		const accepted = new Accepted();
		const server = createServer((_request, response) => response.end("healthy"));
		const stop = upgradeWebSockets(server, accepted.accept, options);
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		onTestFinished(() => {
			server.closeAllConnections();
			server.close();
		});
		return { accepted, stop, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
	};

	it("upgrades at its path, answers elsewhere, and stops when told", async () => {
		const { accepted, stop, address } = await serving({ path: "/sync" });
		const near = await transportOf(`ws://${address}/sync?tenant=1`).connect();
		const far = await accepted.next();
		await expect(transportOf(`ws://${address}/other`).connect()).rejects.toMatchObject(lasting);
		const status = await new Promise((resolve) =>
			get(`http://${address}/healthz`, (response) => resolve(response.resume().statusCode)),
		);
		expect(status).toBe(200);
		stop();
		await expect(transportOf(`ws://${address}/sync`).connect()).rejects.toMatchObject({ code: "transport" });
		await near.send(Uint8Array.of(1));
		expect(await far.incoming[Symbol.asyncIterator]().next()).toMatchObject({ value: Uint8Array.of(1) });
		near.abort();
		far.abort();
	});

	it("believes a proxy about addresses when it is told to", async () => {
		const { accepted, address } = await serving({ addressOf: ({ headers }) => headers["x-forwarded-for"]?.toString() });
		const socket = new WebSocket(`ws://${address}`, { headers: { "x-forwarded-for": "192.0.2.7" } });
		await opened(socket);
		expect((await accepted.next()).remoteAddress).toBe("192.0.2.7");
		socket.terminate();
	});

	it.each([
		["a word that means nothing", "hello"],
		["more than the window, untaken", Buffer.alloc(1_048_576 - 1)],
		["a message that is too large", Buffer.alloc(1_048_577)],
	])("ends a connection that sends %s", async (_, message) => {
		const { accepted, address } = await serving({});
		const socket = new WebSocket(`ws://${address}`);
		socket.on("error", () => {});
		const far = await accepted.next();
		socket.on("open", () => {
			socket.send(message);
			socket.send(Buffer.alloc(2));
		});
		await closed(socket);
		expect(await failing(far)).toMatchObject(retryable);
	});

	it("answers pings, but not without end when nobody reads the answers", async () => {
		const { accepted, address } = await serving({});
		const socket = new WebSocket(`ws://${address}`);
		await opened(socket);
		const far = await accepted.next();
		const pings = 150_000;
		let pongs = 0;
		socket.on("pong", () => {
			pongs += 1;
		});
		socket.pause();
		for (let index = 0; index < pings; index++) socket.ping(Buffer.alloc(125));
		socket.send(Uint8Array.of(1));
		await far.incoming[Symbol.asyncIterator]().next();
		const answered = new Promise((resolve) => socket.once("message", resolve));
		await far.send(Uint8Array.of(2));
		socket.resume();
		await answered;
		expect(pongs).toBeGreaterThan(0);
		expect(pongs).toBeLessThan(pings);
		socket.terminate();
	});
});

describe("a stream that is cut", () => {
	it("is told from one that was closed, though the system ends both in the same way", async () => {
		const accepted = new Accepted();
		const listener = await listenTcp(accepted.accept);
		onTestFinished(() => listener.close());
		const open = async () => {
			const socket = connect(Number(new URL(listener.address).port), "127.0.0.1");
			return { socket, far: await accepted.next() };
		};
		const cut = await open();
		cut.socket.end(Buffer.concat([Records.start(2), Uint8Array.of(1)]));
		expect(await failing(cut.far)).toMatchObject(retryable);

		const ended = await open();
		ended.socket.end(Buffer.concat([Records.start(1), Uint8Array.of(1), Records.end()]));
		expect(await failing(ended.far)).toBeUndefined();
	});
});
