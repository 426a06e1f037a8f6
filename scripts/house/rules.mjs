// The rules of the house: which room may import which, where a platform may show, how long a file may be.
// Source: docs/architecture.md, "Rooms".

/** What each package may import of the other packages, by folder name under `packages/`. */
export const mayImport = /** @type {const} */ ({
	cli: ["server", "mindoodb", "core", "formats"],
	server: ["mindoodb", "core", "formats"],
	mindoodb: ["core", "formats"],
	testing: ["core"],
	core: ["formats"],
	formats: [],
});

/**
 * The floors of `packages/core/src`, the highest first. A file may import its own folder and lower floors; folders on one
 * floor stand beside each other and do not know each other.
 * @type {readonly (readonly string[])[]}
 */
export const coreFloors = [
	["index"],
	["tenant"],
	["database"],
	["audit", "backup", "sync", "trust"],
	["env"],
	["transport"],
	["store"],
	["automerge"],
	["entry"],
	["keys"],
	["crypto"],
	["bytes"],
	["errors"],
	["platform.d"],
];

/** Rooms that run on every platform. A path belongs to a room when it begins with one of its paths. */
const isomorphic = ["packages/core/src/", "packages/formats/src/", "packages/mindoodb/src/"];

/** Parts of those that belong to one platform. */
const platform = ["packages/mindoodb/src/node/", "packages/formats/src/node/"];

/** Adapters that give the database its clock and its randomness, and so may use the platform's. */
const adapters = ["packages/mindoodb/src/browser/"];

/** @param {string} path from the project's folder, with slashes */
export const isIsomorphic = (path) =>
	isomorphic.some((room) => path.startsWith(room)) && !platform.some((room) => path.startsWith(room));

/** @param {string} path */
export const isAdapter = (path) => adapters.some((room) => path.startsWith(room));

/** @param {string} path */
export const isTest = (path) => /\.test\.[mc]?[jt]s$/.test(path);

/** @param {string} path Code that a program wrote, see `npm run proto`. */
export const isGenerated = (path) => path.includes("/generated/");

/** Lines of a file: from `report` on it is mentioned, above `most` it fails (tests are only mentioned). */
export const fileLength = { report: 250, most: 400 };
