/**
 * Pins the bytes of join-requests, join-responses, recovery shares and words: fixed keys and random bytes. `joining.vectors.json` is what
 * other implementations are measured against; `UPDATE_VECTORS=1` writes it anew, which is right only when docs/trust.md or a decision
 * changed.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ed25519 } from "@noble/curves/ed25519.js";
import { nodeCrypto } from "mindoodb";
import { describe, expect, it } from "vitest";
import { type CborValue, decodeCbor, encodeCbor } from "../../bytes/cbor.js";
import { concatBytes } from "../../bytes/concat.js";
import { fromHex, toHex } from "../../bytes/hex.js";
import { asciiBytes } from "../../bytes/text.js";
import { MindooError } from "../../errors.js";
import { decodeRecoveryShare, encodeRecoveryShare } from "../recovery/recovery-share.js";
import { makeTenantIdentity } from "../tenant-identity.js";
import { makeJoinRequest, readJoinRequest } from "./join-request.js";
import { decodeJoinResponse, encodeJoinResponse } from "./join-response.js";
import { invitationWords } from "./join-tenant.js";
import { wordList } from "./word-list.js";
import { sameWords, wordsOfHash } from "./words.js";

const file = fileURLToPath(new URL("./joining.vectors.json", import.meta.url));
const crypto = nodeCrypto();
const ed25519Prefix = "302e020100300506032b657004220420";
const seed = fromHex("01".repeat(32));
const signingKey = await crypto.importSigningKey(fromHex(ed25519Prefix + toHex(seed)));
/** Stands for the SPKI of an RSA key, of which the formats look at the length alone. */
const encryptionKey = new Uint8Array(60).fill(3);
const unwrappingKey = { publicKey: encryptionKey };
const identity = await makeTenantIdentity(crypto, {
	tenantId: "acme",
	administrationKey: fromHex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
	recoveryKey: fromHex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
});
const random = { randomBytes: (length: number) => new Uint8Array(length).fill(7) };

interface Reject {
	readonly name: string;
	readonly bytes: string;
	readonly code: string;
}

interface Vectors {
	readonly request: { readonly bytes: string; readonly hash: string; readonly words: string };
	readonly requestRejects: readonly Reject[];
	readonly response: { readonly bytes: string; readonly words: string };
	readonly responseRejects: readonly Reject[];
	readonly share: { readonly bytes: string };
	readonly shareRejects: readonly Reject[];
}

/** What a body is put into: signed or summed again, so that its own fields are what is refused. */
type Wrap = (body: Uint8Array) => readonly CborValue[];

const body = (...fields: readonly CborValue[]) => fields;

async function rejectsOf(
	genuine: Uint8Array,
	wrap: Wrap,
	changes: Readonly<Record<string, readonly [at: number, value: CborValue]>>,
	check: (bytes: Uint8Array) => Promise<unknown>,
): Promise<Reject[]> {
	const outer = decodeCbor(genuine) as readonly CborValue[];
	const fields = decodeCbor(outer[0] as Uint8Array) as readonly CborValue[];
	const made: [string, Uint8Array][] = [
		["nothing", new Uint8Array(0)],
		["trailing byte", concatBytes(genuine, Uint8Array.of(0))],
		["an element more", encodeCbor([...outer, 0])],
		["an element less", encodeCbor(outer.slice(0, -1))],
		["a body that is no bytes", encodeCbor([0, ...outer.slice(1)])],
		["a body of one field more", encodeCbor(wrap(encodeCbor([...fields, 0])))],
		["a body of one field less", encodeCbor(wrap(encodeCbor(fields.slice(0, -1))))],
		["the last byte changed", genuine.map((byte, i) => (i === genuine.length - 1 ? byte ^ 1 : byte))],
	];
	for (const [name, [at, value]] of Object.entries(changes)) {
		made.push([name, encodeCbor(wrap(encodeCbor(fields.map((field, i) => (i === at ? value : field)))))]);
	}
	const rejects: Reject[] = [];
	for (const [name, bytes] of made) {
		const code = await check(bytes).then(
			() => "accepted",
			(error: unknown) => (error instanceof MindooError ? error.code : String(error)),
		);
		rejects.push({ name, bytes: toHex(bytes), code });
	}
	return rejects;
}

