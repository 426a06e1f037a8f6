import { attributeValue } from "@mindoodb/formats/apack";
import type { CommandSpec } from "../../command.js";
import { bytesText, countText, dateText, lineText, table } from "../../text.js";
import { withArchive } from "./archive-file.js";

export const list: CommandSpec = {
	name: "list <file>",
	summary: "list the entries of an archive; no password is needed",
	passwords: [],
	inFolder: false,
	example: "apack list photos.apack",
	run: (call, [file = ""]) =>
		withArchive(call, file, { unlock: false }, async (reader) => {
			const entries = [];
			for await (const entry of reader.entries()) {
				entries.push({
					id: String(entry.id),
					name: entry.name,
					mimeType: entry.mimeType,
					size: entry.originalSize,
					stored: entry.storedSize,
					compressed: entry.compressed,
					encrypted: entry.encrypted,
					attributes: entry.attributes.map(({ key, typeId, value }) => {
						const known = attributeValue({ key, typeId, value });
						const plain = typeof known === "string" || typeof known === "boolean" || Number.isFinite(known);
						const text = typeof known === "bigint" ? String(known) : Buffer.from(value).toString("hex");
						return { key, type: typeId, value: plain ? known : text };
					}),
				});
			}
			const rows = entries.map(({ size, stored, mimeType, name }) => [
				String(size),
				String(stored),
				lineText(mimeType, 40),
				lineText(name, 200),
			]);
			return { data: entries, lines: table(["bytes", "stored", "type", "name"], rows) };
		}),
};

export const info: CommandSpec = {
	name: "info <file>",
	summary: "tell how an archive is made; no password is needed",
	passwords: [],
	inFolder: false,
	example: "apack info photos.apack",
	run: (call, [file = ""]) =>
		withArchive(call, file, { unlock: false }, async (reader) => {
			const { header, encryption } = reader;
			const first = reader.entryCount > 0 ? await reader.entry(0) : undefined;
			const compression = first?.compressed ? (first.compressionId === 1 ? "zstd" : "lz4") : "none";
			const cipher = first?.encryptionId === 2 ? "chacha20-poly1305" : "aes-256-gcm";
			const data = {
				form: reader.form,
				created: dateText(header.created),
				entries: reader.entryCount,
				bytes: reader.totalSize,
				chunkSize: header.chunkSize,
				checksum: header.checksum,
				compression,
				encryption: header.encrypted ? (encryption?.cipher ?? cipher) : "none",
				opensWith: header.encrypted ? (encryption?.kdf ?? "key") : "nothing",
				patched: header.trailerOffset !== 0,
			};
			const kdf = encryption?.kdf.name ?? "a key";
			const lines = [
				`${data.form} of ${countText(data.entries, "entry", "entries")}, ${bytesText(data.bytes)}, made ${data.created}`,
				`chunks of ${bytesText(data.chunkSize)}, checksum ${data.checksum}, compression ${data.compression}`,
				header.encrypted ? `encrypted with ${data.encryption}, opens with ${kdf}` : "not encrypted",
				...(data.patched ? [] : ["written to a pipe: its header does not say where its end is"]),
			];
			return { data, lines };
		}),
};
