// Reads the cases of the vector files: names of cases, and what stands for bytes, texts and values in them.
// vectors/README.md says what each stand-in means. Whatever is not known here is an error: a case that is not understood has failed.
import { createHash } from "node:crypto";

/** @typedef {Record<string, any>} Fields */

/** Fields that tell about a case and are no part of it. */
const about =
	/^(id|note|label|class|basis|what|generatedWith|goPort|nodeReads|fileMode|seedClaimCheck|informative_.*|reference.*)$/;

/**
 * @param {Fields} fields
 * @param {number} position
 * @returns {string} `id`, else `file`, else the position
 */
export const caseName = (fields, position) => String(fields.id ?? fields.file ?? position);

/**
 * @param {Fields} fields
 * @returns {boolean} whether refusing passes as well as the value that is shown
 */
export const mayRefuse = (fields) => ["lenient", "references-differ"].includes(fields.class ?? fields.basis);

/**
 * @param {Fields} fields
 * @param {...string} known names of fields; `name*` also stands for its forms (`nameBase64`, `nameSha1` and so on)
 * @throws {Error} when there is another field
 */
export function demandKnown(fields, ...known) {
	for (const name of Object.keys(fields)) {
		const found = known.some((each) => (each.endsWith("*") ? name.startsWith(each.slice(0, -1)) : name === each));
		if (!found && !about.test(name)) throw new Error(`unknown field ${name}`);
	}
}

/** @param {{ seed: number, length: number }} of */
export function lcgBytes({ seed, length }) {
	const bytes = new Uint8Array(length);
	let x = seed >>> 0;
	for (let at = 0; at < length; at++) {
		x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
		bytes[at] = x >>> 24;
	}
	return bytes;
}

/** @param {string} text */
function fromHex(text) {
	if (!/^([0-9a-f]{2})*$/.test(text)) throw new Error("expected lower-case hex");
	return Uint8Array.from(Buffer.from(text, "hex"));
}

/** @param {string} text */
function fromBase64(text) {
	const bytes = Buffer.from(text, "base64");
	if (bytes.toString("base64") !== text) throw new Error("expected standard base64");
	return Uint8Array.from(bytes);
}

/** @type {Readonly<Record<string, (value: any) => Uint8Array>>} */
const byteForms = {
	Utf8Base64: fromBase64,
	Utf8Hex: fromHex,
	Base64: fromBase64,
	Hex: fromHex,
	Lcg: lcgBytes,
	Fill: ({ byte, length }) => new Uint8Array(length).fill(byte),
};

/**
 * @param {Fields} fields
 * @param {string} name `data` for `dataBase64`, `dataHex`, `dataLcg` or `dataFill`
 * @returns {Uint8Array | undefined} `undefined` when the case has none, or `null`
 */
export function bytesOf(fields, name) {
	for (const [form, decode] of Object.entries(byteForms)) {
		const value = fields[name + form];
		if (value !== undefined) return value === null ? undefined : decode(value);
	}
	return undefined;
}

/**
 * @param {Fields} fields
 * @param {string} name
 * @returns {Uint8Array}
 */
export function demandBytes(fields, name) {
	const bytes = bytesOf(fields, name);
	if (bytes === undefined) throw new Error(`expected ${name} as Base64, Hex, Lcg or Fill`);
	return bytes;
}

/**
 * @param {Fields} fields
 * @param {string} name `text` for `text`, `textLcg`, `textUtf16Units`, `textUtf8Base64` and so on
 * @returns {string}
 */
export function textOf(fields, name) {
	if (fields[name] !== undefined) return realValue(fields[name]);
	const units = fields[`${name}Utf16Units`];
	if (units !== undefined) return String.fromCharCode(...units);
	const lcg = fields[`${name}Lcg`];
	if (lcg?.repeat !== undefined) return realValue(lcg);
	if (lcg?.alphabet !== undefined) return String.fromCharCode(...lcgBytes(lcg).map((byte) => 32 + (byte % 95)));
	const bytes = bytesOf(fields, name);
	if (bytes === undefined) throw new Error(`expected ${name}`);
	return Buffer.from(bytes).toString("utf8");
}

/**
 * A value with its stand-ins replaced: `{undefined:true}`, `{nonFinite:name}` and `{repeat,times}`, at any depth.
 * @param {any} value
 * @returns {any}
 */
export function realValue(value) {
	if (Array.isArray(value)) return value.map(realValue);
	if (typeof value !== "object" || value === null) return value;
	if (value.undefined === true) return undefined;
	if (value.nonFinite !== undefined) {
		if (!["NaN", "Infinity", "-Infinity"].includes(value.nonFinite)) throw new Error("unknown nonFinite");
		return Number(value.nonFinite);
	}
	if (value.repeat !== undefined && value.times !== undefined) return String(value.repeat).repeat(value.times);
	return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, realValue(inner)]));
}

/**
 * @param {Uint8Array | string} value a text counts as its UTF-8
 * @param {string} [algorithm]
 */
export const digest = (value, algorithm = "sha256") => createHash(algorithm).update(value).digest("hex");

/** @param {Uint8Array | undefined} bytes */
export const hexOf = (bytes) => (bytes === undefined ? undefined : Buffer.from(bytes).toString("hex"));

/**
 * What differs between bytes and what a case says about them under a name, in any of its forms.
 * @param {Uint8Array} got
 * @param {Fields} fields
 * @param {string} name
 * @returns {Comparison[]}
 */
export function compareBytes(got, fields, name) {
	/** @type {Comparison[]} */
	const compared = [];
	const whole = bytesOf(fields, name);
	if (whole !== undefined) compared.push([name, hexOf(whole), hexOf(got)]);
	const plain = fields[name];
	const length = fields[`${name}Length`] ?? plain?.length;
	const sha256 = fields[`${name}Sha256`] ?? plain?.sha256;
	if (length !== undefined) compared.push([`${name} length`, length, got.length]);
	if (sha256 !== undefined) compared.push([`${name} sha256`, sha256, digest(got)]);
	if (compared.length === 0) throw new Error(`expected ${name}, or its length and sha256`);
	return compared;
}

/** @typedef {readonly [what: string, expected: unknown, got: unknown]} Comparison */
/** @typedef {{ file: string, case: string, passed: boolean, expected?: unknown, got?: unknown }} Result */

/**
 * Carries out one case: it has passed when every comparison is equal (as JSON). What throws has failed.
 * @param {string} file
 * @param {string} name
 * @param {() => Promise<readonly Comparison[]> | readonly Comparison[]} work
 * @returns {Promise<Result>}
 */
export async function runCase(file, name, work) {
	try {
		const different = (await work()).filter(([, expected, got]) => JSON.stringify(expected) !== JSON.stringify(got));
		if (different.length === 0) return { file, case: name, passed: true };
		const side = (/** @type {1 | 2} */ at) => Object.fromEntries(different.map((each) => [each[0], each[at]]));
		return { file, case: name, passed: false, expected: side(1), got: side(2) };
	} catch (error) {
		const got = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
		return { file, case: name, passed: false, expected: "a result", got };
	}
}

/**
 * @template T
 * @param {() => Promise<T> | T} work
 * @returns {Promise<{ value: T, error?: undefined } | { value?: undefined, error: any }>} what it gave, or what it threw
 */
export async function outcomeOf(work) {
	try {
		return { value: await work() };
	} catch (error) {
		return { error };
	}
}
