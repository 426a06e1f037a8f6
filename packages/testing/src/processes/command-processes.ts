import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** `mindoodb serve` in a process of its own. */
export interface ServerProcess {
	readonly process: ChildProcess;
	readonly address: string;
	/** Hex. */
	readonly publicKey: string;
	/** What it said when it began: the answer of `serve --json`. */
	readonly facts: Readonly<Record<string, unknown>>;
	/** What it wrote to standard error until now. */
	log(): string;
	/** Ends it, if it still runs. @returns its exit code, and the signal that ended it. */
	stop(signal: NodeJS.Signals): Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>;
}

export interface RunResult {
	readonly status: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

/** The command `mindoodb` as processes of their own, in a new folder of a test, with no environment but what the test gives. */
export class CommandProcesses {
	/** Where they run. */
	readonly root: string;
	readonly #binary: string;
	readonly #running: ServerProcess[] = [];

	private constructor(root: string, binary: string) {
		this.root = root;
		this.#binary = binary;
	}

	/** Compiles the project, for processes run what is compiled. @param project its folder. @throws {Error} when it does not compile. */
	static build(project: string): void {
		const compiler = join(project, "node_modules", "typescript", "bin", "tsc");
		const { stdout, status } = spawnSync(process.execPath, [compiler, "--build"], { cwd: project, encoding: "utf8" });
		if (status !== 0) throw new Error(`the project does not compile: ${stdout}`);
	}

	/** @param binary the command's program. */
	static async create(binary: string): Promise<CommandProcesses> {
		return new CommandProcesses(await mkdtemp(join(tmpdir(), "mindoodb-command-")), binary);
	}

	/** Runs a command to its end. */
	run(args: readonly string[], env: Readonly<Record<string, string>> = {}): RunResult {
		const options = { cwd: this.root, env: withPath(env), encoding: "utf8" } as const;
		const { status, stdout, stderr } = spawnSync(process.execPath, [this.#binary, ...args], options);
		return { status, stdout, stderr };
	}

	/** Starts a server on a loopback port that is free. @throws {Error} when it ends instead. */
	async serve(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
		const command = [this.#binary, "serve", "--json", "--listen", "127.0.0.1:0", ...args];
		const child = spawn(process.execPath, command, {
			cwd: this.root,
			env: withPath(env),
			stdio: ["ignore", "pipe", "pipe"],
		});
		let log = "";
		child.stderr.on("data", (data) => {
			log += String(data);
		});
		const exited = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
		const ended = exited.then(() => {
			throw new Error(`the server ended: ${log}`);
		});
		ended.catch(() => undefined);
		const [line] = (await Promise.race([once(child.stdout, "data"), ended])) as [Buffer];
		const facts = JSON.parse(line.toString()) as { readonly address: string; readonly publicKey: string };
		const server: ServerProcess = {
			process: child,
			...{ address: facts.address, publicKey: facts.publicKey, facts },
			log: () => log,
			stop(signal) {
				child.kill(signal);
				return exited;
			},
		};
		this.#running.push(server);
		return server;
	}

	/** Kills the servers that still run and takes the folder away. */
	async close(): Promise<void> {
		for (const each of this.#running.splice(0)) await each.stop("SIGKILL");
		await rm(this.root, { recursive: true, force: true });
	}
}

function withPath(env: Readonly<Record<string, string>>): Record<string, string> {
	return { PATH: process.env.PATH ?? "", ...env };
}
