import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { run } from "./pampa.mjs";

it("all vectors of PAMPA pass", async () => {
	const results = await run(fileURLToPath(new URL("../../vectors/pampa", import.meta.url)));
	expect(results.filter(({ passed }) => !passed)).toEqual([]);
	expect(results.length).toBe(156);
});
