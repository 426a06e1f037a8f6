// The vectors of XLattice "Chunks": B1 encode, B2 split, B3 decode, B4 reassembly, B5 streams.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
	decodeChunk,
	encodeChunk,
	encodeMessageFrame,
	FrameDecoder,
	maxDataLength,
	Reassembler,
	splitSource,
} from "@mindoodb/formats/chunks";
import { nodeHasher } from "@mindoodb/formats/node";
import {
	bytesOf,
	caseName,
	compareBytes,
	demandBytes,
	demandKnown,
	digest,
	hexOf,
	outcomeOf,
	runCase,
} from "./stand-ins.mjs";

/** @typedef {import("./stand-ins.mjs").Fields} Fields */
/** @typedef {import("./stand-ins.mjs").Comparison} Comparison */
/** @typedef {import("./stand-ins.mjs").Result} Result */
/** @typedef {"sha3-256" | "keccak-256"} Hash */

const head = ["format", "lcgNote", "hash"];
const sha3 = /** @type {const} */ ({ hash: "sha3-256", makeHasher: nodeHasher });

/**
 * @param {string} dir
 * @returns {Promise<Result[]>}
 */
export async function run(dir) {
	const files = readdirSync(dir).filter((name) => name.endsWith(".json") && !name.includes("informative"));
	/** @type {Result[]} */
	const results = [];
	for (const file of files.sort()) {
		const content = JSON.parse(readFileSync(join(dir, file), "utf8"));
		const runFile = kinds[/^B\d+/.exec(file)?.[0] ?? ""];
		results.push(...(await (runFile ?? runUnknown)(file, content)));
	}
	return results;
}

/** @type {Readonly<Record<string, (file: string, content: Fields) => Promise<Result[]>>>} */
const kinds = { B1: runEncode, B2: runSplit, B3: runDecode, B4: runReassembly, B5: runStreams };

/**
 * @param {string} file
 * @returns {Promise<Result[]>}
 */
async function runUnknown(file) {
	return [{ file, case: "-", passed: false, expected: "a kind of vectors that is known", got: file }];
}

/**
 * @param {string} file
 * @param {readonly Fields[]} cases
 * @param {(each: Fields) => Promise<readonly Comparison[]> | readonly Comparison[]} work
 * @returns {Promise<Result[]>}
 */
async function runAll(file, cases, work) {
	/** @type {Result[]} */
	const results = [];
	for (const [position, each] of cases.entries()) {
		results.push(await runCase(file, caseName(each, position), () => work(each)));
	}
	return results;
}

/** @type {(variants: Fields) => [Hash, Fields][]} */
const variantsOf = (variants) => {
	demandKnown(variants, "sha3-256", "keccak-256");
	return /** @type {[Hash, Fields][]} */ (Object.entries(variants));
};

/** @type {(file: string, content: Fields) => Promise<Result[]>} */
async function runEncode(file, content) {
	demandKnown(content, ...head, "cases", "encodeErrors");
	const encoded = await runAll(file, content.cases, (each) => {
		demandKnown(each, "data*", "index", "storedLengthHex", "packetLength", "variants");
		const data = demandBytes(each, "data");
		return variantsOf(each.variants).flatMap(([hash, variant]) => {
			demandKnown(variant, "datumHex", "packet*", "header48Hex", "chunkHashHex");
			const options = { hash, makeHasher: nodeHasher };
			const hasher = nodeHasher(hash);
			hasher.update(data);
			const datum = hasher.digest();
			const packet = encodeChunk({ index: each.index, datum, data }, options);
			const chunk = decodeChunk(packet, options);
			/** @type {Comparison[]} */
			const compared = [
				["datum", variant.datumHex, hexOf(datum)],
				["stored length", each.storedLengthHex, hexOf(packet.subarray(8, 12))],
				["packet length", each.packetLength, packet.length],
				...compareBytes(packet, variant, "packet"),
				["index read back", each.index, chunk.index],
				["datum read back", variant.datumHex, hexOf(chunk.datum)],
				["data read back", digest(data), digest(chunk.data)],
			];
			if (each.dataLength !== undefined) compared.push(["data length", each.dataLength, data.length]);
			if (variant.header48Hex) compared.push(["header", variant.header48Hex, hexOf(packet.subarray(0, 48))]);
			if (variant.chunkHashHex) compared.push(["hash", variant.chunkHashHex, hexOf(packet.subarray(-32))]);
			return compared.map(([what, expected, got]) => [`${hash} ${what}`, expected, got]);
		});
	});
	const datum = new Uint8Array(32);
	const one = new Uint8Array(1);
	/** @type {Record<string, any>} */
	const refused = {
		"empty-data": { index: 0, datum, data: new Uint8Array(0) },
		"nil-data": { index: 0, datum, data: undefined },
		"nil-datum": { index: 0, datum: undefined, data: one },
		"too-long": { index: 0, datum, data: new Uint8Array(maxDataLength + 1) },
	};
	const errors = await runAll(file, content.encodeErrors ?? [], async (each) => {
		demandKnown(each, "expected");
		const chunk = refused[each.id];
		if (chunk === undefined || each.expected !== "refuse") throw new Error("unknown operation");
		const { error } = await outcomeOf(() => encodeChunk(chunk));
		return [["error", "ChunkError", error?.name]];
	});
	return [...encoded, ...errors];
}

