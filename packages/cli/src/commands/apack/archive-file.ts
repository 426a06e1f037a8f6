import { type ArchiveReader, type OpenOptions, openArchive } from "@mindoodb/formats/apack";
import { nodeApack, openFileSource } from "@mindoodb/formats/node";
import { UsageError } from "mindoodb";
import type { Call } from "../../call.js";

/** Options of all commands that read what may be encrypted. */
export const keyOption = ["--key-file <file>", "content key of an archive without a password: 64 hex digits"] as const;

/**
 * Opens an archive, and closes it afterwards. A key is asked for when the archive has one and `unlock` says that it is needed.
 * @throws {UsageError} `not-found` when there is no such file.
 */
export async function withArchive<T>(
	call: Call,
	file: string,
	{ unlock }: { readonly unlock: boolean },
	work: (reader: ArchiveReader) => Promise<T>,
): Promise<T> {
	const source = await openFileSource(call.path(file)).catch((cause: unknown) => {
		const { code } = cause as { code?: unknown };
		const absent = code === "ENOENT" ? { code: "not-found" as const } : {};
		throw new UsageError(`the archive cannot be read (${String(code)})`, { cause, ...absent });
	});
	try {
		const platform = await nodeApack();
		const locked = await openArchive(source, { platform });
		if (!unlock || !locked.header.encrypted) return await work(locked);
		const secrets = await secretsOf(call, locked);
		return await work(await openArchive(source, { platform, ...secrets }));
	} finally {
		await source.close();
	}
}

async function secretsOf(call: Call, { encryption }: ArchiveReader): Promise<Pick<OpenOptions, "key" | "password">> {
	if (call.option("keyFile") !== undefined) return { key: await readKeyFile(call) };
	if (encryption !== undefined) return { password: await call.password("archive") };
	throw new UsageError("the archive opens with a key alone: expected --key-file");
}

/** @throws {UsageError} when the file cannot be read or has no key. */
export async function readKeyFile(call: Call): Promise<Uint8Array> {
	const text = (await call.readFile(call.option("keyFile") ?? "")).trim();
	if (!/^[0-9a-f]{64}$/i.test(text)) throw new UsageError("--key-file: expected 64 hex digits");
	return Uint8Array.from(Buffer.from(text, "hex"));
}
