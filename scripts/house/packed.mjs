// What a packed package must and must not contain.
import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/**
 * Every file that the exports and commands of a package name, for every platform.
 * @param {unknown} exported
 * @returns {string[]}
 */
function targetsOf(exported) {
	if (typeof exported === "string") return [exported];
	if (typeof exported !== "object" || exported === null) return [];
	// Our own condition leads to the sources, for the tests of this project; it is never set outside.
	return Object.entries(exported).flatMap(([condition, value]) =>
		condition === "mindoodb-source" ? [] : targetsOf(value),
	);
}

/**
 * @param {string} folder of the package
 * @param {readonly string[]} packed the paths inside the tarball
 * @returns {string[]} what is wrong with it, in words
 */
export function checkPacked(folder, packed) {
	const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
	const files = new Set(packed);
	/** @type {string[]} */
	const wrong = [];
	for (const target of new Set(targetsOf([manifest.exports, manifest.bin, manifest.types]))) {
		if (!files.has(posix.normalize(target))) wrong.push(`${target} is published but not packed`);
	}
	for (const path of packed) {
		if (/\.test\./.test(path)) wrong.push(`${path} is a test`);
		if (/tsbuildinfo$/.test(path)) wrong.push(`${path} belongs to the build`);
		if (path.endsWith(".map")) wrong.push(...checkMap(folder, path, files));
		const source = /^dist\/(.*)\.js$/.exec(path)?.[1];
		if (source !== undefined && !existsSync(join(folder, "src", `${source}.ts`))) {
			wrong.push(`${path} has no source any more: remove dist and build again`);
		}
	}
	return wrong;
}

/**
 * @param {string} folder
 * @param {string} path
 * @param {ReadonlySet<string>} files
 * @returns {string[]}
 */
function checkMap(folder, path, files) {
	const map = JSON.parse(readFileSync(join(folder, path), "utf8"));
	/** @type {string[]} */
	const sources = map.sources ?? [];
	const missing = sources.filter((source, index) => {
		const packed = files.has(posix.join(posix.dirname(path), map.sourceRoot ?? "", source));
		return !packed && typeof map.sourcesContent?.[index] !== "string";
	});
	return missing.map((source) => `${path} points at ${source}, which is not packed`);
}
