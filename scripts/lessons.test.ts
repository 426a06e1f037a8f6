/** docs/lessons.md names the tests of each line, and those are there. */
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";

const root = new URL("../", import.meta.url);

it("every line has a test that is named after it, where the table says", async () => {
	const text = await readFile(new URL("docs/lessons.md", root), "utf8");
	const lines = [...text.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number));
	const rows = [...text.matchAll(/^\| (\d+) \|(.*)\|$/gm)];
	expect(rows.map(([, number]) => Number(number))).toEqual(lines);
	for (const [, number, cells] of rows) {
		const files = [...(cells as string).matchAll(/`([^`]+)`/g)].map(([, path]) => path as string);
		expect(files, `line ${number}`).not.toEqual([]);
		for (const path of files) {
			const [name, ...rest] = path.split("/");
			const source = await readFile(new URL(`packages/${name}/src/${rest.join("/")}.test.ts`, root), "utf8");
			const named = [...source.matchAll(/lessons? ((?:\d+(?:, | and )?)+)/g)].flatMap(([, all]) => all?.match(/\d+/g));
			expect(named, path).toContain(number);
		}
	}
});
