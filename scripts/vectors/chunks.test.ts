import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { run } from "./chunks.mjs";

it("all vectors of Chunks pass", async () => {
	const results = await run(fileURLToPath(new URL("../../vectors/chunks", import.meta.url)));
	expect(results.filter(({ passed }) => !passed)).toEqual([]);
	expect(results.length).toBe(73);
});
