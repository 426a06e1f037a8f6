import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { median, readLoads, runLoad } from "../bench/harness.mjs";

const folders: string[] = [];
afterEach(() => {
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function load(body: string) {
	const folder = mkdtempSync(join(tmpdir(), "bench-"));
	folders.push(folder);
	const file = join(folder, "toy.bench.mjs");
	writeFileSync(file, `import fs from "node:fs";\nexport const loads = [{ name: "toy", title: "toy", ${body} }];\n`);
	const [first] = await readLoads(file);
	if (first === undefined) throw new Error("no load");
	return { file, first };
}

test("the median is the middle, or the mean of the two in the middle", () => {
	expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([5])]).toEqual([2, 2.5, 5]);
	expect(median([])).toBeNaN();
});

test("every run is a process of its own with its own copy of what was prepared", async () => {
	const { file, first } = await load(`
		prepare: async ({ folder }) => fs.writeFileSync(folder + "/file", "12345"),
		run: async ({ folder }) => {
			fs.appendFileSync(folder + "/file", "6");
			return { length: fs.statSync(folder + "/file").size, pid: process.pid, memory: Buffer.alloc(64 << 20, 1).length };
		}`);
	const { runs, median: middle } = await runLoad(file, first, { runs: 3 });
	expect(runs.map((one) => one.length)).toEqual([6, 6, 6]);
	expect(new Set(runs.map((one) => one.pid)).size).toBe(3);
	expect(middle.diskBytes).toBe(6);
	expect((middle.peakMB ?? 0) - (middle.idleMB ?? 0)).toBeGreaterThan(60);
});

test("missed and unmeasured targets are said", async () => {
	const { file, first } = await load(`run: async () => ({ ms: 3, rate: 9 }),
		targets: { ms: { atMost: 2 }, rate: { atLeast: 9 }, other: { atLeast: 1 } }`);
	const { missed } = await runLoad(file, first, { runs: 1 });
	expect(missed).toEqual(["ms: 3, at most 2 wanted", "other was not measured"]);
});

test("a load that fails is an error", async () => {
	const { file, first } = await load(`run: async () => { process.exit(3); }`);
	await expect(runLoad(file, first, { runs: 1 })).rejects.toThrow("toy: run ended with 3 and no figures");
});
