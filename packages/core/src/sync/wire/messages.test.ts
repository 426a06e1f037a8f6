import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { entryMaker } from "@mindoodb/testing";
import { nodeCrypto } from "mindoodb";
import { expect, it } from "vitest";
import { FormatError } from "../../errors.js";
import type { Page } from "../../store/store.js";
import { MessageSchema } from "./generated/sync_pb.js";
import { messageLimits } from "./message-checks.js";
import { decodeMessage, encodeMessage, type MessageInit, mostMessageBytes, mostParts } from "./messages.js";
import {
	dependencyOptionsOf,
	hashesOf,
	pageOf,
	positionOf,
	refusalOf,
	reportOf,
	runBytes,
	wireHashes,
	wirePage,
	wirePosition,
	wireReport,
	wireResolve,
} from "./terms.js";

const crypto = nodeCrypto();
const hash = (byte: number) => byte.toString(16).padStart(2, "0").repeat(32);
const bytes = (length: number) => new Uint8Array(length).fill(7);
const at = { arrival: 5n, digest: bytes(16) };

/** As the generated code writes it, limits or not. */
function written(kind: MessageInit): Uint8Array {
	return toBinary(MessageSchema, create(MessageSchema, { kind }));
}

function codeOf(work: () => unknown): string {
	try {
		work();
		return "nothing thrown";
	} catch (error) {
		return error instanceof FormatError ? error.code : String(error);
	}
}

const messages: MessageInit[] = [
	{
		case: "open",
		value: {
			directoryHeads: bytes(64),
			stores: [{ number: 0, dbId: "notes", storeId: bytes(16), at, known: at, knownStore: bytes(8) }],
			live: true,
		},
	},
	{ case: "open", value: { stores: [{ number: 2, dbId: "é", attachments: true, storeId: bytes(16), at }] } },
	{ case: "opened", value: { stores: [{ number: 0, storeId: bytes(16), at, resumes: true }], more: ["b"] } },
	{ case: "opened", value: { stores: [{ number: 0, answer: 1 }] } },
	{ case: "request", value: { id: 1, store: 2, kind: { case: "read", value: { after: 2n ** 48n - 1n, limit: 256 } } } },
	{ case: "request", value: { kind: { case: "get", value: { hashes: bytes(96) } } } },
	{
		case: "request",
		value: {
			kind: { case: "contents", value: { hashes: bytes(32), held: [{ contentHash: bytes(32), ranges: [0, 3] }] } },
		},
	},
	{ case: "request", value: { kind: { case: "position", value: true } } },
	{ case: "request", value: { kind: { case: "find", value: { docId: "" } } } },
	{
		case: "response",
		value: { id: 1, kind: { case: "page", value: { run: bytes(1), gaps: [0, 4], next: 9n, digest: bytes(16) } } },
	},
	{ case: "response", value: { kind: { case: "failed", value: { code: "usage", message: "no" } } } },
	{ case: "announce", value: { store: 1, after: 4n } },
	{ case: "acknowledge", value: { known: at, declined: [{ hash: bytes(32), reason: "format", message: "" }] } },
	{ case: "presence", value: { dbId: "notes", message: bytes(200) } },
	{ case: "signal", value: { peer: bytes(32), message: bytes(200) } },
	{ case: "ticket", value: { id: bytes(16), secret: bytes(32) } },
	{ case: "close", value: { reason: "restart", retry: true, after: 1000 } },
	{ case: "ping", value: { number: 2 ** 32 - 1 } },
	{ case: "pong", value: {} },
];

it.each(messages.map((message) => [message.case, message] as const))("%s comes back", (_, message) => {
	const encoded = encodeMessage(message);
	const decoded = decodeMessage(encoded);
	expect(decoded).toMatchObject(message);
	expect(encodeMessage(decoded)).toEqual(encoded);
});

const store = { number: 0, dbId: "notes", storeId: bytes(16), at };
const request = (kind: object) => ({ case: "request", value: { kind } }) as MessageInit;
const response = (kind: object) => ({ case: "response", value: { kind } }) as MessageInit;
const page = { run: bytes(1), next: 9n, digest: bytes(16) };
const content = { contentHash: bytes(32), size: 70_000n, datum: bytes(32) };

