import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeCbor } from "../bytes/cbor.js";
import { fromHex } from "../bytes/hex.js";
import { FormatError } from "../errors.js";
import { hashOf } from "./directory-example.test.js";
import {
	decodeAccepted,
	decodeEntries,
	decodeRuns,
	decodeWraps,
	encodeAccepted,
	encodeEntries,
	encodeRuns,
	encodeWraps,
	formLimits,
} from "./form-codecs.js";
import { type DirectoryForm, type FormName, formData, parseForm, type RootData, readForm } from "./forms.js";

/** A real Ed25519 public key: RFC 8032 §7.1, TEST 1. */
const signingKey = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
const run = { from: hashOf("from"), to: hashOf("to") };

const examples: Readonly<Record<FormName, DirectoryForm>> = {
	grantaccess: { form: "grantaccess", username: "mia", signingKey, encryptionKey: new Uint8Array([48, 1]) },
	admingrant: { form: "admingrant", username: "ada", signingKey },
	revokeaccess: {
		form: "revokeaccess",
		username: "mia",
		signingKey,
		requestDataWipe: true,
		accepted: new Map([["notes", [run, { from: undefined, to: hashOf("end") }]]]),
	},
	adminrevoke: { form: "adminrevoke", username: "ada", signingKey, requestDataWipe: false, accepted: new Map() },
	keyversion: { form: "keyversion", keyId: "default", commitment: hashOf("commitment") },
	keyrelease: {
		form: "keyrelease",
		keyId: "default",
		commitment: hashOf("commitment"),
		wraps: [{ receiver: hashOf("spki"), wrap: new Uint8Array([1, 2]) }],
	},
	acceptentries: { form: "acceptentries", dbId: "notes", entries: [hashOf("entry")], runs: [run] },
	purgerequest: { form: "purgerequest", dbId: "notes", docId: "document" },
	server: { form: "server", signingKey, encryptionKey: new Uint8Array([48]), addresses: ["wss://a.example", ""] },
};

test.each(Object.values(examples))("$form: what a writer puts into the document is read back", (form) => {
	expect(parseForm(formData(form))).toEqual(form);
});

test.each(Object.values(examples))(
	"$form: a document that lacks a field or has another type does not count",
	(form) => {
		const data = formData(form);
		for (const field of Object.keys(data)) {
			const { [field]: value, ...rest } = data;
			expect(parseForm(rest), field).toBeUndefined();
			const others: unknown[] = [null, 1, {}, [1], new Uint8Array()];
			if (field !== "encryptionKey") others.push(new Uint8Array(31));
			if (typeof value !== "string") others.push("text");
			if (typeof value !== "boolean") others.push(true);
			for (const other of others) expect(parseForm({ ...data, [field]: other }), field).toBeUndefined();
		}
		expect(parseForm({ ...data, more: "free" })).toEqual(form);
	},
);

test("settings, unknown forms and documents without a form are none", () => {
	for (const data of [
		{},
		{ form: "dbsettings", dbid: "a" },
		{ form: "tenantsettings" },
		{ form: "constructor" },
		{ form: 1 },
	]) {
		expect(parseForm(data)).toBeUndefined();
	}
});

test("a signing key of small order or not canonical is refused at grant (entry-format.md, Header)", () => {
	const small = ["00".repeat(32), `01${"00".repeat(31)}`, `${"ec"}${"ff".repeat(30)}7f`, `${"ee"}${"ff".repeat(30)}7f`];
	for (const key of small) {
		for (const form of ["grantaccess", "admingrant", "server"] as const) {
			const data = { ...formData(examples[form]), signingKey: fromHex(key) };
			expect(parseForm(data)).toBeUndefined();
			expect(readForm(data)).toBeDefined();
		}
	}
});

