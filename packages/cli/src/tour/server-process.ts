import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { folderStores, type Level, nodeCrypto, StoreError } from "mindoodb";

/** Bytes to be searched, and what they are. */
export interface Held {
	readonly where: string;
	readonly bytes: Uint8Array;
}

/** `mindoodb serve` in a process of its own. */
export interface ServerProcess {
	readonly address: string;
	/** Hex. */
	readonly publicKey: string;
	/** Resolves when it has noticed that nobody is connected any more, and kept what came. */
	alone(): Promise<void>;
	/** Stops it, and waits until all is on its disk. */
	stop(): Promise<void>;
	/** All that its folder holds: every file as it is, and every row of every store. It must be stopped. */
	held(tenantRoot: string): AsyncGenerator<Held>;
}

const binary = fileURLToPath(new URL("../../bin/mindoodb.js", import.meta.url));

/** @param dir its folder, which it makes. */
export async function startServer(dir: string): Promise<ServerProcess> {
	// It warns of each new device that does not know it yet, which is how a device begins.
	const options = ["--listen", "127.0.0.1:0", "--policy", "open", "--log-level", "error", "--json"];
	const child = spawn(process.execPath, [binary, "serve", "--dir", dir, ...options], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	const exited = once(child, "exit");
	const kill = () => child.kill();
	process.once("exit", kill);
	const first = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
	if (first.done === true) throw new StoreError("the server did not start", { code: "store-io" });
	const { address, publicKey } = JSON.parse(first.value) as { address: string; publicKey: string };
	return {
		address,
		publicKey,
		async alone() {
			const { host } = new URL(address);
			while (!/^mindoodb_sessions 0$/m.test(await (await fetch(`http://${host}/metrics`)).text())) await setTimeout(20);
		},
		async stop() {
			child.kill("SIGTERM");
			await exited;
			process.off("exit", kill);
		},
		async *held(tenantRoot) {
			yield* filesOf(dir);
			yield* rowsOf(join(dir, "stores"), tenantRoot);
		},
	};
}

async function* filesOf(dir: string): AsyncGenerator<Held> {
	for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
		const path = join(entry.parentPath, entry.name);
		if (entry.isFile()) yield { where: `the file ${relative(dir, path)}`, bytes: await readFile(path) };
	}
}

/** The engine compresses what its files hold, so the rows are searched too. */
async function* rowsOf(dir: string, tenantRoot: string): AsyncGenerator<Held> {
	const levels: Level[] = [];
	const wrapLevel = (level: Level) => {
		levels.push(level);
		return level;
	};
	const stores = folderStores(dir, nodeCrypto(), { wrapLevel });
	for (const dbId of await stores.list(tenantRoot)) {
		for (const purpose of ["documents", "attachments"] as const) {
			const store = await stores.open({ tenantRoot, dbId, purpose });
			try {
				yield* rowsIn(levels.pop() as Level);
			} finally {
				await store.close();
			}
		}
	}
}

async function* rowsIn(level: Level): AsyncGenerator<Held> {
	const iterator = level.iterator({ gte: new Uint8Array(0), lt: new Uint8Array(64).fill(255) });
	try {
		for (let rows = await iterator.nextv(1000); rows.length > 0; rows = await iterator.nextv(1000)) {
			for (const [key, value] of rows) {
				yield { where: "the key of a row", bytes: key };
				yield { where: "the value of a row", bytes: value };
			}
		}
	} finally {
		await iterator.close();
	}
}
