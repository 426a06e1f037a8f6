// The vectors of PAMPA chunk files: A1 to A13 but A9 to A11, which are in pampa-stores.mjs.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, gunzipSync } from "node:zlib";
import { nodeAead, nodeGzip, nodeRandom } from "@mindoodb/formats/node";
import {
	chunkFileNames,
	deriveChunkKey,
	encodeEncryptedFile,
	PampaChunkStore,
	PampaError,
	parseEncryptionKey,
	resolveEncryptionPreference,
	shaOf,
} from "@mindoodb/formats/pampa";
import { memoryFolder } from "./memory-folder.mjs";
import { beforeColon, compareRead } from "./pampa-read.mjs";
import { runCodemap, runIndex, runLifecycle } from "./pampa-stores.mjs";
import {
	bytesOf,
	caseName,
	compareBytes,
	demandBytes,
	demandKnown,
	digest,
	hexOf,
	mayRefuse,
	outcomeOf,
	realValue,
	runCase,
	textOf,
} from "./stand-ins.mjs";

/** @typedef {import("./stand-ins.mjs").Fields} Fields */
/** @typedef {import("./stand-ins.mjs").Comparison} Comparison */
/** @typedef {import("./stand-ins.mjs").Result} Result */
/** @typedef {(each: Fields, content: Fields) => Promise<readonly Comparison[]> | readonly Comparison[]} RunCase */

const ports = { gzip: nodeGzip, aead: nodeAead("aes-256-gcm"), random: nodeRandom };
const head = ["format", "lcgNote", "contentSha1", "content*", "goPortNote", "contentMatchesNameNote", "classNote"];

/**
 * @param {string} dir
 * @returns {Promise<Result[]>}
 */
export async function run(dir) {
	const files = readdirSync(dir).filter((name) => name.endsWith(".json") && !name.includes("informative"));
	const contents = new Map(files.map((file) => [file, JSON.parse(readFileSync(join(dir, file), "utf8"))]));
	const naming = [...contents].find(([file]) => file.startsWith("A1-"))?.[1];
	/** @type {Result[]} */
	const results = [];
	for (const [file, content] of [...contents].sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }))) {
		const kind = /^A\d+/.exec(file)?.[0] ?? "";
		const runFile = { A9: runLifecycle, A10: runCodemap, A11: runIndex }[kind];
		if (runFile !== undefined) results.push(...(await runFile(file, content)));
		else results.push(...(await runCases(file, content, kinds[kind], naming)));
	}
	return results;
}

/** @type {Readonly<Record<string, RunCase>>} */
const kinds = {
	A1: runNaming,
	A2: runPlainWrite,
	A3: runKeyDerivation,
	A4: runEncrypted,
	A5: runRead,
	A6: runRead,
	A7: runKey,
	A8: runPreference,
	A12: runForeign,
	A13: runGc,
};

/**
 * @param {string} file
 * @param {Fields} content
 * @param {RunCase | undefined} work
 * @param {Fields} naming the content of A1, which has the texts of A2 and A4
 * @returns {Promise<Result[]>}
 */
async function runCases(file, content, work, naming) {
	if (work === undefined) return [{ file, case: "-", passed: false, expected: "a kind that is known", got: file }];
	demandKnown(content, ...head, "cases", "seedExampleKeysAreTheSame");
	/** @type {Result[]} */
	const results = [];
	for (const [position, each] of content.cases.entries()) {
		results.push(await runCase(file, caseName(each, position), () => work(each, naming)));
	}
	return results;
}

/**
 * @param {Fields} naming
 * @param {string} sha
 */
function textBySha(naming, sha) {
	const found = naming?.cases.find((/** @type {Fields} */ each) => each.sha1 === sha);
	if (found === undefined) throw new Error(`A1 has no text of ${sha}`);
	return textOf(found, "text");
}