async function vectors(): Promise<Vectors> {
	const request = await makeJoinRequest({ crypto, random }, { username: "bob", signingKey, unwrappingKey } as never);
	const { hash, words } = await readJoinRequest(crypto, request);
	const sign = (label: string, more: Uint8Array, bytes: Uint8Array) =>
		ed25519.sign(concatBytes(asciiBytes(`${label}\0`), more, bytes), seed);
	const none = new Uint8Array(0);
	const requestRejects = await rejectsOf(
		request,
		(bytes) => [bytes, sign("mindoodb/1/join-request", none, bytes)],
		{
			"a name that is bytes": [0, Uint8Array.of(1)],
			"an empty name": [0, ""],
			"a name of 257 bytes": [0, "n".repeat(257)],
			"a name that is not NFC": [0, "e\u0301"],
			"a short signing key": [1, new Uint8Array(31)],
			"a signing key of small order": [1, new Uint8Array(32)],
			"another's signing key": [1, fromHex(identity.administrationKey)],
			"an encryption key of 8,193 bytes": [2, new Uint8Array(8193)],
			"15 random bytes": [3, new Uint8Array(15)],
		},
		(bytes) => readJoinRequest(crypto, bytes),
	);

	const head = (fill: number) => new Uint8Array(32).fill(fill);
	const responseBody = {
		identity,
		directoryHeads: [toHex(head(0xaa)), toHex(head(0xbb))],
		keys: [
			{ keyId: "directory", createdAt: 5, commitment: toHex(head(2)), wrap: new Uint8Array(8).fill(9) },
			{ keyId: "default", createdAt: 5, commitment: toHex(head(1)), wrap: new Uint8Array(8).fill(8) },
		],
		servers: [
			{ signingKey: toHex(signingKey.publicKey), encryptionKey, addresses: ["wss://one.example", "wss://two.example"] },
		],
	};
	const response = await encodeJoinResponse(crypto, responseBody, { signingKey, requestHash: hash });
	const key = (keyId: CborValue, createdAt: CborValue, commitment: CborValue, wrap: CborValue) =>
		body(keyId, createdAt, commitment, wrap);
	const wrap = new Uint8Array(8);
	const responseRejects = await rejectsOf(
		response,
		(bytes) => [bytes, signingKey.publicKey, sign("mindoodb/1/join-response", hash, bytes)],
		{
			"an empty label": [0, ""],
			"a label that is bytes": [0, Uint8Array.of(1)],
			"an administration key of small order": [1, new Uint8Array(32)],
			"a short administration key": [1, new Uint8Array(31)],
			"a recovery key that is text": [2, "key"],
			"no directory heads": [3, []],
			"65 directory heads": [3, Array.from({ length: 65 }, (_, i) => head(i))],
			"directory heads out of order": [3, [head(2), head(1)]],
			"a directory head twice": [3, [head(1), head(1)]],
			"a short directory head": [3, [new Uint8Array(31)]],
			"an empty key id": [4, [key("", 5, head(1), wrap)]],
			"a time beyond 48 bits": [4, [key("a", 2 ** 48, head(1), wrap)]],
			"a short commitment": [4, [key("a", 5, new Uint8Array(31), wrap)]],
			"a wrap of 1,025 bytes": [4, [key("a", 5, head(1), new Uint8Array(1025))]],
			"a key of three fields": [4, [body("a", 5, head(1))]],
			"keys out of order": [4, [key("b", 5, head(1), wrap), key("a", 5, head(1), wrap)]],
			"a key twice": [4, [key("a", 5, head(1), wrap), key("a", 6, head(1), wrap)]],
			"a server's signing key of small order": [5, [body(new Uint8Array(32), encryptionKey, [])]],
			"a server's address that is bytes": [5, [body(signingKey.publicKey, encryptionKey, [Uint8Array.of(1)])]],
			"65 addresses": [
				5,
				[
					body(
						signingKey.publicKey,
						encryptionKey,
						Array.from({ length: 65 }, () => "a"),
					),
				],
			],
			"a server twice": [
				5,
				[body(signingKey.publicKey, encryptionKey, []), body(signingKey.publicKey, encryptionKey, [])],
			],
		},
		(bytes) => decodeJoinResponse(crypto, bytes, hash),
	);

	const share = await encodeRecoveryShare(crypto, {
		set: new Uint8Array(16).fill(1),
		k: 2,
		n: 3,
		number: 3,
		check: head(4),
		share: new Uint8Array(33).fill(5),
		sealed: new Uint8Array(28).fill(6),
	});
	const sum = (bytes: Uint8Array) =>
		new Uint8Array(createHash("sha256").update("mindoodb/1/recovery-share\0").update(bytes).digest());
	const shareRejects = await rejectsOf(
		share,
		(bytes) => [bytes, sum(bytes)],
		{
			"version 2": [0, 2],
			"a short set": [1, new Uint8Array(15)],
			"k = 1": [2, 1],
			"k above n": [2, 4],
			"n = 256": [3, 256],
			"number 0": [4, 0],
			"number above n": [4, 4],
			"a short check value": [5, new Uint8Array(31)],
			"a short share": [6, new Uint8Array(32)],
			"a copy without a tag": [7, new Uint8Array(27)],
		},
		(bytes) => decodeRecoveryShare(crypto, bytes),
	);
	return {
		request: { bytes: toHex(request), hash: toHex(hash), words },
		requestRejects,
		response: { bytes: toHex(response), words: await invitationWords(crypto, identity.tenantRoot, hash) },
		responseRejects,
		share: { bytes: toHex(share) },
		shareRejects,
	};
}

