import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { checkHouse } from "./house/check.mjs";
import { findCircles } from "./house/graph.mjs";
import { readSource } from "./house/read-source.mjs";

type Tree = Readonly<Record<string, string>>;

const manifest = (name: string, entry: object, dependencies: object = {}) =>
	JSON.stringify({ name, exports: { ".": entry }, dependencies });

const house: Tree = {
	"packages/core/package.json": manifest(
		"@mindoodb/core",
		{ "mindoodb-source": "./src/index.ts", default: "./dist/index.js" },
		{ cborg: "1" },
	),
	"packages/mindoodb/package.json": manifest(
		"mindoodb",
		{ node: { "mindoodb-source": "./src/node/index.ts" }, "mindoodb-source": "./src/browser/index.ts" },
		{ "@mindoodb/core": "1" },
	),
	"packages/core/src/index.ts": `export { Tenant } from "./tenant/tenant.js";\nexport * from "./errors.js";\n`,
	"packages/core/src/errors.ts": "export class MindooError extends Error {}\n",
	"packages/core/src/env.ts": `import type { Store } from "./store/store.js";\nexport interface Env { readonly store: Store }\n`,
	"packages/core/src/store/store.ts": `import { encode } from "cborg";\nexport class Store { a = encode(1); }\n`,
	"packages/core/src/store/store.test.ts": `import "vitest";\nimport "mindoodb";\nimport "node:fs";\nimport "./store.js";\n`,
	"packages/core/src/whole.test.ts": `import { Store } from "./store/store.js";\nimport { Tenant } from "./index.js";\n`,
	"packages/core/src/sync/channel.ts": "export const channel = 1;\n",
	"packages/core/src/trust/judge.ts": `import { MindooError } from "../errors.js";\nexport const error = MindooError;\n`,
	"packages/core/src/tenant/tenant.ts": `import { error } from "../trust/judge.js";\nexport const Tenant = error;\n`,
	"packages/mindoodb/src/browser/index.ts": `export * from "@mindoodb/core";\nexport const now = () => Date.now();\n`,
	"packages/mindoodb/src/node/index.ts": `import { readFile } from "node:fs";\nexport const read = readFile;\nexport const pid = process.pid;\n`,
};