it.each<[string, string, MessageInit]>([
	["heads that are no hashes", "format", { case: "open", value: { directoryHeads: bytes(33) } }],
	["65 heads", "limit", { case: "open", value: { directoryHeads: bytes(65 * 32) } }],
	["a store without a position", "format", { case: "open", value: { stores: [{ ...store, at: undefined }] } }],
	["a short digest", "format", { case: "open", value: { stores: [{ ...store, at: { ...at, digest: bytes(15) } }] } }],
	["a position in a store that is not named", "format", { case: "open", value: { stores: [{ ...store, known: at }] } }],
	["a short store id", "format", { case: "open", value: { stores: [{ ...store, storeId: bytes(15) }] } }],
	["a long dbId", "limit", { case: "open", value: { stores: [{ ...store, dbId: "x".repeat(129) }] } }],
	["no dbId", "limit", { case: "open", value: { stores: [{ ...store, dbId: "" }] } }],
	["1,025 stores", "limit", { case: "open", value: { stores: Array(1025).fill(store) } }],
	["an unknown answer", "format", { case: "opened", value: { stores: [{ number: 0, answer: 7 as never }] } }],
	["an answer without a store", "format", { case: "opened", value: { stores: [{ number: 0 }] } }],
	["4,097 databases", "limit", { case: "opened", value: { more: Array(4097).fill("x") } }],
	["an arrival of 2^48", "limit", request({ case: "read", value: { after: 2n ** 48n, limit: 1 } })],
	["a page of 4,097", "limit", request({ case: "read", value: { limit: 4097 } })],
	["4,097 entries by hash", "limit", request({ case: "get", value: { hashes: bytes(4097 * 32) } })],
	["half a hash", "format", request({ case: "has", value: bytes(16) })],
	["16,385 hashes", "limit", request({ case: "wantsContents", value: bytes(16_385 * 32) })],
	["half a range", "format", request({ case: "contents", value: { held: [{ contentHash: bytes(32), ranges: [1] }] } })],
	[
		"257 ranges",
		"limit",
		request({ case: "contents", value: { held: [{ contentHash: bytes(32), ranges: Array(514).fill(1) }] } }),
	],
	["no start", "format", request({ case: "resolve", value: {} })],
	["a document without id", "limit", request({ case: "purge", value: "" })],
	["a page without its digest", "format", response({ case: "page", value: { ...page, digest: bytes(0) } })],
	["4,097 gaps", "limit", response({ case: "page", value: { ...page, gaps: Array(4097).fill(1) } })],
	["no position", "format", response({ case: "where", value: {} })],
	[
		"a payload of nothing",
		"limit",
		response({ case: "page", value: { ...page, contents: [{ ...content, size: 0n }] } }),
	],
	[
		"a payload above the limit",
		"limit",
		response({ case: "contents", value: { announced: [{ ...content, size: 2n ** 25n + 1n }] } }),
	],
	["a short datum", "format", response({ case: "entries", value: { contents: [{ ...content, datum: bytes(31) }] } })],
	["a long code", "limit", response({ case: "failed", value: { code: "x".repeat(65) } })],
	["a long sentence", "limit", response({ case: "failed", value: { message: "x".repeat(513) } })],
	["a long signal", "limit", { case: "signal", value: { peer: bytes(32), message: bytes(16_385) } }],
	["a signal to nobody", "format", { case: "signal", value: { peer: bytes(31), message: bytes(1) } }],
	["a long presence", "limit", { case: "presence", value: { dbId: "a", message: bytes(16_385) } }],
	["a short secret", "format", { case: "ticket", value: { id: bytes(16), secret: bytes(31) } }],
	["an acknowledgement of half a position", "format", { case: "acknowledge", value: { known: { arrival: 1n } } }],
	["a wait of two days", "limit", { case: "close", value: { after: 172_800_000 } }],
])("%s is refused on both sides", (_, code, message) => {
	expect(codeOf(() => decodeMessage(written(message)))).toBe(code);
	expect(codeOf(() => encodeMessage(message))).toBe(code);
});

it("kinds of later versions can be told from nonsense, and fields of later versions are left out", () => {
	const later = new BinaryWriter().tag(99, WireType.LengthDelimited).bytes(bytes(3)).finish();
	expect(codeOf(() => decodeMessage(later))).toBe("unsupported");
	expect(codeOf(() => decodeMessage(new Uint8Array(0)))).toBe("unsupported");
	expect(codeOf(() => decodeMessage(bytes(3)))).toBe("format");
	const ping = new BinaryWriter().tag(1, WireType.Varint).uint32(3).raw(later).finish();
	const both = new BinaryWriter().raw(later).tag(10, WireType.LengthDelimited).bytes(ping).finish();
	expect(encodeMessage(decodeMessage(both))).toEqual(written({ case: "ping", value: { number: 3 } }));
	const unknown = decodeMessage(written(request({ case: undefined })));
	expect(unknown).toMatchObject({ case: "request", value: { kind: { case: undefined } } });
});

