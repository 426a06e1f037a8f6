import type { Env } from "@mindoodb/core";
import { seededCrypto } from "../tenant-fixture/seeded-crypto.js";
import { seededRandom } from "../tenant-fixture/seeded-random.js";
import { diskStores } from "./disk-stores.js";
import type { Process } from "./machine.js";

/** What the software of a process gets of its surroundings. @param inner the platform's own. */
export async function processEnv(process: Process, inner: Env, seed: number): Promise<Env> {
	const { machine } = process;
	const crypto = await seededCrypto(inner.crypto, seededRandom(seed));
	const log: Env["log"] = (level, message, data) =>
		machine.world.tell(() => `${machine.name}: ${level} ${message} ${JSON.stringify(data ?? {})}`);
	return { crypto, random: crypto, clock: process.clock(), stores: diskStores(process, crypto), log };
}
