// The vectors of PAMPA that run through a store or a codemap: A9 sequences, A10 codemap, A11 what a real run of the indexer left.
import { nodeAead, nodeGzip, nodeRandom } from "@mindoodb/formats/node";
import {
	decodeCodemap,
	encodeCodemap,
	mergeEntry,
	neededShas,
	normalizeEntry,
	PampaChunkStore,
	PampaError,
	shaOf,
} from "@mindoodb/formats/pampa";
import { memoryFolder } from "./memory-folder.mjs";
import { compareRead } from "./pampa-read.mjs";
import { bytesOf, caseName, demandBytes, demandKnown, outcomeOf, realValue, runCase, textOf } from "./stand-ins.mjs";

/** @typedef {import("./stand-ins.mjs").Fields} Fields */
/** @typedef {import("./stand-ins.mjs").Comparison} Comparison */
/** @typedef {import("./stand-ins.mjs").Result} Result */

const ports = { gzip: nodeGzip, aead: nodeAead("aes-256-gcm"), random: nodeRandom };

/**
 * @param {string} file
 * @param {Fields} content
 * @returns {Promise<Result[]>}
 */
export async function runLifecycle(file, content) {
	demandKnown(content, "format", "scenarios");
	/** @type {Result[]} */
	const results = [];
	for (const [position, scenario] of content.scenarios.entries()) {
		results.push(
			await runCase(file, caseName(scenario, position), async () => {
				demandKnown(scenario, "steps");
				const folder = memoryFolder();
				/** @type {Comparison[]} */
				const compared = [];
				for (const [at, step] of scenario.steps.entries()) {
					const where = `step ${at} ${step.op}`;
					for (const [what, expected, got] of await takeStep(folder, step))
						compared.push([`${where}: ${what}`, expected, got]);
					compared.push([`${where}: files`, step.filesAfter, [...folder.files.keys()].sort()]);
				}
				return compared;
			}),
		);
	}
	return results;
}

/**
 * @param {ReturnType<typeof memoryFolder>} folder
 * @param {Fields} step
 * @returns {Promise<readonly Comparison[]>}
 */
async function takeStep(folder, step) {
	demandKnown(step, "op", "text*", "sha", "key*", "returned", "expected", "filesAfter", "file*");
	const key = bytesOf(step, "key");
	const store = new PampaChunkStore(folder, {
		...ports,
		...(key && { key }),
		...(step.op === "writeEnabledNoKey" && { encrypt: true }),
	});
	switch (step.op) {
		case "write":
		case "writeEnabledNoKey": {
			const { sha, encrypted, fileName } = await store.write(textOf(step, "text"));
			return [
				["sha", step.sha, sha],
				["returned", step.returned, { encrypted, fileName }],
			];
		}
		case "read":
			return compareRead(step.expected, await outcomeOf(() => store.read(step.sha, { verify: false })));
		case "remove":
			await store.remove(step.sha);
			return [];
		case "putFile":
			folder.files.set(step.fileName, demandBytes(step, "file"));
			return [];
		default:
			throw new Error(`unknown operation ${step.op}`);
	}
}

/**
 * @param {string} file
 * @param {Fields} content
 * @returns {Promise<Result[]>}
 */
export async function runCodemap(file, content) {
	demandKnown(content, "format", "locale", "normalize", "write", "merge");
	/** @type {Result[]} */
	const results = [];
	/** @type {(name: string, cases: unknown, work: (each: Fields) => readonly Comparison[]) => Promise<void>} */
	const all = async (name, cases, work) => {
		for (const [position, each] of /** @type {Fields[]} */ ([cases ?? []].flat()).entries()) {
			results.push(await runCase(file, `${name} ${caseName(each, position)}`, () => work(each)));
		}
	};
	await all("normalize", content.normalize, (each) => {
		demandKnown(each, "input", "outputJson");
		return [["entry", each.outputJson, JSON.stringify(normalizeEntry(realValue(each.input)))]];
	});
	await all("merge", content.merge, (each) => {
		demandKnown(each, "raw", "previous", "outputJson");
		return [["entry", each.outputJson, JSON.stringify(mergeEntry(realValue(each.raw), realValue(each.previous)))]];
	});
	await all("write", content.write, (each) => {
		demandKnown(each, "input", "fileText", "keyOrder");
		const text = encodeCodemap(new Map(Object.entries(realValue(each.input))));
		/** @type {Comparison[]} */
		const compared = [["read and written again", each.fileText, encodeCodemap(decodeCodemap(text))]];
		if (each.fileText !== undefined) compared.push(["text", each.fileText, text]);
		if (each.keyOrder !== undefined) compared.push(["order of keys", each.keyOrder, Object.keys(JSON.parse(text))]);
		return compared;
	});
	return results;
}

