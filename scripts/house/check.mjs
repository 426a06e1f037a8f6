// Holds a project's files against the rules of the house.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, posix, sep } from "node:path";
import { findCircles } from "./graph.mjs";
import { readSource } from "./read-source.mjs";
import { coreFloors, fileLength, isAdapter, isGenerated, isIsomorphic, isTest, mayImport } from "./rules.mjs";

/**
 * @typedef {{ rule: string, path: string, line?: number, message: string }} Finding
 * @typedef {{ room: string, name: string, declared: Set<string>, entries: Map<string, string[]> }} Package
 * @typedef {{ files: number, imports: number, failures: Finding[], notes: Finding[] }} Report
 * @typedef {(rule: string, line: number | undefined, message: string) => void} Fail
 * @typedef {{ path: string, test: boolean, own: Package, byName: ReadonlyMap<string, Package>, known: ReadonlySet<string>, fail: Fail }} Place
 */

/**
 * @param {string} project
 * @param {string} folder
 * @param {RegExp} pattern
 * @returns {string[]} paths from the project's folder, with slashes, sorted
 */
function listFiles(project, folder, pattern) {
	const start = join(project, folder);
	if (!existsSync(start)) return [];
	return readdirSync(start, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile() && pattern.test(entry.name))
		.map((entry) =>
			join(entry.parentPath, entry.name)
				.slice(project.length + 1)
				.split(sep)
				.join("/"),
		)
		.filter((path) => !path.includes("/node_modules/"))
		.sort();
}

/**
 * The source files that stand behind each published subpath: every value of the condition `mindoodb-source`.
 * @param {unknown} exported
 * @returns {string[]}
 */
function sourcesOf(exported) {
	if (typeof exported !== "object" || exported === null) return [];
	return Object.entries(exported).flatMap(([condition, value]) =>
		condition === "mindoodb-source" && typeof value === "string" ? [value] : sourcesOf(value),
	);
}

/**
 * @param {string} project
 * @returns {Package[]}
 */
export function readPackages(project) {
	return listFiles(project, "packages", /^package\.json$/)
		.filter((path) => path.split("/").length === 3)
		.map((path) => {
			const manifest = JSON.parse(readFileSync(join(project, path), "utf8"));
			const room = path.split("/")[1];
			const entries = Object.entries(manifest.exports ?? {}).map(([subpath, exported]) => {
				const files = sourcesOf(exported).map((file) => posix.join("packages", room, file));
				return /** @type {const} */ ([posix.join(manifest.name, subpath), files]);
			});
			const declared = new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }));
			return { room, name: manifest.name, declared, entries: new Map(entries) };
		});
}

/** @param {string} path under `packages/core/src/` */
const floorOf = (path) => {
	const room = path.split("/")[3].replace(/(\.test)?\.ts$/, "");
	return { room, floor: coreFloors.findIndex((floor) => floor.includes(room)) };
};

/**
 * @param {Place} place
 * @param {import("./read-source.mjs").Import} found
 * @returns {string | undefined} the imported file of this project, where it is one
 */
function checkRelative({ path, test, own, known, fail }, { specifier, line }) {
	const target = posix.join(posix.dirname(path), specifier).replace(/\.js$/, ".ts");
	if (!target.startsWith(`packages/${own.room}/src/`)) {
		fail("by-name", line, `${specifier} leaves the package: import other packages by name`);
		return undefined;
	}
	if (target.endsWith(".json")) return undefined;
	if (!specifier.endsWith(".js") || !known.has(target)) {
		fail("missing", line, `${specifier} is not a file of this package (imports name the file and end in .js)`);
		return undefined;
	}
	if (test) return undefined;
	if (isTest(target)) fail("test-import", line, `${specifier} is a test: what is published must not import it`);
	if (own.room === "core") {
		const [from, to] = [floorOf(path), floorOf(target)];
		if (from.room !== to.room && to.floor >= 0 && to.floor <= from.floor) {
			const how = to.floor === from.floor ? "which stands beside it" : "which stands above it";
			fail("upward", line, `core's ${from.room} imports ${to.room}, ${how} (${specifier})`);
		}
	}
	return target;
}

/**
 * @param {Place} place
 * @param {import("./read-source.mjs").Import} found
 * @returns {readonly string[]} the imported files of this project
 */