/** @type {(file: string, content: Fields) => Promise<Result[]>} */
async function runSplit(file, content) {
	demandKnown(content, ...head, "cases");
	return runAll(file, content.cases, async (each) => {
		demandKnown(each, "file*", "variants");
		const bytes = demandBytes(each, "file");
		const source = {
			size: bytes.length,
			read: async (/** @type {number} */ at, /** @type {number} */ n) => bytes.subarray(at, at + n),
		};
		/** @type {Comparison[]} */
		const compared = [["file sha256", each.fileSha256, digest(bytes)]];
		for (const [hash, variant] of variantsOf(each.variants)) {
			demandKnown(variant, "datumHex", "chunks");
			const options = { hash, makeHasher: nodeHasher };
			const reassembler = new Reassembler({ makeHasher: nodeHasher });
			const found = [];
			for await (const packet of splitSource(source, options)) {
				const chunk = decodeChunk(packet, options);
				reassembler.add(chunk);
				found.push({
					index: chunk.index,
					dataLength: chunk.data.length,
					packetLength: packet.length,
					chunkHashHex: hexOf(chunk.chunkHash),
					packetSha256: digest(packet),
				});
			}
			const [message] = reassembler.messages;
			compared.push([`${hash} datum`, variant.datumHex, hexOf(message?.datum)]);
			compared.push([`${hash} chunks`, variant.chunks, found]);
			compared.push([`${hash} joined`, each.fileSha256, digest(message?.message() ?? "nothing")]);
		}
		return compared;
	});
}

/** @type {(file: string, content: Fields) => Promise<Result[]>} */
async function runDecode(file, content) {
	demandKnown(content, ...head, "cases");
	return runAll(file, content.cases, async (each) => {
		demandKnown(each, "packet*", "expected", "hash");
		demandKnown(each.expected, "ok", "reject");
		const packet = demandBytes(each, "packet");
		const options = { ...sha3, hash: each.hash ?? content.hash ?? "sha3-256" };
		const { value, error } = await outcomeOf(() => decodeChunk(packet, options));
		const { ok, reject } = each.expected;
		if (reject !== undefined) {
			const codes = reject.split("-or-");
			/** @type {Comparison[]} */
			const compared = [["code", reject, codes.includes(error?.code) ? reject : (error?.code ?? "accepted")]];
			if (each.id === "keccak-hash-in-sha3-mode") {
				const other = await outcomeOf(() => decodeChunk(packet, { hash: "keccak-256" }));
				compared.push(["with keccak-256", "keccak-256", other.value?.hash]);
			}
			return compared;
		}
		demandKnown(ok, "index", "datumHex", "data*");
		if (error !== undefined) throw error;
		return [
			["index", ok.index, value?.index],
			["datum", ok.datumHex, hexOf(value?.datum)],
			...compareBytes(value?.data ?? new Uint8Array(0), ok, "data"),
			["written again", hexOf(packet), value && hexOf(encodeChunk(value, options))],
		];
	});
}