const folders: string[] = [];
afterEach(() => {
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function build(changes: Tree = {}): string {
	const folder = mkdtempSync(join(tmpdir(), "house-"));
	folders.push(folder);
	for (const [path, text] of Object.entries({ ...house, ...changes })) {
		mkdirSync(dirname(join(folder, path)), { recursive: true });
		writeFileSync(join(folder, path), text);
	}
	return folder;
}

const check = (changes?: Tree) => checkHouse(build(changes));
const broken = (changes: Tree) => check(changes).failures.map(({ rule, path, line }) => [rule, path, line]);

describe("a house in order", () => {
	test("has no failures", () => {
		expect(check()).toMatchObject({ files: 11, failures: [], notes: [] });
	});

	test("an empty project is in order", () => {
		const folder = mkdtempSync(join(tmpdir(), "house-"));
		folders.push(folder);
		expect(checkHouse(folder)).toEqual({ files: 0, imports: 0, failures: [], notes: [] });
	});
});

describe("each rule fails when broken", () => {
	const store = "packages/core/src/store/store.ts";
	const cases: readonly (readonly [string, string, string, number])[] = [
		["upward", store, `import { error } from "../trust/judge.js";\nexport const Store = error;`, 1],
		["upward", "packages/core/src/store/other.ts", `import type { Env } from "../env.js";\nexport type E = Env;`, 1],
		["upward", store, `export const Store = async () => import("../tenant/tenant.js");`, 1],
		["upward", store, `export { channel as Store } from "../sync/channel.js";`, 1],
		[
			"upward",
			"packages/core/src/sync/channel.ts",
			`import { error } from "../trust/judge.js";\nexport const channel = error;`,
			1,
		],
		["upward", "packages/core/src/sync/channel.ts", `\nimport "mindoodb";`, 2],
		["upward", "packages/core/src/sync/channel.ts", `import "@mindoodb/core";`, 1],
		["undeclared", store, `import "fast-check";\nexport const Store = 1;`, 1],
		["undeclared", store, `import "cborg-other/cborg";\nexport const Store = 1;`, 1],
		["unpublished", "packages/mindoodb/src/browser/index.ts", `import "@mindoodb/core/store";`, 1],
		["by-name", "packages/mindoodb/src/browser/index.ts", `import "../../../core/src/errors.js";`, 1],
		["by-name", "packages/core/src/store/store.test.ts", `import "../../../mindoodb/src/node/index.js";`, 1],
		["missing", store, `import "./other.js";\nexport const Store = 1;`, 1],
		["missing", store, `import "../errors";\nexport const Store = 1;`, 1],
		["test-import", store, `import "./store.test.js";\nexport const Store = 1;`, 1],
		["node-in-isomorphic", store, `import { join } from "node:path";\nexport const Store = join;`, 1],
		["node-in-isomorphic", "packages/mindoodb/src/browser/index.ts", `export * from "node:path";`, 1],
		["builtin-prefix", "packages/mindoodb/src/node/index.ts", `import "fs";`, 1],
		["platform-word", store, "export const Store = (): Buffer | undefined => undefined;", 1],
		["platform-word", store, "export const Store = process.env;", 1],
		["platform-word", store, "export class Store {}\nexport const now = () => Date.now();", 2],
		["platform-word", store, "export const Store = () => Math.random();", 1],
		["platform-word", store, "export const Store = () => globalThis.crypto.getRandomValues(new Uint8Array(1));", 1],
		["platform-word", "packages/mindoodb/src/stores.ts", "export const now = () => Date.now();", 1],
		["platform-word", "packages/mindoodb/src/browser/index.ts", "export const b = Buffer.from([]);", 1],
		["module-state", store, "let count = 0;\nexport const Store = () => count++;", 1],
		["module-state", store, "export const Store = new Map<string, number>();", 1],
		[
			"module-state",
			store,
			"const a: ReadonlySet<1> = new Set();\nexport const Store = new WeakSet([a]);\nconst b = new Set();",
			3,
		],
		["unreadable-import", store, "export const Store = (name: string) => import(name);", 1],
		["circle", store, `import "./store.js";\nexport const Store = 1;`, 0],
		["length", store, `export const Store = 1;\n${"\n".repeat(400)}`, 0],
		["unknown-room", "packages/core/src/utils/a.ts", "export const a = 1;", 0],
	];
	test.each(cases)("%s in %s, case %#", (rule, path, text, line) => {
		expect(broken({ [path]: text })).toEqual([[rule, path, line === 0 ? undefined : line]]);
	});

	test("circle between files of one room, and one through types only", () => {
		const a = "packages/core/src/store/a.ts";
		const b = (kind: string) => ({
			[a]: `import { b } from "./b.js";\nexport const a = () => b;`,
			"packages/core/src/store/b.ts": `import ${kind}{ a } from "./a.js";\nexport const b = 1;`,
		});
		expect(broken(b(""))).toEqual([["circle", a, undefined]]);
		expect(broken(b("type "))).toEqual([["circle-of-types", a, undefined]]);
	});

	test("a package that no rule knows", () => {
		const changes = { "packages/other/package.json": manifest("other", {}) };
		expect(broken(changes)).toEqual([["unknown-room", "packages/other", undefined]]);
	});

	test("length: mentioned above 250 lines, tests are never failed for it", () => {
		const long = `export const a = 1;\n${"\n".repeat(500)}`;
		const report = check({
			"packages/core/src/store/a.ts": `export const a = 1;\n${"\n".repeat(250)}`,
			"packages/core/src/store/a.test.ts": long,
			"scripts/tool.mjs": long,
		});
		expect(report.notes.map(({ path }) => path)).toEqual([
			"packages/core/src/store/a.test.ts",
			"packages/core/src/store/a.ts",
		]);
		expect(report.failures.map(({ rule, path }) => [rule, path])).toEqual([["length", "scripts/tool.mjs"]]);
	});
});

describe("reading a file", () => {
	test("finds every form of import, with line and kind", () => {
		const text = [
			`import a, { type b } from "./1.js";`,
			`import type { c } from "./2.js";`,
			`import type from "./3.js";`,
			`import * as d from './4.js';`,
			`import "./5.js";`,
			`export * from "./6.js"; export type { e } from "./7.js";`,
			"export {",
			`	f as default,`,
			`} from "./8.js";`,
			`const g = await import("./9.js"); type G = import(\`./10.js\`).H;`,
			`import i = require("./11.js");`,
			`import j from "./12.json" with { type: "json" };`,
		].join("\n");
		expect(readSource(text).imports.map(({ specifier, line, typeOnly }) => [specifier, line, typeOnly])).toEqual([
			["./1.js", 1, false],
			["./2.js", 2, true],
			["./3.js", 3, false],
			["./4.js", 4, false],
			["./5.js", 5, false],
			["./6.js", 6, false],
			["./7.js", 6, true],
			["./8.js", 7, false],
			["./9.js", 10, false],
			["./10.js", 10, false],
			["./11.js", 11, false],
			["./12.json", 12, false],
		]);
	});

	test("is not misled by comments, strings, templates, regular expressions and keys", () => {
		const text = [
			`// import "./1.js" and Buffer`,
			`/* export * from "./2.js"; process */`,
			`const a = 'import "./3.js"; Buffer';`,
			`const b = \`import "./4.js" \${a ? \`\${a} process\` : {}} Buffer\`;`,
			`const c = /import "x" Buffer/.test(a) ? 6 / 2 / 3 : a.length / 2;`,
			"const d = { process: 1, Buffer: 2 }; d.process; d?.Buffer;",
			"interface E { process(): void; readonly Buffer?: number }",
			"export const f = () => { let g = new Map(); return [g, new Set()]; };",
			"export const from = 4; export function h() { return from / 2 + import.meta.url.length / 1; }",
			"export const made = () => new Map();",
			"const none: ReadonlyMap<string, number> = new Map();",
		].join("\n");
		expect(readSource(text)).toEqual({ imports: [], unreadable: [], uses: [], state: [], lines: 11 });
	});

	test("sees words inside a template's holes", () => {
		expect(readSource(`const a = \`x \${process.pid} y\`;`).uses).toEqual([{ word: "process", line: 1 }]);
	});
});

test("circles are found in long chains without exhausting the stack", () => {
	const edges = new Map(Array.from({ length: 100_000 }, (_, i) => [`${i}`, [`${i + 1}`]]));
	expect(findCircles(edges)).toEqual([]);
	edges.set("100000", ["99998"]);
	expect(findCircles(edges)).toEqual([["100000", "99998", "99999"]]);
});

test("the command says what is wrong and exits with 1", () => {
	const script = fileURLToPath(new URL("./check-imports.mjs", import.meta.url));
	const good = spawnSync(process.execPath, [script, build()], { encoding: "utf8" });
	expect([good.status, good.stderr]).toEqual([0, ""]);
	const folder = build({ "packages/core/src/store/store.ts": `import "node:fs";\nexport const Store = 1;` });
	const bad = spawnSync(process.execPath, [script, folder], { encoding: "utf8" });
	expect(bad.status).toBe(1);
	expect(bad.stdout).toContain("packages/core/src/store/store.ts:1: node:fs in a room that runs on every platform");
});
