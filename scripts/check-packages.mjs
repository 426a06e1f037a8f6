// Packs every published package, installs the tarballs into an empty folder and uses them as a stranger would: every
// exported subpath is imported, every command asked for its help, and a TypeScript program is compiled against the types.
// Usage: node scripts/check-packages.mjs [--keep]   (after a build; third-party packages come from the registry)
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { parseArgs } from "node:util";
import { checkPacked } from "./house/packed.mjs";
import { projectFolder, run, runNpm } from "./run.mjs";

const { values } = parseArgs({ options: { keep: { type: "boolean" } } });
/** @type {string[]} */
const wrong = [];
const folder = mkdtempSync(join(tmpdir(), "mindoodb-packed-"));
try {
	const packages = listPublished();
	const tarballs = await pack(packages);
	await install(tarballs);
	for (const { manifest } of packages) await use(manifest);
	await compile(packages);
	const subpaths = packages.flatMap(({ manifest }) => subpathsOf(manifest));
	if (wrong.length === 0)
		console.log(`packages: ${packages.length} packed, installed; imported ${subpaths.join(", ")}`);
} catch (error) {
	wrong.push(error instanceof Error ? error.message : String(error));
} finally {
	if (values.keep) console.log(`packages: kept in ${folder}`);
	else rmSync(folder, { recursive: true, force: true });
}
for (const message of wrong) console.log(`FAIL  ${message}`);
if (wrong.length > 0) process.exitCode = 1;

function listPublished() {
	return readdirSync(join(projectFolder, "packages"))
		.map((room) => join(projectFolder, "packages", room))
		.filter((path) => existsSync(join(path, "package.json")))
		.map((path) => ({ path, manifest: JSON.parse(readFileSync(join(path, "package.json"), "utf8")) }))
		.filter(({ manifest }) => manifest.private !== true);
}

/**
 * @param {{ exports?: object, name: string }} manifest
 * @returns {string[]} what a program may import of the package
 */
function subpathsOf({ name, exports = {} }) {
	return Object.keys(exports)
		.filter((subpath) => !subpath.includes("*"))
		.map((subpath) => posix.join(name, subpath));
}

/**
 * @param {ReturnType<typeof listPublished>} packages
 * @returns {Promise<Record<string, string>>} name → tarball
 */
async function pack(packages) {
	/** @type {Record<string, string>} */
	const tarballs = {};
	for (const { path, manifest } of packages) {
		const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
		const { code, output } = await runNpm(args, { cwd: path, capture: true });
		if (code !== 0) throw new Error(`npm pack of ${manifest.name} ended with ${code}`);
		// npm 11 gives a list, later ones a table by name.
		const [packed] = Object.values(JSON.parse(output));
		const files = packed.files.map((/** @type {{ path: string }} */ file) => file.path);
		wrong.push(...checkPacked(path, files).map((message) => `${manifest.name}: ${message}`));
		tarballs[manifest.name] = `file:${join(folder, packed.filename)}`;
	}
	return tarballs;
}

/** @param {Record<string, string>} tarballs */
async function install(tarballs) {
	const manifest = { name: "stranger", private: true, type: "module", dependencies: tarballs, overrides: tarballs };
	writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
	const { code } = await runNpm(["install", "--no-audit", "--no-fund", "--loglevel=error"], {
		cwd: folder,
		capture: true,
	});
	if (code !== 0) throw new Error(`npm install of the tarballs ended with ${code}`);
}

/** @param {{ name: string, exports?: object, bin?: Record<string, string> }} manifest */
async function use(manifest) {
	for (const subpath of subpathsOf(manifest)) {
		const program = `const all = await import(${JSON.stringify(subpath)}); if (Object.keys(all).length === 0) process.exit(1);`;
		const { code } = await run(process.execPath, ["--input-type=module", "--eval", program], { cwd: folder });
		if (code !== 0) wrong.push(`${subpath} cannot be imported, or exports nothing`);
	}
	for (const command of Object.keys(manifest.bin ?? {})) {
		const path = join(folder, "node_modules", ".bin", command);
		const { code, output } = await run(path, ["--help"], { cwd: folder, capture: true });
		if (code !== 0 || output.trim() === "")
			wrong.push(`${command} --help ended with ${code} and ${output.length} characters`);
	}
}

/** @param {ReturnType<typeof listPublished>} packages */
async function compile(packages) {
	const subpaths = packages.flatMap(({ manifest }) => subpathsOf(manifest));
	const lines = subpaths.map((subpath, index) => `export * as all${index} from ${JSON.stringify(subpath)};`);
	writeFileSync(join(folder, "stranger.ts"), `${lines.join("\n")}\n`);
	const compilerOptions = {
		strict: true,
		module: "NodeNext",
		target: "ES2022",
		lib: ["ES2023", "DOM", "ESNext.Disposable"],
	};
	const options = { ...compilerOptions, noEmit: true, skipLibCheck: false, types: [] };
	writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: ["stranger.ts"] }));
	const compiler = join(projectFolder, "node_modules", "typescript", "bin", "tsc");
	const { code, output } = await run(process.execPath, [compiler, "-p", "."], { cwd: folder, capture: true });
	// Other people's declarations may be wrong without us; ours and what they need of others must be right.
	const ours = output.split("\n").filter((line) => /^(stranger\.ts|node_modules\/(@mindoodb|mindoodb)\/)/.test(line));
	if (code !== 0 && (ours.length > 0 || !output.includes("error TS"))) {
		wrong.push(...(ours.length > 0 ? ours : [`the compiler ended with ${code}`]));
	}
}