/** @type {(file: string, content: Fields) => Promise<Result[]>} */
async function runReassembly(file, content) {
	demandKnown(content, ...head, "scenarios");
	return runAll(file, content.scenarios, async (scenario) => {
		demandKnown(scenario, "packets*", "expected", "alternativeAccepted");
		const { rejected, messages } = await reassemble(scenario, scenario.hash ?? content.hash);
		const expected = scenario.expected;
		demandKnown(expected, "messages", "rejectedPackets", "alternativeAccepted");
		const main = compareMessages(expected, messages, rejected);
		const alternative = scenario.alternativeAccepted ?? expected.alternativeAccepted;
		if (typeof alternative !== "object" || alternative === null || main.every(equal)) return main;
		const others = Array.isArray(alternative)
			? alternative
			: (alternative.messages ?? expected.messages.map((/** @type {Fields} */ each) => ({ ...each, ...alternative })));
		const second = compareMessages({ ...expected, messages: others }, messages, rejected);
		return second.every(equal) ? second : main;
	});
}

/** @param {Comparison} comparison */
const equal = ([, expected, got]) => JSON.stringify(expected) === JSON.stringify(got);

/**
 * @param {Fields} scenario
 * @param {Hash} [hash]
 */
async function reassemble(scenario, hash = "sha3-256") {
	const packets = scenario.packetsBase64 ?? scenario.packetsHex;
	if (!Array.isArray(packets)) throw new Error("expected packets");
	const form = scenario.packetsBase64 === undefined ? "Hex" : "Base64";
	const reassembler = new Reassembler({ makeHasher: nodeHasher });
	/** @type {{ position: number, surplus: boolean }[]} */
	const rejected = [];
	for (const [position, packet] of packets.entries()) {
		const bytes = bytesOf({ [`packet${form}`]: packet }, "packet") ?? new Uint8Array(0);
		const { error } = await outcomeOf(() => reassembler.add(decodeChunk(bytes, { hash, makeHasher: nodeHasher })));
		if (error !== undefined && error.name !== "ChunkError") throw error;
		if (error !== undefined) rejected.push({ position, surplus: error.code === "surplus" });
	}
	return { rejected, messages: reassembler.messages };
}

/**
 * @param {Fields} expected
 * @param {readonly import("@mindoodb/formats/chunks").MessageAssembly[]} messages
 * @param {readonly { position: number, surplus: boolean }[]} rejected
 * @returns {Comparison[]}
 */
function compareMessages(expected, messages, rejected) {
	const wanted = expected.rejectedPackets;
	// A chunk behind the end of a complete message is refused; where a file does not list it, that is no difference.
	const positions = rejected.filter(({ surplus }) => wanted !== undefined || !surplus).map(({ position }) => position);
	/** @type {Comparison[]} */
	const compared = [
		["rejected packets", wanted ?? [], positions],
		[
			"messages",
			expected.messages.map((/** @type {Fields} */ each) => each.datumHex).sort(),
			messages.map((each) => hexOf(each.datum)).sort(),
		],
	];
	for (const each of expected.messages) {
		demandKnown(each, "datumHex", "complete", "file*", "missingIndexes", "conflictIndexes");
		const message = messages.find(({ datum }) => hexOf(datum) === each.datumHex);
		const bytes = message?.message();
		compared.push(["complete", each.complete, message?.complete]);
		compared.push(["bytes are there", each.complete, bytes !== undefined]);
		if (each.complete && bytes !== undefined) compared.push(...compareBytes(bytes, each, "file"));
		if (each.missingIndexes !== undefined) {
			compared.push(["missing", rangesOf(each.missingIndexes), rangesOf(message?.missing() ?? [])]);
		}
		if (each.conflictIndexes !== undefined) compared.push(["conflicts", each.conflictIndexes, message?.conflicts]);
	}
	return compared;
}

/**
 * Indexes and ranges of them as ranges: 3, [3, 5], { from: 3, to: 5 }, "3-5".
 * @param {readonly any[]} indexes
 */