describe("vectors of joining and recovery", () => {
	it("are what this code makes and refuses", async () => {
		const made = await vectors();
		for (const { name, code } of [...made.requestRejects, ...made.responseRejects, ...made.shareRejects]) {
			expect([name, code]).toEqual([name, expect.stringMatching(/^(format|limit|signature|unsupported)$/)]);
		}
		if (process.env.UPDATE_VECTORS === "1") writeFileSync(file, `${JSON.stringify(made, undefined, "\t")}\n`);
		expect(made).toEqual(JSON.parse(readFileSync(file, "utf8")));
	});

	it("come back as they were", async () => {
		const { request, response, share } = JSON.parse(readFileSync(file, "utf8")) as Vectors;
		const hash = fromHex(request.hash);
		const read = await decodeJoinResponse(crypto, fromHex(response.bytes), hash);
		expect(toHex(await encodeJoinResponse(crypto, read, { signingKey, requestHash: hash }))).toBe(response.bytes);
		expect(read.keys.map(({ keyId }) => keyId)).toEqual(["default", "directory"]);
		const decoded = await decodeRecoveryShare(crypto, fromHex(share.bytes));
		expect(toHex(await encodeRecoveryShare(crypto, decoded))).toBe(share.bytes);
		// An answer to one request is none to another.
		await expect(decodeJoinResponse(crypto, fromHex(response.bytes), new Uint8Array(32))).rejects.toMatchObject({
			code: "signature",
		});
	});
});

describe("words", () => {
	it("are those of BIP-39", () => {
		const digest = createHash("sha256")
			.update(`${wordList.join("\n")}\n`)
			.digest("hex");
		expect(digest).toBe("2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda");
	});

	it("hold the first 132 bits, eleven each", () => {
		// The entropy of BIP-39's own first vectors; only its last word is a checksum there.
		expect(wordsOfHash(new Uint8Array(32))).toBe(Array(12).fill("abandon").join(" "));
		expect(wordsOfHash(new Uint8Array(32).fill(0x7f))).toMatch(/^(legal winner thank year wave sausage worth useful) /);
		const hash = new Uint8Array(32).fill(0x80);
		for (let bit = 0; bit < 132; bit++) {
			const other = hash.map((byte, i) => (i === bit >> 3 ? byte ^ (0x80 >> (bit & 7)) : byte));
			expect(sameWords(wordsOfHash(hash), wordsOfHash(other))).toBe(false);
		}
	});
});
