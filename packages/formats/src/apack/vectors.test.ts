import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { nodeApack } from "../node/apack-platform.js";
import {
	ApackError,
	type ApackPlatform,
	bytesSource,
	createArchive,
	MemorySink,
	type OpenOptions,
	openArchive,
	portableApack,
	readArchiveStream,
	verifyArchive,
} from "./index.js";

interface Archive {
	readonly file: string;
	readonly entries: readonly { readonly name: string; readonly size: number; readonly sha256: string }[];
	readonly encryptionDetails?: { readonly contentKeyHex: string };
}

interface Damaged {
	readonly file: string;
	readonly base: string;
	readonly openWith: string;
}

const folder = new URL("../../../../vectors/apack/", import.meta.url);
const read = (file: string) => Uint8Array.from(readFileSync(new URL(file, folder)));
const manifest = JSON.parse(readFileSync(new URL("manifest.json", folder), "utf8")) as {
	readonly archives: readonly Archive[];
	readonly corrupt: readonly Damaged[];
};

let platforms: Record<"node" | "portable", ApackPlatform>;

beforeAll(async () => {
	const node = await nodeApack();
	platforms = { node, portable: await portableApack(node) };
});

async function* byteByByte(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
	for (let at = 0; at < bytes.length; at++) yield bytes.subarray(at, at + 1);
}

async function digest(content: AsyncIterable<Uint8Array>) {
	const hash = createHash("sha256");
	let size = 0;
	for await (const piece of content) {
		size += piece.length;
		hash.update(piece);
	}
	return { size, sha256: hash.digest("hex") };
}

async function readWhole(bytes: Uint8Array, options: OpenOptions) {
	const reader = await openArchive(bytesSource(bytes), options);
	const seen = [];
	for await (const entry of reader.entries()) seen.push({ name: entry.name, ...(await digest(reader.read(entry))) });
	return seen;
}

async function readStreamed(stream: AsyncIterable<Uint8Array>, options: OpenOptions) {
	const seen = [];
	for await (const { name, content } of readArchiveStream(stream, options))
		seen.push({ name, ...(await digest(content)) });
	return seen;
}

function keyOf({ encryptionDetails }: Archive): Pick<OpenOptions, "key"> {
	if (encryptionDetails === undefined) return {};
	return { key: Uint8Array.from(Buffer.from(encryptionDetails.contentKeyHex, "hex")) };
}

describe.each(manifest.archives.map((archive) => [archive.file, archive] as const))("%s", (file, archive) => {
	const expected = archive.entries.map(({ name, size, sha256 }) => ({ name, size, sha256 }));
	const bytes = read(file);

	it("reads alike on both platforms, as a stream of single bytes, and written again", async () => {
		for (const platform of Object.values(platforms)) {
			const options = { platform, ...keyOf(archive) };
			expect(await readWhole(bytes, options)).toEqual(expected);
			expect(await readStreamed(byteByByte(bytes), options)).toEqual(expected);
		}
		const options = { platform: platforms.node, ...keyOf(archive) };
		const reader = await openArchive(bytesSource(bytes), options);
		const { checksum, chunkSize } = reader.header;
		const sink = new MemorySink();
		const writer = await createArchive(sink, { platform: platforms.node, checksum, chunkSize });
		for await (const entry of reader.entries()) await writer.add(entry, reader.read(entry));
		await writer.close();
		expect(await readWhole(sink.toBytes(), options)).toEqual(expected);
	});

	it("verifies", async () => {
		const reader = await openArchive(bytesSource(bytes), { platform: platforms.node, ...keyOf(archive) });
		for await (const { damagedChunks, error } of verifyArchive(reader)) {
			expect({ damagedChunks, error }).toEqual({ damagedChunks: [], error: undefined });
		}
	});
});

it.each(manifest.corrupt)("$file as a stream, on both platforms, gives its base or a typed error", async (damaged) => {
	const base = manifest.archives.find(({ file }) => file === damaged.base);
	const [kind, value = ""] = damaged.openWith.split("=");
	const secrets =
		kind === "key"
			? { key: Uint8Array.from(Buffer.from(value, "hex")) }
			: kind === "password"
				? { password: value }
				: {};
	for (const platform of Object.values(platforms)) {
		const seen = await readStreamed(byteByByte(read(damaged.file)), { platform, ...secrets }).catch(
			(error: unknown) => error,
		);
		if (seen instanceof ApackError || damaged.file.includes("c54-aes-chunk-splice")) continue;
		expect(seen).toEqual(base?.entries.map(({ name, size, sha256 }) => ({ name, size, sha256 })));
	}
});