function rangesOf(indexes) {
	/** @type {[number, number][]} */
	const ranges = [];
	for (const each of indexes) {
		const [from, to = from] =
			typeof each === "string"
				? (each.match(/\d+/g) ?? []).map(Number)
				: Array.isArray(each)
					? each
					: [each.from ?? each, each.to];
		const last = ranges.at(-1);
		if (last !== undefined && last[1] + 1 === from) last[1] = to;
		else ranges.push([from, to]);
	}
	return ranges;
}

/** @type {(file: string, content: Fields) => Promise<Result[]>} */
async function runStreams(file, content) {
	demandKnown(content, ...head, "cases");
	return runAll(file, content.cases, (each) => {
		demandKnown(each, "stream*", "expectedFrames", "badFrames", "error", "atEnd", "alternative", "expectedIfAccepted");
		const stream = demandBytes(each, "stream");
		const pieces = [stream.length, 1, 7];
		return pieces.flatMap((length) =>
			compareFrames(each, readInPieces(stream, length)).map(
				([what, expected, got]) => /** @type {Comparison} */ ([`${what}, ${length} bytes at a time`, expected, got]),
			),
		);
	});
}

/**
 * @param {Uint8Array} stream
 * @param {number} length
 */
function readInPieces(stream, length) {
	const decoder = new FrameDecoder({ ...sha3, maxMessageLength: 2 ** 26 });
	/** @type {import("@mindoodb/formats/chunks").Frame[]} */
	const frames = [];
	try {
		for (let start = 0; start < stream.length; start += length) {
			decoder.push(stream.subarray(start, start + length));
			for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(frame);
		}
		decoder.end();
		return { frames, code: undefined };
	} catch (error) {
		if (!(error instanceof Error) || error.name !== "ChunkError") throw error;
		return { frames, code: /** @type {any} */ (error).code };
	}
}

/**
 * What a stream's error may be called beside our code.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const otherWords = {
	"zero-length": ["zero", "empty", "length"],
	limit: ["too-long", "too-large", "length"],
	varint: ["length", "overlong"],
};

/**
 * @param {Fields} each
 * @param {ReturnType<typeof readInPieces>} got
 * @returns {Comparison[]}
 */
function compareFrames(each, { frames, code }) {
	const good = frames.filter((frame) => frame.kind !== "damaged-chunk");
	const bad = frames.flatMap((frame, position) => (frame.kind === "damaged-chunk" ? [position] : []));
	if (each.alternative !== undefined && code !== undefined) return [];
	const accepted = each.expectedIfAccepted ?? each.alternative?.expectedIfAccepted;
	const wanted = (each.alternative === undefined ? undefined : accepted) ?? each.expectedFrames;
	const atEnd = each.atEnd === "ok" ? undefined : each.atEnd?.replace(/^error: /, "");
	const error = each.error ?? atEnd;
	const words = error?.split("-or-") ?? [];
	/** @type {Comparison[]} */
	const compared = [
		["frames", wanted.length, good.length],
		["bad frames", each.badFrames ?? [], bad],
		[
			"error",
			error ?? "none",
			[code, ...(otherWords[code] ?? [])].some((word) => words.includes(word)) ? error : (code ?? "none"),
		],
	];
	for (const [position, frame] of good.entries()) {
		const expected = wanted[position] ?? {};
		demandKnown(expected, "chunk", "protobuf");
		const { chunk, protobuf } = expected;
		if (frame.kind === "chunk") {
			demandKnown(chunk ?? {}, "index", "datumHex", "data*");
			compared.push(["index", chunk?.index, frame.chunk.index], ["datum", chunk?.datumHex, hexOf(frame.chunk.datum)]);
			compared.push(...compareBytes(frame.chunk.data, chunk ?? {}, "data"));
		} else {
			demandKnown(protobuf ?? {}, "length", "payload*");
			compared.push(["length", protobuf?.length, frame.message.length]);
			compared.push(...compareBytes(frame.message, protobuf ?? {}, "payload"));
			compared.push([
				"framed again",
				hexOf(frame.message),
				hexOf(encodeMessageFrame(frame.message).slice(-frame.message.length)),
			]);
		}
	}
	return compared;
}
