// Runs all tests on the newest even Node that the registry's package `node` carries, in a temporary installation.
// Usage: node scripts/test-newest-node.mjs [--node VERSION] [arguments for vitest]
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { arch, platform, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { run, runNpm } from "./run.mjs";

/** Used when the registry does not answer the question which versions there are. */
const pinned = "26.10.0";

const given = process.argv.indexOf("--node");
const version = given === -1 ? await newestEven() : (process.argv[given + 1] ?? pinned);
const rest = process.argv
	.slice(2)
	.filter((_, index) => given === -1 || (index + 2 !== given && index + 2 !== given + 1));

const folder = mkdtempSync(join(tmpdir(), "mindoodb-node-"));
try {
	process.exitCode = await testWith(await install());
} finally {
	rmSync(folder, { recursive: true, force: true });
}

/** @returns {Promise<string>} the newest release with an even major number */
async function newestEven() {
	const { code, output } = await runNpm(["view", "node", "versions", "--json"], { capture: true });
	if (code !== 0) return pinned;
	const releases = /** @type {string[]} */ (JSON.parse(output))
		.filter((text) => /^\d+\.\d+\.\d+$/.test(text))
		.map((text) => text.split(".").map(Number))
		.filter(([major]) => major % 2 === 0)
		.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
	return releases.at(-1)?.join(".") ?? pinned;
}

/**
 * The package `node` fetches its binary by an install script, which a policy may forbid; the package for this system
 * alone carries the same binary without one.
 * @returns {Promise<string>} the folder that holds the program `node`
 */
async function install() {
	const system = platform() === "win32" ? "win" : platform();
	for (const name of ["node", `node-${system}-${arch()}`]) {
		const own = join(folder, name);
		const bin = join(own, "node_modules", ".bin");
		mkdirSync(own);
		writeFileSync(join(own, "package.json"), JSON.stringify({ name: "newest-node", private: true }));
		const args = ["install", "--no-audit", "--no-fund", "--loglevel=error", `${name}@${version}`];
		const { code } = await runNpm(args, { cwd: own });
		if (code !== 0) continue;
		const answer = await run(join(bin, "node"), ["--version"], { capture: true }).catch(() => undefined);
		if (answer?.output.trim() === `v${version}`) return bin;
	}
	throw new Error(`no package of the registry gives node ${version} for ${platform()} ${arch()}`);
}

/**
 * @param {string} bin
 * @returns {Promise<number>}
 */
async function testWith(bin) {
	console.log(`tests on node ${version}`);
	// Programs that tests start by name must be the same Node.
	const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` };
	const { code } = await run(join(bin, "node"), [join("node_modules", "vitest", "vitest.mjs"), "run", ...rest], {
		env,
	});
	return code;
}
