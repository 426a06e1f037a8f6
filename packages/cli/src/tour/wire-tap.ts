import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Held } from "./server-process.js";
import { withoutFrames } from "./web-socket-bytes.js";

interface Recording {
	readonly where: string;
	readonly pieces: Buffer[];
}

/** Stands between the members and the server, keeps every byte that passes, and can cut the line. */
export class WireTap {
	readonly #server: Server;
	readonly #target: { readonly host: string; readonly port: number };
	readonly #recordings: Recording[] = [];
	readonly #sockets = new Set<Socket>();
	#up = 0;
	#cutAt = Number.POSITIVE_INFINITY;

	private constructor(server: Server, target: { readonly host: string; readonly port: number }) {
		this.#server = server;
		this.#target = target;
		server.on("connection", (client) => this.#carry(client));
	}

	/** @param address of the server: `ws://host:port`. */
	static async open(address: string): Promise<WireTap> {
		const { hostname, port } = new URL(address);
		const server = createServer().listen(0, "127.0.0.1");
		await once(server, "listening");
		return new WireTap(server, { host: hostname, port: Number(port) });
	}

	get address(): string {
		return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
	}

	/** Bytes that went to the server so far. */
	get up(): number {
		return this.#up;
	}

	/** Cuts the connection once so many more bytes have gone to the server. */
	cutAfter(bytes: number): void {
		this.#cutAt = this.#up + bytes;
	}

	/** All that has passed, as the frames of WebSocket carried it. */
	*held(): Generator<Held> {
		for (const { where, pieces } of this.#recordings) {
			yield { where, bytes: withoutFrames(Buffer.concat(pieces)) };
		}
	}

	async close(): Promise<void> {
		for (const socket of this.#sockets) socket.destroy();
		this.#server.close();
		await once(this.#server, "close");
	}

	#carry(client: Socket): void {
		const server = connect(this.#target);
		this.#pass(client, server, "what a member sent");
		this.#pass(server, client, "what the server sent");
	}

	#pass(from: Socket, to: Socket, where: string): void {
		const recording: Recording = { where, pieces: [] };
		this.#recordings.push(recording);
		this.#sockets.add(from);
		const isUp = where === "what a member sent";
		from.on("data", (bytes: Buffer) => {
			const passing = isUp ? bytes.subarray(0, this.#cutAt - this.#up) : bytes;
			recording.pieces.push(passing);
			if (isUp) this.#up += passing.length;
			if (!to.write(passing)) {
				from.pause();
				to.once("drain", () => from.resume());
			}
			if (this.#up < this.#cutAt) return;
			this.#cutAt = Number.POSITIVE_INFINITY;
			// What has passed arrives; the member sees the line break.
			to.end();
			from.destroy();
		});
		from.on("end", () => to.end());
		from.on("error", () => to.destroy());
		from.on("close", () => {
			this.#sockets.delete(from);
			to.end();
		});
	}
}
