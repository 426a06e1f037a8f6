/** The formats are usable without the database; with it, its crypto adapters are what they need of the platform. */
import { bytesSource, createArchive, MemorySink, openArchive } from "@mindoodb/formats/apack";
import { nodeApack, nodeGzip } from "@mindoodb/formats/node";
import { PampaChunkStore } from "@mindoodb/formats/pampa";
import { expect, it } from "vitest";
import { webCrypto } from "../browser/crypto.js";
import { nodeCrypto } from "./crypto.js";

it.each([
	["node:crypto", async () => nodeCrypto()],
	["WebCrypto", () => webCrypto()],
] as const)(
	"the adapter over %s encrypts archives and chunk files, and reads what the formats' own wrote",
	async (_, make) => {
		const crypto = await make();
		const key = crypto.randomBytes(32);
		const own = await nodeApack();
		const platform = { ...own, random: crypto, aesGcm: crypto };
		const content = crypto.randomBytes(300_000);
		for (const [writing, reading] of [
			[platform, own],
			[own, platform],
		] as const) {
			const sink = new MemorySink();
			const writer = await createArchive(sink, { platform: writing, encryption: { cipher: "aes-256-gcm", key } });
			await writer.add({ name: "noise", mimeType: "" }, content);
			await writer.close();
			const archive = await openArchive(bytesSource(sink.toBytes()), { platform: reading, key });
			const entry = await archive.find("noise");
			if (entry === undefined) throw new Error("expected an entry");
			expect(Buffer.compare(await archive.readRange(entry, 0, content.length), content)).toBe(0);
		}

		const files = new Map<string, Uint8Array>();
		const folder = {
			read: async (name: string) => files.get(name),
			write: async (name: string, bytes: Uint8Array) => void files.set(name, bytes),
			delete: async (name: string) => void files.delete(name),
			list: async () => [...files.keys()],
		};
		const chunks = new PampaChunkStore(folder, { gzip: nodeGzip, aead: crypto, random: crypto, key });
		const { sha, fileName } = await chunks.write("export const foo = 'bar';");
		expect(fileName).toBe(`${sha}.gz.enc`);
		expect(await chunks.getChunk(sha)).toBe("export const foo = 'bar';");
	},
);
