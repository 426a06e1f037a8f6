// The simulator of packages/testing, by its files: the package's entry brings the test runner.
import { nodeEnv } from "mindoodb";

const folder = new URL("../../packages/testing/dist/simulator/", import.meta.url);
const { run, scenarioOf } = await import(new URL("run.js", folder).href);
const { describeFailure, shrink } = await import(new URL("shrink.js", folder).href);
const template = await import(new URL("template.js", folder).href);

export { run, scenarioOf };

export const makeTemplate = async () => template.makeTemplate(await nodeEnv());

/** A shorter course of events that fails like the one of a seed. @param {unknown} made @param {number} seed @returns {Promise<string>} */
export const shrunk = async (made, seed) => describeFailure(await shrink(made, scenarioOf(made, seed)));
