// Compares what reading a PAMPA chunk gave with what a vector expects.
import { PampaError } from "@mindoodb/formats/pampa";
import { demandKnown, digest, textOf } from "./stand-ins.mjs";

/** @typedef {import("./stand-ins.mjs").Fields} Fields */
/** @typedef {import("./stand-ins.mjs").Comparison} Comparison */

/**
 * @param {Fields} expected `{result}` (`null` for a chunk that is not there) or `{error}`
 * @param {{ value?: import("@mindoodb/formats/pampa").ReadChunk | undefined, error?: any }} got
 * @returns {Comparison[]}
 */
export function compareRead(expected, { value, error }) {
	demandKnown(expected, "result", "error");
	const typed = error instanceof PampaError;
	if (error !== undefined && !typed) throw error;
	if (expected.error !== undefined) {
		demandKnown(expected.error, "code", "message");
		return [
			["code", expected.error.code, error?.code],
			["message", beforeColon(expected.error.message), beforeColon(error?.message)],
		];
	}
	const { result } = expected;
	if (error !== undefined) return [["result", result, { code: error.code, message: error.message }]];
	if (result === null) return [["result", "nothing", value === undefined ? "nothing" : "a chunk"]];
	demandKnown(result, "encrypted", "code*");
	const code = value?.code ?? "";
	/** @type {Comparison[]} */
	const compared = [["encrypted", result.encrypted, value?.encrypted]];
	if (typeof result.code === "string" || result.codeUtf16Units) compared.push(["code", textOf(result, "code"), code]);
	if (result.codeLength !== undefined) compared.push(["code length", result.codeLength, code.length]);
	const utf8 = new TextEncoder().encode(code);
	if (result.code?.sha256 !== undefined) compared.push(["sha256", result.code.sha256, digest(utf8)]);
	if (result.codeUtf8Length !== undefined) compared.push(["UTF-8 length", result.codeUtf8Length, utf8.length]);
	if (result.codeSha1 !== undefined) compared.push(["sha1", result.codeSha1, digest(utf8, "sha1")]);
	return compared;
}

/** @param {unknown} message */
export const beforeColon = (message) => String(message).split(": ", 1)[0];
