import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const lines = (text: string) =>
	text
		.split("\n")
		.map((line) => line.trim())
		.filter((line) => line !== "");

test("the example of the README is the one that a test runs", () => {
	const example = /^```ts\n(.*?)^```/ms.exec(read("README.md"))?.[1];
	expect(example, "the README has no example").toBeDefined();
	const tested = lines(read("packages/mindoodb/src/node/readme-example.test.ts")).join("\n");
	// Imports stand at the top of the test, the rest of the example inside it, in one piece.
	const [imports, program] = [true, false].map((wanted) =>
		lines(example ?? "").filter((line) => line.startsWith("import ") === wanted),
	);
	for (const line of imports ?? []) expect(tested).toContain(line);
	expect(program?.length).toBeGreaterThan(4);
	expect(tested).toContain(program?.join("\n"));
});

test("the documents name only files that exist", () => {
	const documents = [
		"README.md",
		"CONTRIBUTING.md",
		"CHANGELOG.md",
		"docs/threat-model.md",
		"docs/server.md",
		"docs/sync.md",
		"examples/README.md",
		"examples/audit-trail/README.md",
		"docs/decisions/README.md",
	];
	for (const document of documents) {
		const links = [...read(document).matchAll(/\]\(([^):#]+)\)/g)].map((match) => match[1] ?? "");
		for (const link of links) {
			const base = document.includes("/") ? document.replace(/[^/]*$/, "") : "";
			expect(() => read(`${base}${link}`), `${document} names ${link}`).not.toThrow();
		}
	}
});
