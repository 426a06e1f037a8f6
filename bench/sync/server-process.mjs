// `mindoodb serve` in a process of its own, as its operator starts it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const command = fileURLToPath(new URL("../../packages/cli/bin/mindoodb.js", import.meta.url));
const wideServer = fileURLToPath(new URL("wide-server.mjs", import.meta.url));

/**
 * @param {string} dir
 * @param {{ profile?: string | undefined, wide?: boolean, store?: string | undefined }} [options] `profile`: folder for a CPU profile;
 * `wide`: without limits of sessions, which `serve` has; `store`: of a Postgres database, in place of the folder
 */
export async function startServer(
	dir,
	{ profile = process.env.MINDOODB_BENCH_SERVER_PROFILE, wide = false, store } = {},
) {
	const node = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
	const serve = ["serve", "--dir", dir, "--listen", "127.0.0.1:0", "--policy", "open", "--log-level", "warn", "--json"];
	if (store !== undefined) serve.push("--store", store);
	// As docs/server.md tells operators of many idle sessions.
	if (wide) node.push("--optimize-for-size", "--max-semi-space-size=4");
	const program = wide ? [wideServer, dir] : [command, ...serve];
	const child = spawn(process.execPath, [...node, ...program], { stdio: ["ignore", "pipe", "inherit"] });
	const kill = () => child.kill();
	process.once("exit", kill);
	child.stdout.setEncoding("utf8");
	const [line] = await Promise.race([
		once(child.stdout, "data"),
		once(child, "exit").then(() => {
			throw new Error("the server did not start");
		}),
	]);
	const { address, publicKey } = JSON.parse(line);
	return {
		/** @type {string} */ address,
		/** @type {string} */ publicKey,
		/** Resident memory, MB. */
		residentMB: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) / 1024,
		/** Processor time of all its threads so far, milliseconds. */
		cpuMs() {
			const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
			return (Number(fields[11]) + Number(fields[12])) * 10;
		},
		async stop() {
			const ended = once(child, "exit");
			child.kill("SIGTERM");
			await ended;
			process.off("exit", kill);
		},
	};
}

/** @typedef {Awaited<ReturnType<typeof startServer>>} ServerProcess */