/** @type {RunCase} */
function runNaming(each) {
	demandKnown(each, "text*", "utf8*", "sha1", "plainName", "encryptedName");
	const text = textOf(each, "text");
	const names = chunkFileNames(shaOf(text));
	return [
		...compareBytes(new TextEncoder().encode(text), each, "utf8"),
		["sha1", each.sha1, shaOf(text)],
		["plain name", each.plainName, names.plain],
		["encrypted name", each.encryptedName, names.encrypted],
	];
}

/** @type {RunCase} */
async function runPlainWrite(each, naming) {
	demandKnown(each, "sha", "returned", "files", "header10Hex", "crc32Hex", "isize", "trailer8Hex", "gunzipSha256");
	const folder = memoryFolder();
	const store = new PampaChunkStore(folder, ports);
	const { sha, encrypted, fileName } = await store.write(textBySha(naming, each.sha));
	const file = folder.files.get(fileName) ?? new Uint8Array(0);
	const text = gunzipSync(file);
	return [
		["sha", each.sha, sha],
		["returned", each.returned, { encrypted, fileName }],
		["files", each.files, [...folder.files.keys()]],
		["header", each.header10Hex, hexOf(file.subarray(0, 10))],
		["trailer", each.trailer8Hex, hexOf(file.subarray(-8))],
		["length mod 2^32", each.isize, text.length],
		["text", each.gunzipSha256, digest(text)],
		["crc32", each.crc32Hex, crc32(text).toString(16).padStart(8, "0")],
	];
}

/** @type {RunCase} */
function runKeyDerivation(each) {
	demandKnown(each, "masterKey*", "salt*", "info", "derivedHex");
	if (each.info !== "pampa-chunk-v1") throw new Error("unknown info");
	const derived = deriveChunkKey(demandBytes(each, "masterKey"), demandBytes(each, "salt"));
	return [["derived", each.derivedHex, hexOf(derived)]];
}

/** @type {RunCase} */
async function runEncrypted(each, naming) {
	demandKnown(each, "sha", "masterKey*", "salt*", "iv*", "returned", "files", "file*", "gzip*", "tagHex", "read");
	const key = demandBytes(each, "masterKey");
	const random = queueOf([demandBytes(each, "salt"), demandBytes(each, "iv")]);
	const file = await encodeEncryptedFile(demandBytes(each, "gzip"), key, { random, aead: nodeAead("aes-256-gcm") });
	const text = textBySha(naming, each.sha);
	const folder = memoryFolder();
	const store = new PampaChunkStore(folder, { ...ports, key });
	const { encrypted, fileName } = await store.write(text);
	/** @type {Comparison[]} */
	const compared = [
		...compareBytes(file, { fileBase64: each.fileBase64, fileLength: each.fileLength }, "file"),
		["tag", each.tagHex, hexOf(file.subarray(-16))],
		["returned", each.returned, { encrypted, fileName }],
		["files", each.files, [...folder.files.keys()]],
	];
	folder.files.set(fileName, file);
	return [
		...compared,
		...compareRead(each.read, await outcomeOf(() => store.read(each.sha))),
		["text", text, await store.getChunk(each.sha)],
	];
}

/**
 * @param {Uint8Array[]} values
 * @returns {import("@mindoodb/formats/pampa").Random}
 */
function queueOf(values) {
	return {
		randomBytes(length) {
			const value = values.shift();
			if (value?.length !== length) throw new Error(`unexpected random bytes: ${length}`);
			return value;
		},
	};
}

/** @type {RunCase} */
async function runRead(each) {
	demandKnown(each, "sha", "file*", "key*", "expected", "contentMatchesName");
	const key = bytesOf(each, "key");
	const folder = memoryFolder([
		[chunkFileNames(each.sha)[each.keyHex === undefined ? "plain" : "encrypted"], demandBytes(each, "file")],
	]);
	const read = (/** @type {boolean} */ verify) =>
		outcomeOf(() => new PampaChunkStore(folder, { ...ports, ...(key && { key }) }).read(each.sha, { verify }));
	const loose = await read(false);
	const strict = await read(true);
	for (const { error } of [loose, strict]) if (error !== undefined && !(error instanceof PampaError)) throw error;
	if ((key !== undefined && key.length !== 32) || mayRefuse(each)) if (loose.error !== undefined) return [];
	const compared = compareRead(each.expected, loose);
	if (each.contentMatchesName !== undefined) {
		compared.push(["accepted with verify", each.contentMatchesName, strict.error === undefined]);
	}
	return compared;
}

