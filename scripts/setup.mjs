// Brings a fresh clone to the point where everything runs: packages installed as the lock file says, TypeScript built.
// Says nothing and costs under a second when all is there. Uses nothing but Node, because nothing else is there yet.
import { createHash } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { projectFolder, run, runNpm } from "./run.mjs";

const note = (/** @type {string} */ text) => process.stderr.write(`setup: ${text}\n`);

/** @param {string} path */
const timeOf = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs;

/** @param {string} folder */
const stampPath = (folder) => join(folder, "node_modules", ".mindoodb-setup");

/** @param {string} folder */
const lockDigest = (folder) =>
	createHash("sha256")
		.update(readFileSync(join(folder, "package-lock.json")))
		.digest("hex");

/**
 * Whether the installed packages are those of the lock file. npm writes its own record last, so an installation that was
 * cut short has none.
 * @param {string} folder
 */
export function isInstalled(folder) {
	const record = timeOf(join(folder, "node_modules", ".package-lock.json"));
	if (record === undefined) return false;
	const stamp = stampPath(folder);
	// Times alone mislead after a copy or a change of branch and back: the stamp knows which lock file was installed.
	if (timeOf(stamp) !== undefined && readFileSync(stamp, "utf8") === lockDigest(folder)) return true;
	return record >= (timeOf(join(folder, "package-lock.json")) ?? 0);
}

/**
 * Installs what is missing and builds what is out of date.
 * @param {{ build?: boolean }} [options]
 * @returns {Promise<number>} 0, or the exit code of the step that failed.
 */
export async function setUp({ build = true } = {}) {
	if (!isInstalled(projectFolder)) {
		note("installing packages (npm ci)");
		const { code } = await runNpm(["ci", "--no-audit", "--no-fund"]);
		if (code !== 0) return code;
		writeFileSync(stampPath(projectFolder), lockDigest(projectFolder));
	}
	if (!build) return 0;
	const { code } = await run(process.execPath, [join("node_modules", "typescript", "bin", "tsc"), "--build"]);
	return code;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) process.exitCode = await setUp();