test("CBOR fields round-trip, and nothing but their own encoding is read", () => {
	const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString("hex"));
	const runs = fc.array(fc.record({ from: fc.option(hash, { nil: undefined }), to: hash }), { maxLength: 5 });
	const wrap = fc.uint8Array({ minLength: 1, maxLength: 20 });
	fc.assert(
		fc.property(
			runs,
			fc.array(hash, { maxLength: 5 }),
			fc.uniqueArray(fc.record({ receiver: hash, wrap }), { selector: ({ receiver }) => receiver, maxLength: 5 }),
			fc.dictionary(fc.string({ maxLength: 5 }), runs, { maxKeys: 4 }),
			(someRuns, entries, wraps, accepted) => {
				expect(decodeRuns(encodeRuns(someRuns))).toEqual(someRuns);
				expect(decodeEntries(encodeEntries(entries))).toEqual(entries);
				const sorted = [...wraps].sort((a, b) => (a.receiver < b.receiver ? -1 : 1));
				expect(decodeWraps(encodeWraps(wraps))).toEqual(sorted);
				const map = new Map(Object.entries(accepted));
				expect(new Map(decodeAccepted(encodeAccepted(map)))).toEqual(map);
			},
		),
	);
});

test("a byte changed, added or cut gives a FormatError or another value, never another error", () => {
	const bytes = encodeAccepted(new Map([["notes", [run]]]));
	fc.assert(
		fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
			const changed = bytes.slice();
			changed[at] = (changed[at] as number) ^ flip;
			try {
				expect(encodeAccepted(decodeAccepted(changed))).toEqual(changed);
			} catch (error) {
				expect(error).toBeInstanceOf(FormatError);
			}
			expect(() => decodeAccepted(bytes.slice(0, at))).toThrow(FormatError);
			expect(() => decodeAccepted(new Uint8Array([...bytes, flip]))).toThrow(FormatError);
		}),
	);
});

test("bad CBOR fields and too many elements are refused", () => {
	const h = fromHex(hashOf("h"));
	const low = new Uint8Array(32);
	const refused: [string, () => unknown][] = [
		["runs: no array", () => decodeRuns(encodeCbor(1))],
		["runs: no pair", () => decodeRuns(encodeCbor([[h]]))],
		["runs: to is null", () => decodeRuns(encodeCbor([[h, null]]))],
		["runs: short hash", () => decodeRuns(encodeCbor([[null, h.subarray(1)]]))],
		["entries: text", () => decodeEntries(encodeCbor(["a"]))],
		["entries: too many", () => decodeEntries(encodeCbor(Array<null>(formLimits.entries + 1).fill(null)))],
		[
			"wraps: unsorted",
			() =>
				decodeWraps(
					encodeCbor([
						[h, low],
						[low, low],
					]),
				),
		],
		[
			"wraps: twice",
			() =>
				decodeWraps(
					encodeCbor([
						[h, low],
						[h, low],
					]),
				),
		],
		["wraps: empty", () => decodeWraps(encodeCbor([[h, new Uint8Array()]]))],
		["wraps: too long", () => decodeWraps(encodeCbor([[h, new Uint8Array(formLimits.wrapBytes + 1)]]))],
		["accepted: no map", () => decodeAccepted(encodeCbor([]))],
		["accepted: numbers as keys", () => decodeAccepted(encodeCbor(new Map([[1, []]])))],
		["too large", () => decodeAccepted(new Uint8Array(formLimits.fieldBytes + 1))],
	];
	for (const [name, act] of refused) expect(act, name).toThrow(FormatError);
	expect(() => encodeWraps([1, 2].map(() => ({ receiver: hashOf("h"), wrap: low })))).toThrow(FormatError);
});

test("form data is what Automerge can hold: text, booleans, bytes, lists of text", () => {
	for (const form of Object.values(examples)) {
		for (const value of Object.values(formData(form) as RootData)) {
			const list = Array.isArray(value) ? value : [value];
			for (const each of list) {
				expect(typeof each === "string" || typeof each === "boolean" || each instanceof Uint8Array).toBe(true);
			}
		}
	}
});
