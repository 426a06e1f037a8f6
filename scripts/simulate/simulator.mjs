// The simulator of packages/testing, by its files: the package's entry brings the test runner.
import { nodeEnv } from "mindoodb";

const folder = new URL("../../packages/testing/dist/simulator/", import.meta.url);
const { run, scenarioOf } = await import(new URL("run.js", folder).href);
const { describeFailure, shrink } = await import(new URL("shrink.js", folder).href);
const template = await import(new URL("template.js", folder).href);
const { brokenTemplates } = await import(new URL("broken.js", folder).href);

export { run, scenarioOf };

/** @param {string | undefined} [broken] what is broken on purpose */
export async function makeTemplate(broken) {
	const made = await template.makeTemplate(await nodeEnv());
	if (broken === undefined) return made;
	if (!Object.hasOwn(brokenTemplates, broken))
		throw new Error(`--broken wants one of ${Object.keys(brokenTemplates).join(", ")}`);
	return brokenTemplates[broken](made);
}

/** A shorter course of events that fails like the one of a seed. @param {unknown} made @param {number} seed @returns {Promise<string>} */
export const shrunk = async (made, seed) => describeFailure(await shrink(made, scenarioOf(made, seed)));
