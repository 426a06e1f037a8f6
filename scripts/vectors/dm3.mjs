// The vectors of dm3's conversation storage.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readingWorks, writingWorks } from "./dm3-storage.mjs";
import { encryptionWorks, envelopeWorks, keyWorks, referenceWorks, stringifyWorks } from "./dm3-values.mjs";
import { runCase } from "./stand-ins.mjs";

/** @typedef {import("./stand-ins.mjs").Fields} Fields */
/** @typedef {import("./stand-ins.mjs").Result} Result */
/** @typedef {import("./dm3-cases.mjs").Works} Works */

/**
 * @param {string} dir
 * @returns {Promise<Result[]>}
 */
export async function run(dir) {
	/** @type {Result[]} */
	const results = [];
	const files = readdirSync(dir).filter((name) => name.endsWith(".json") && !name.includes("informative"));
	for (const file of files.sort()) {
		const content = JSON.parse(readFileSync(join(dir, file), "utf8"));
		const works = kinds[/^C\d+/.exec(file)?.[0] ?? ""]?.(content) ?? unknownFile();
		for (const [name, work] of works) results.push(await runCase(file, name, work));
	}
	return results;
}

/** @type {Readonly<Record<string, (content: Fields) => Works>>} */
const kinds = {
	C1: stringifyWorks,
	C2: keyWorks,
	C3: encryptionWorks,
	C5: referenceWorks,
	C6: readingWorks,
	C7: envelopeWorks,
	C8: writingWorks,
};

/** @returns {Works} */
function unknownFile() {
	return [["-", () => Promise.reject(new Error("a kind of vectors that is not known"))]];
}
