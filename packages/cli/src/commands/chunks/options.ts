import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { DecodeOptions } from "@mindoodb/formats/chunks";
import { nodeHasher } from "@mindoodb/formats/node";
import { UsageError } from "mindoodb";
import type { Call } from "../../call.js";

/** Chunks as a file or standard input has them; `-` is standard input. @throws {UsageError} `not-found` */
export async function readInput(call: Call, file: string): Promise<AsyncIterable<Uint8Array>> {
	if (file === "-") return call.surroundings.stdin;
	const path = call.path(file);
	const found = await stat(path).catch(() => undefined);
	if (found?.isFile() !== true) throw new UsageError("there is no such file", { code: "not-found" });
	return createReadStream(path, { highWaterMark: 1 << 20 });
}

/** @throws {UsageError} when --hash names none. */
export function hashOptions(call: Call, otherwise: "sha3-256" | "auto"): DecodeOptions {
	const hash = call.option("hash") ?? otherwise;
	if (hash !== "sha3-256" && hash !== "keccak-256" && (hash !== "auto" || otherwise !== "auto")) {
		throw new UsageError(`--hash: expected sha3-256 or keccak-256, found ${hash}`);
	}
	return { hash, makeHasher: nodeHasher };
}
