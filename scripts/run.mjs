// Starting other programs from the scripts of this folder: exit codes and signals are passed on, nothing is hidden.
import { spawn } from "node:child_process";
import { accessSync, constants as fileConstants, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { constants, homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the whole project, without a slash at its end. */
export const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));

const passedOn = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

/**
 * Runs a program with the terminal of this process and waits for its end. Signals sent to this process reach it.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, capture?: boolean }} [options] `capture` collects standard output
 * instead of showing it.
 * @returns {Promise<{ code: number, output: string }>} the exit code; 128 + number when a signal ended the program.
 */
export function run(command, args, { cwd = projectFolder, env = process.env, capture = false } = {}) {
	return new Promise((resolve, reject) => {
		const child = spawn(command, args, { cwd, env, stdio: ["inherit", capture ? "pipe" : "inherit", "inherit"] });
		let output = "";
		child.stdout?.setEncoding("utf8").on("data", (piece) => {
			output += piece;
		});
		const handlers = passedOn.map((signal) => {
			// A terminal sends Ctrl-C to the whole group: passing it on as well would count as pressing it twice.
			const handler = () => void (signal === "SIGINT" && process.stdin.isTTY ? undefined : child.kill(signal));
			return /** @type {const} */ ([signal, handler]);
		});
		const forget = () => {
			for (const [signal, handler] of handlers) process.off(signal, handler);
		};
		for (const [signal, handler] of handlers) process.on(signal, handler);
		child.once("error", (error) => {
			forget();
			reject(error);
		});
		child.once("close", (code, signal) => {
			forget();
			resolve({ code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]), output });
		});
	});
}

/**
 * A folder for npm's cache where the usual one cannot be written (a user without a home folder).
 * @returns {string | undefined}
 */
function makeCache() {
	const usual = process.env.npm_config_cache ?? join(homedir(), ".npm");
	try {
		mkdirSync(usual, { recursive: true });
		accessSync(usual, fileConstants.W_OK | fileConstants.X_OK);
		return undefined;
	} catch {
		return mkdtempSync(join(tmpdir(), "mindoodb-npm-"));
	}
}

/**
 * Runs npm: the one that started this process where there is one, else the one on the path.
 * @param {readonly string[]} args
 * @param {{ cwd?: string, capture?: boolean }} [options]
 */
export async function runNpm(args, options = {}) {
	const cache = makeCache();
	const env = cache === undefined ? process.env : { ...process.env, npm_config_cache: cache };
	const cli = process.env.npm_execpath;
	try {
		if (cli?.endsWith("npm-cli.js")) return await run(process.execPath, [cli, ...args], { ...options, env });
		return await run(process.platform === "win32" ? "npm.cmd" : "npm", args, { ...options, env });
	} finally {
		if (cache !== undefined) rmSync(cache, { recursive: true, force: true });
	}
}
