// What the vectors of dm3 have in common.
import { stringify } from "@mindoodb/formats/dm3";
import { nodeAead, nodeRandom } from "@mindoodb/formats/node";
import { caseName, demandKnown, digest, outcomeOf, realValue } from "./stand-ins.mjs";

/** @typedef {import("./stand-ins.mjs").Fields} Fields */
/** @typedef {import("./stand-ins.mjs").Comparison} Comparison */
/** @typedef {import("@mindoodb/formats/dm3").Dm3Crypto} Dm3Crypto */
/** @typedef {import("@mindoodb/formats/dm3").Envelope} Envelope */
/** @typedef {() => Promise<readonly Comparison[]> | readonly Comparison[]} Work */
/** @typedef {readonly (readonly [name: string, work: Work])[]} Works */

/** @type {Dm3Crypto} */
export const crypto = { random: nodeRandom, aead: nodeAead("chacha20-poly1305") };

/**
 * @param {Fields} content
 * @param {string[]} known names of its parts
 * @returns {Works} a case that fails when the file has other parts
 */
export function unknownParts(content, ...known) {
	try {
		demandKnown(content, "format", "generatedWith", ...known);
		return [];
	} catch (error) {
		return [["parts", () => Promise.reject(error)]];
	}
}

/**
 * @param {Fields[] | undefined} list
 * @param {string} prefix of the cases' names
 * @param {(fields: Fields) => ReturnType<Work>} work
 * @returns {Works}
 */
export function each(list, prefix, work) {
	return (list ?? []).map((fields, at) => [`${prefix}${caseName(fields, at)}`, () => work(fields)]);
}

/** @param {() => unknown} work */
export const throws = async (work) => (await outcomeOf(work)).error !== undefined;

/** @param {Envelope} envelope */
export const textOfMessage = ({ message }) => message.message;

/**
 * What was got, in the form in which it is expected: a text that `{length, sha256}` stands for becomes such, at any depth.
 * @param {any} expected
 * @param {any} got
 * @returns {any}
 */
export function shapedAs(expected, got) {
	if (Array.isArray(expected) && Array.isArray(got)) return got.map((item, at) => shapedAs(expected[at], item));
	if (!isMap(expected)) return got;
	if (typeof got === "string") {
		const facts = { ...expected, length: Buffer.byteLength(got), sha256: digest(got) };
		return expected.length === undefined || expected.sha256 === undefined ? got : facts;
	}
	if (!isMap(got)) return got;
	return Object.fromEntries(Object.entries(got).map(([key, item]) => [key, shapedAs(expected[key], item)]));
}

/** @param {any} value */
const isMap = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * @param {string} what
 * @param {unknown} given
 * @param {unknown} got
 * @returns {Comparison} whatever the order of keys
 */
export function compareShaped(what, given, got) {
	const expected = realValue(given);
	return [what, stringify(expected), stringify(shapedAs(expected, got))];
}