/**
 * @param {string} file
 * @param {Fields} content
 * @returns {Promise<Result[]>}
 */
export async function runIndex(file, content) {
	demandKnown(content, "format", "keyHex", "files", "steps", "sharedSha");
	const key = demandBytes(content, "key");
	let folder = memoryFolder();
	/** @type {Result[]} */
	const results = [];
	for (const [position, given] of content.steps.entries()) {
		const step = { sharedSha: content.sharedSha, ...given };
		results.push(
			await runCase(file, `${position} ${step.do}`, async () => {
				demandKnown(
					step,
					"do",
					"sha",
					"outcome",
					"chunkFiles",
					"codemapText",
					"codeChunksRows",
					"decoded",
					"recommended",
					"sharedSha",
				);
				if (step.do.startsWith("getChunk")) return askFor(folder, step, key);
				if (step.chunkFiles === undefined) throw new Error("unknown operation");
				const before = folder;
				if (step.decoded !== undefined) folder = await storeDecoded(step, key);
				const compared = compareIndex(step, folder);
				return [...compared, ...(await keepShared(step, before, folder, key))];
			}),
		);
	}
	return results;
}

/**
 * @param {ReturnType<typeof memoryFolder>} folder
 * @param {Fields} step
 * @param {Uint8Array} key
 * @returns {Promise<Comparison[]>}
 */
async function askFor(folder, step, key) {
	const store = new PampaChunkStore(folder, { ...ports, ...(/without key/.test(step.do) ? {} : { key }) });
	const { value, error } = await outcomeOf(() => store.getChunk(step.sha ?? step.sharedSha));
	if (error !== undefined && !(error instanceof PampaError)) throw error;
	// Words that recommend something say that the chunk is to be there.
	const outcome = typeof step.recommended === "string" ? { success: true } : (step.recommended ?? step.outcome);
	const compared = /** @type {Comparison[]} */ ([["success", outcome.success, error === undefined]]);
	if (outcome.success && outcome.code !== undefined) compared.push(["code", outcome.code, value]);
	return compared;
}

/**
 * The files that a step left, written anew: the vectors have their texts.
 * @param {Fields} step
 * @param {Uint8Array} key
 */
async function storeDecoded(step, key) {
	const folder = memoryFolder();
	for (const chunk of step.decoded) {
		demandKnown(chunk, "sha", "encrypted", "code*");
		await new PampaChunkStore(folder, { ...ports, ...(chunk.encrypted && { key }) }).write(textOf(chunk, "code"));
	}
	return folder;
}

/**
 * @param {Fields} step
 * @param {ReturnType<typeof memoryFolder>} folder
 * @returns {Comparison[]}
 */
function compareIndex(step, folder) {
	/** @type {Comparison[]} */
	const compared = [];
	if (step.codemapText !== undefined) {
		const again = encodeCodemap(decodeCodemap(step.codemapText));
		compared.push(["codemap read and written again", step.codemapText, again]);
	}
	if (step.decoded === undefined) return compared;
	for (const chunk of step.decoded) compared.push(["sha", chunk.sha, shaOf(textOf(chunk, "code"))]);
	compared.push(["files", step.chunkFiles.toSorted(), [...folder.files.keys()].sort()]);
	return compared;
}

/**
 * The reference removes a chunk of one entry though another one needs it; ours keeps it.
 * @param {Fields} step
 * @param {ReturnType<typeof memoryFolder>} before
 * @param {ReturnType<typeof memoryFolder>} after is given the chunks that ours keeps
 * @param {Uint8Array} key
 * @returns {Promise<Comparison[]>}
 */
async function keepShared(step, before, after, key) {
	if (step.codemapText === undefined) return [];
	const codemap = decodeCodemap(step.codemapText);
	const store = new PampaChunkStore(before, { ...ports, key });
	/** @type {Comparison[]} */
	const compared = [];
	for (const sha of neededShas(codemap)) {
		const [own, kept] = [after, before].map((folder) => [...folder.files].filter(([name]) => name.startsWith(sha)));
		if (own.length > 0 || kept.length === 0) continue;
		compared.push([`${sha} removed though it is needed`, false, await store.remove(sha, { codemap })]);
		compared.push([`${sha} still there`, undefined, (await outcomeOf(() => store.getChunk(sha))).error?.code]);
		for (const [name, bytes] of kept) after.files.set(name, bytes);
	}
	const { chunkFiles } = step.recommended ?? {};
	if (chunkFiles !== undefined)
		compared.push(["files as recommended", chunkFiles.toSorted(), [...after.files.keys()].sort()]);
	return compared;
}
