import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { run } from "./apack.mjs";

it("all vectors of APACK pass: 36 openings of 32 archives, 72 damaged ones, 40 of their parts", async () => {
	const results = await run(fileURLToPath(new URL("../../vectors/apack", import.meta.url)));
	expect(results.filter(({ passed }) => !passed)).toEqual([]);
	expect(results).toHaveLength(148);
});