/** @type {RunCase} */
async function runKey(each) {
	demandKnown(each, "env*", "keyHex", "errorMessage");
	const env = each.env === null ? undefined : textOf(each, "env");
	const { value, error } = await outcomeOf(() => parseEncryptionKey(env));
	if (error !== undefined && !(error instanceof PampaError)) throw error;
	if (mayRefuse(each) && error !== undefined) return [];
	return [
		["key", each.keyHex, hexOf(value) ?? null],
		[
			"error",
			each.errorMessage && beforeColon(each.errorMessage),
			error === undefined ? null : beforeColon(error.message),
		],
	];
}

/** @type {Readonly<Record<string, string | undefined>>} */
const environments = { unset: undefined, valid: "07".repeat(32), invalid: "short", blank: "   " };

/** @type {RunCase} */
async function runPreference(each) {
	demandKnown(each, "mode*", "env", "outcome");
	demandKnown(each.outcome, "enabled", "keyPresent", "reason", "throws");
	if (!Object.hasOwn(environments, each.env)) throw new Error("unknown env");
	const mode = Object.hasOwn(each, "mode") ? realValue(each.mode) : textOf(each, "mode");
	const { value, error } = await outcomeOf(() => resolveEncryptionPreference({ mode, key: environments[each.env] }));
	if (error !== undefined && !(error instanceof PampaError)) throw error;
	if (each.outcome.throws) return [["throws", beforeColon(each.outcome.throws), beforeColon(error?.message)]];
	if (error !== undefined) throw error;
	const { enabled, key, reason } = value ?? {};
	return [["outcome", each.outcome, { enabled, keyPresent: key !== undefined, reason }]];
}

/** @type {RunCase} */
async function runForeign(each) {
	demandKnown(each, "text*", "key*", "sha", "files", "file*");
	const key = bytesOf(each, "key");
	const folder = memoryFolder([[each.files[0], demandBytes(each, "file")]]);
	const found = await new PampaChunkStore(folder, { ...ports, ...(key && { key }) }).read(each.sha);
	return [
		["bytes", hexOf(bytesOf(each, "text") ?? new TextEncoder().encode(textOf(each, "text"))), hexOf(found?.bytes)],
		["encrypted", key !== undefined, found?.encrypted],
	];
}

/** @type {RunCase} */
async function runGc(each) {
	demandKnown(each, "files", "codemapShas", "tableShas", "remove", "missing", "staleTemp");
	const needed = [each.codemapShas ?? undefined, each.tableShas ?? undefined];
	const empty = () => memoryFolder(each.files.map((/** @type {string} */ name) => [name, new Uint8Array(0)]));
	const folder = empty();
	const planned = await new PampaChunkStore(folder, ports).gc({ needed, dryRun: true });
	const untouched = folder.files.size;
	const done = await new PampaChunkStore(folder, ports).gc({ needed, removeTemporary: true });
	const gone = new Set([...each.remove, ...each.staleTemp]);
	return [
		["remove", each.remove.toSorted(), planned.removed],
		["missing", each.missing.toSorted(), planned.missing],
		["stale temporary files", each.staleTemp.toSorted(), planned.temporary],
		["a dry run removes", 0, each.files.length - untouched],
		["done as planned", planned, done],
		[
			"left",
			each.files.filter((/** @type {string} */ name) => !gone.has(name)).sort(),
			[...folder.files.keys()].sort(),
		],
	];
}