function checkImport(place, found) {
	const { path, test, own, byName, fail } = place;
	const { specifier, line } = found;
	if (specifier.startsWith(".")) {
		const target = checkRelative(place, found);
		return target === undefined ? [] : [target];
	}
	if (isBuiltin(specifier)) {
		if (!specifier.startsWith("node:"))
			fail("builtin-prefix", line, `${specifier} is a module of Node: write node:${specifier}`);
		if (!test && isIsomorphic(path))
			fail("node-in-isomorphic", line, `${specifier} in a room that runs on every platform`);
		return [];
	}
	if (test) return [];
	const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
	const target = byName.get(name);
	const allowed = /** @type {Record<string, readonly string[]>} */ (mayImport)[own.room] ?? [];
	if (target !== undefined && !allowed.includes(target.room)) {
		fail(
			"upward",
			line,
			`${own.room} imports ${target.room}; it may import ${allowed.join(", ") || "no other package"}`,
		);
	} else if (!own.declared.has(name)) {
		fail("undeclared", line, `${name} is not among the dependencies of ${own.name}`);
	} else if (target !== undefined && !target.entries.has(specifier)) {
		fail("unpublished", line, `${specifier} is not exported by ${name}`);
	}
	return target?.entries.get(specifier) ?? [];
}

/**
 * @param {string} path
 * @param {import("./read-source.mjs").Source} source
 * @param {Fail} fail
 */
function checkWords(path, source, fail) {
	for (const { word, line } of source.uses) {
		const given = word === "Date.now" || word.includes("andom");
		if (given && isAdapter(path)) continue;
		fail("platform-word", line, `${word} in a room that runs on every platform${given ? ": take it from env" : ""}`);
	}
	for (const { word, line } of source.state) fail("module-state", line, `${word} keeps state at module level`);
	for (const line of source.unreadable)
		fail("unreadable-import", line, "import() of something that is not a plain text");
}

/**
 * @param {string} project the project's folder
 * @returns {Report}
 */
export function checkHouse(project) {
	/** @type {Report} */
	const report = { files: 0, imports: 0, failures: [], notes: [] };
	const packages = readPackages(project);
	const byName = new Map(packages.map((own) => [own.name, own]));
	const code = /\.[mc]?[jt]s$/;
	const sources = packages.flatMap((own) =>
		listFiles(project, `packages/${own.room}/src`, code).map((path) => ({ own, path })),
	);
	const known = new Set(sources.map(({ path }) => path));
	/** @type {Map<string, Set<string>>} */
	const all = new Map();
	/** @type {Map<string, Set<string>>} */
	const atRunTime = new Map();

	for (const { room } of packages) {
		if (!Object.hasOwn(mayImport, room)) {
			const message = `no rule says what packages/${room} may import (scripts/house/rules.mjs)`;
			report.failures.push({ rule: "unknown-room", path: `packages/${room}`, message });
		}
	}
	for (const { own, path } of sources) {
		const source = readSource(readFileSync(join(project, path), "utf8"));
		const test = isTest(path);
		/** @type {Fail} */
		const fail = (rule, line, message) => {
			report.failures.push({ rule, path, message, ...(line === undefined ? {} : { line }) });
		};
		measure(report, path, source.lines, test);
		if (own.room === "core" && !test && floorOf(path).floor < 0) {
			fail("unknown-room", undefined, `core has no floor for ${floorOf(path).room} (scripts/house/rules.mjs)`);
		}
		if (!test && isIsomorphic(path)) checkWords(path, source, fail);
		const targets = source.imports.map((found) => ({
			typeOnly: found.typeOnly,
			files: checkImport({ path, test, own, byName, known, fail }, found),
		}));
		report.imports += source.imports.length;
		if (test) continue;
		all.set(path, new Set(targets.flatMap(({ files }) => files)));
		atRunTime.set(path, new Set(targets.flatMap(({ typeOnly, files }) => (typeOnly ? [] : files))));
	}
	for (const folder of ["scripts", "bench"]) {
		for (const path of listFiles(project, folder, code)) {
			measure(report, path, readSource(readFileSync(join(project, path), "utf8")).lines, isTest(path));
		}
	}
	reportCircles(report, atRunTime, all);
	return report;
}

/**
 * @param {Report} report
 * @param {string} path
 * @param {number} lines
 * @param {boolean} test
 */
function measure(report, path, lines, test) {
	report.files++;
	if (lines <= fileLength.report || isGenerated(path)) return;
	const tooLong = lines > fileLength.most && !test;
	const message = tooLong ? `${lines} lines, at most ${fileLength.most} are allowed` : `${lines} lines`;
	(tooLong ? report.failures : report.notes).push({ rule: "length", path, message });
}

/**
 * @param {Report} report
 * @param {ReadonlyMap<string, Set<string>>} atRunTime
 * @param {ReadonlyMap<string, Set<string>>} all
 */
function reportCircles(report, atRunTime, all) {
	const real = findCircles(atRunTime);
	for (const circle of real) {
		report.failures.push({ rule: "circle", path: circle[0], message: `circle: ${circle.join(", ")}` });
	}
	const reported = new Set(real.map((circle) => circle.join()));
	for (const circle of findCircles(all)) {
		if (reported.has(circle.join())) continue;
		report.failures.push({
			rule: "circle-of-types",
			path: circle[0],
			message: `circle through types: ${circle.join(", ")}`,
		});
	}
}
