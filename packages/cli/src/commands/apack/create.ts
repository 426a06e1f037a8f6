import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import type { ArchiveEncryption, Compression } from "@mindoodb/formats/apack";
import { createArchive } from "@mindoodb/formats/apack";
import { createFileSink, nodeApack } from "@mindoodb/formats/node";
import { UsageError } from "mindoodb";
import type { Call } from "../../call.js";
import type { CommandSpec } from "../../command.js";
import { bytesText, countText } from "../../text.js";
import { keyOption, readKeyFile } from "./archive-file.js";
import { findInputFiles } from "./input-files.js";

export const create: CommandSpec = {
	name: "create <file> <inputs...>",
	summary: "pack files and folders into a new archive",
	about: "Names, sizes and checksums are not encrypted, contents are. The archive must not exist yet.",
	options: [
		["--compression <method>", "zstd, lz4 or none (default: zstd)"],
		["--level <level>", "level of zstd, 1 to 22 (default: 3)"],
		["--encrypt <cipher>", "aes-256-gcm or chacha20-poly1305, with a password or --key-file"],
		keyOption,
		["--chunk-size <bytes>", "1024 to 67108864 (default: 262144)"],
		["--checksum <name>", "xxh3 or crc32 (default: xxh3)"],
		["--stream", "the form for exactly one file, without a table of contents"],
	],
	passwords: ["archive"],
	inFolder: false,
	example: "apack create photos.apack photos --encrypt aes-256-gcm",
	async run(call, args) {
		const [file = ""] = args;
		const inputs = args[1] as unknown as readonly string[];
		const files = await findInputFiles(call, inputs);
		const options = {
			platform: await nodeApack(),
			form: call.options.stream === true ? ("stream" as const) : ("container" as const),
			compression: compressionOf(call),
			...(await encryptionOf(call)),
			...numberOf(call, "chunkSize"),
			...checksumOf(call),
		};
		const path = call.path(file);
		const sink = await createFileSink(path).catch((cause: unknown) => {
			throw new UsageError(`the archive cannot be made (${String((cause as { code?: unknown }).code)})`, { cause });
		});
		const total = files.reduce((sum, { size }) => sum + size, 0);
		let size = 0;
		try {
			const writer = await createArchive(sink, options);
			await call.progress("bytes", async (report) => {
				let done = 0;
				for (const { path: source, name } of files) {
					await writer.add(
						{ name },
						readFile(source, (bytes) => {
							done += bytes;
							report(done, total);
						}),
					);
				}
			});
			await writer.close();
			await sink.close();
			size = writer.size;
		} catch (error) {
			await sink.close().catch(() => {});
			await rm(path, { force: true });
			throw error;
		}
		const data = { path, entries: files.length, bytes: total, archiveBytes: size };
		return { data, lines: [`${countText(files.length, "file")}, ${bytesText(total)}, in ${bytesText(size)}.`] };
	},
};

async function* readFile(path: string, onPiece: (bytes: number) => void): AsyncGenerator<Uint8Array> {
	for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>) {
		yield piece;
		onPiece(piece.length);
	}
}

function compressionOf(call: Call): Compression {
	const method = call.option("compression") ?? "zstd";
	if (method === "zstd") return { method, level: numberOf(call, "level").level ?? 3 };
	if (method === "lz4" || method === "none") return { method };
	throw new UsageError("--compression: expected zstd, lz4 or none");
}

async function encryptionOf(call: Call): Promise<{ encryption?: ArchiveEncryption }> {
	const cipher = call.option("encrypt");
	if (cipher === undefined) return {};
	if (cipher !== "aes-256-gcm" && cipher !== "chacha20-poly1305") {
		throw new UsageError("--encrypt: expected aes-256-gcm or chacha20-poly1305");
	}
	if (call.option("keyFile") !== undefined) return { encryption: { cipher, key: await readKeyFile(call) } };
	return { encryption: { cipher, password: await call.password("archive", true) } };
}

function checksumOf(call: Call): { checksum?: "crc32" | "xxh3" } {
	const checksum = call.option("checksum");
	if (checksum === undefined) return {};
	if (checksum === "crc32" || checksum === "xxh3") return { checksum };
	throw new UsageError("--checksum: expected xxh3 or crc32");
}

/** A number of an option; the library says which ones it takes. */
function numberOf<Name extends string>(call: Call, name: Name): { [key in Name]?: number } {
	const text = call.option(name);
	if (text === undefined) return {};
	if (!/^\d{1,9}$/.test(text))
		throw new UsageError(`--${name === "chunkSize" ? "chunk-size" : name}: expected a number`);
	return { [name]: Number(text) } as { [key in Name]?: number };
}