it("no object is made of more parts than allowed, however little they take on the wire", () => {
	// Each of these would be refused too, when it had become 16,384 objects.
	const value = { case: "contents", value: { held: Array(mostParts).fill({}) } };
	expect(codeOf(() => decodeMessage(written(request(value))))).toBe("limit");
	value.value.held.length = 1;
	expect(codeOf(() => decodeMessage(written(request(value))))).toBe("format");
	const ranges = Array(mostParts).fill(1);
	const odd = { case: "contents", value: { held: [{}, { contentHash: bytes(32), ranges }] } };
	expect(codeOf(() => decodeMessage(written(request(odd))))).toBe("limit");
	expect(codeOf(() => decodeMessage(bytes(mostMessageBytes + 1)))).toBe("limit");
	expect(codeOf(() => encodeMessage(response({ case: "reconciled", value: bytes(mostMessageBytes) })))).toBe("limit");
	// Bytes of a payload are no parts, whatever they are.
	const whole = [new Uint8Array(10 * mostParts), new Uint8Array(10 * mostParts)];
	expect(codeOf(() => decodeMessage(written(response({ case: "contents", value: { whole } }))))).toBe("nothing thrown");
	// A group in a group in a group ...
	expect(codeOf(() => decodeMessage(new Uint8Array(mostMessageBytes).fill(0x5b)))).toBe("format");
});

it("positions, reports, hashes and walks say the same on both sides", () => {
	const position = { arrival: 2 ** 40, digest: "ab".repeat(16) };
	const kind = decodeMessage(encodeMessage({ case: "acknowledge", value: { known: wirePosition(position) } }));
	expect(kind.case === "acknowledge" && kind.value.known && positionOf(kind.value.known)).toEqual(position);
	const report = {
		stored: [{ hash: hash(1), arrival: 7 }],
		known: [hash(2), hash(3)],
		refused: [{ hash: hash(4), reason: "unsigned" as const, message: "x".repeat(600) }],
	};
	const sent = decodeMessage(encodeMessage(response({ case: "report", value: wireReport(report) })));
	if (sent.case !== "response" || sent.value.kind.case !== "report") throw new Error("expected a report");
	const cut = { ...report.refused[0], message: "x".repeat(messageLimits.sentenceLength) };
	expect(reportOf(sent.value.kind.value)).toEqual({ ...report, refused: [cut] });
	expect(hashesOf(wireHashes([hash(9), hash(1)]))).toEqual([hash(9), hash(1)]);
	const declined = { $typeName: "mindoodb.sync.v1.Declined" as const, hash: bytes(32), message: "" };
	expect(refusalOf({ ...declined, reason: "toString" }).reason).toBe("unacknowledged");
	for (const options of [
		{ stopAtEntryType: "doc_create", maxDepth: 0, includeStart: true },
		{ stopAtEntryType: "doc_snapshot", maxDepth: 4, includeStart: false },
		{ includeStart: true },
	] as const) {
		const resolve = decodeMessage(encodeMessage(request({ case: "resolve", value: wireResolve(hash(1), options) })));
		if (resolve.case !== "request" || resolve.value.kind.case !== "resolve") throw new Error("expected a walk");
		expect(dependencyOptionsOf(resolve.value.kind.value)).toEqual(options);
	}
});

it("a page says the arrivals of its entries, and no page is larger than its entries say", async () => {
	const maker = await entryMaker({ crypto });
	const entries = await maker.document(4);
	for (const arrivals of [
		[8, 9, 10, 11],
		[8, 100, 101, 105],
	]) {
		const given: Page = {
			arrivals: entries.map((entry, index) => ({ arrival: arrivals[index] as number, entry })),
			next: 200,
			digest: "cd".repeat(16),
			damaged: [150, 151],
		};
		const value = await wirePage(crypto, given, { after: 7 });
		expect(value.gaps.length).toBe(arrivals[3] === 11 ? 0 : 4);
		const sent = decodeMessage(encodeMessage(response({ case: "page", value })));
		if (sent.case !== "response" || sent.value.kind.case !== "page") throw new Error("expected a page");
		const received = sent.value.kind.value;
		const { contents, ...got } = await pageOf(crypto, received, 7);
		expect(contents).toEqual([]);
		const facts = (each: Page) => ({ ...each, arrivals: each.arrivals.map((a) => [a.arrival, a.entry.hash]) });
		expect(facts(got)).toEqual(facts(given));
		expect(value.run.length).toBeLessThan(entries.reduce((sum, entry) => sum + runBytes(entry), 3));
		await expect(pageOf(crypto, { ...received, gaps: [1, 1] }, 7)).rejects.toThrow(FormatError);
		await expect(pageOf(crypto, { ...received, gaps: [0, 0, 0, 0] }, 7)).rejects.toThrow(FormatError);
	}
});
