import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { checkPacked } from "./packed.mjs";

const folders: string[] = [];
afterEach(() => {
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const manifest = {
	name: "mindoodb",
	exports: {
		".": {
			node: { "mindoodb-source": "./src/a.ts", types: "./dist/a.d.ts", default: "./dist/a.js" },
			default: "./dist/b.js",
		},
	},
	bin: { mindoodb: "./dist/a.js" },
};
const map = (content?: string) =>
	JSON.stringify({ sources: ["../src/a.ts"], ...(content === undefined ? {} : { sourcesContent: [content] }) });

function check(changes: Record<string, string | undefined> = {}): string[] {
	const folder = mkdtempSync(join(tmpdir(), "packed-"));
	folders.push(folder);
	const files: Record<string, string | undefined> = {
		"package.json": JSON.stringify(manifest),
		"src/a.ts": "",
		"src/b.ts": "",
		"dist/a.js": "",
		"dist/a.d.ts": "",
		"dist/b.js": "",
		"dist/a.js.map": map("text"),
		...changes,
	};
	const there = Object.entries(files).filter((file): file is [string, string] => file[1] !== undefined);
	for (const [path, text] of there) {
		mkdirSync(dirname(join(folder, path)), { recursive: true });
		writeFileSync(join(folder, path), text);
	}
	return checkPacked(
		folder,
		there.map(([path]) => path).filter((path) => !path.startsWith("src/")),
	);
}

test("a package in order has nothing wrong", () => {
	expect(check()).toEqual([]);
});

test("what is published must be packed, for every platform", () => {
	expect(check({ "dist/b.js": undefined })).toEqual(["./dist/b.js is published but not packed"]);
	expect(check({ "dist/a.d.ts": undefined })).toEqual(["./dist/a.d.ts is published but not packed"]);
});

test("tests, left-overs of the build and maps without their sources are found", () => {
	expect(check({ "dist/b.test.js": "", "src/b.test.ts": "" })).toEqual(["dist/b.test.js is a test"]);
	expect(check({ "dist/.tsbuildinfo": "" })).toEqual(["dist/.tsbuildinfo belongs to the build"]);
	expect(check({ "dist/a.js.map": map() })).toEqual(["dist/a.js.map points at ../src/a.ts, which is not packed"]);
	expect(check({ "dist/old.js": "" })).toEqual(["dist/old.js has no source any more: remove dist and build again"]);
});
