/**
 * Pins every byte of entries, identifiers and subkeys: fixed keys, clock and random bytes. `entry.vectors.json` is what other
 * implementations are measured against; `UPDATE_VECTORS=1` writes it anew, which is right only when docs/entry-format.md changed.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { seededCrypto, seededRandom } from "@mindoodb/testing";
import { ed25519 } from "@noble/curves/ed25519.js";
import { nodeCrypto } from "mindoodb";
import { beforeAll, describe, expect, it } from "vitest";
import { encodeCbor } from "../bytes/cbor.js";
import { concatBytes } from "../bytes/concat.js";
import { fromHex, toHex } from "../bytes/hex.js";
import { encodeUtf8 } from "../bytes/text.js";
import type { Crypto, SigningKey } from "../crypto/crypto.js";
import { tenantSubkeys } from "../keys/subkeys.js";
import { encodeLink, hashEntry, hashHeader, parseEntry, signedBytes, stubOf } from "./entry.js";
import { decodeHeader, encodeHeader, type HeaderInput } from "./header.js";
import { headerRejects } from "./header-rejects.test.js";
import { computeTenantRoot, isDocumentIdOf, makeDocumentId, settingsDocumentId } from "./ids.js";
import { contentTag, fitsContentHash, openPayload, sealChunk, sealPayload } from "./payload.js";
import { makeEntry, signEntries } from "./sign.js";

const file = fileURLToPath(new URL("./entry.vectors.json", import.meta.url));
const ed25519Prefix = "302e020100300506032b657004220420";

const signingSeed = "01".repeat(32);
const defaultKey = "02".repeat(32);
const administrationKey = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
const recoveryKey = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
/** Hex digits of a reject that is too long for the file; such ones are tried all the same. */
const large = 4096;
const createdAt = 1_700_000_000_000;
const directoryHeads = ["aa".repeat(32), "bb".repeat(32)];
/** Stands for the run of an entry: the format of Automerge's changes is pinned elsewhere. */
const plaintext = "0d0a0b0c0d0e0f10111213141516";
const changeHash = "cc".repeat(32);

interface EntryVector {
	readonly name: string;
	readonly dependencyHashes: readonly string[];
	readonly plaintext: string;
	readonly payload: string;
	readonly header: string;
	readonly headerHash: string;
	readonly link: string;
	readonly hash: string;
	readonly signature: string;
}

interface Vectors {
	readonly publicKey: string;
	readonly identifiers: Readonly<Record<string, string>>;
	readonly subkeys: Readonly<Record<string, string>>;
	readonly contentTag: string;
	readonly entries: readonly EntryVector[];
	readonly stub: {
		readonly headerHash: string;
		readonly link: string;
		readonly hash: string;
		readonly signature: string;
	};
	/** Mode 2: another DEFLATE writer may give other bytes, which open to the same. */
	readonly deflated: { readonly payload: string; readonly plaintext: string };
	/** Payloads in mode 2 of as many zero bytes as `originalSize` says: how far one may unfold. */
	readonly unfolding: readonly {
		readonly name: string;
		readonly payload: string;
		readonly originalSize: number;
		readonly code: string;
	}[];
	readonly rejects: readonly { readonly name: string; readonly header: string; readonly code: string }[];
}

let crypto: Crypto;
let signingKey: SigningKey;

beforeAll(async () => {
	crypto = await seededCrypto(nodeCrypto(), seededRandom(1));
	signingKey = await crypto.importSigningKey(fromHex(ed25519Prefix + signingSeed));
});

async function make(): Promise<Vectors> {
	const publicKey = toHex(signingKey.publicKey);
	const tenant = { label: "acme", administrationKey: fromHex(administrationKey) };
	const tenantRoot = await computeTenantRoot(crypto, tenant);
	const place = { tenantRoot, dbId: "notes", decryptionKeyId: "default", createdByPublicKey: publicKey };
	const docId = await makeDocumentId(crypto, place, fromHex("0102030405060708090a0b0c"));
	const identifiers = {
		tenantRoot,
		tenantRootWithRecoveryKey: await computeTenantRoot(crypto, { ...tenant, recoveryKey: fromHex(recoveryKey) }),
		docId,
		docIdNamedKey: await makeDocumentId(crypto, { ...place, decryptionKeyId: "secret" }, new Uint8Array(12)),
		tenantSettingsId: await settingsDocumentId(crypto, tenantRoot, "tenantsettings"),
		dbSettingsId: await settingsDocumentId(crypto, tenantRoot, "dbsettings", "notes"),
	};
	const keys = await tenantSubkeys(crypto, fromHex(defaultKey), tenantRoot);
	const documentKey = await keys.documentKey("notes", docId);
	const attachment = { attachmentKey: await keys.attachmentKey(), attachmentIvKey: await keys.attachmentIvKey() };
	const subkeys = {
		document: toHex(documentKey),
		"content-tag": toHex(await keys.contentTagKey("notes", docId)),
		projection: toHex(await keys.projectionKey("notes", docId)),
		presence: toHex(await keys.presenceKey("notes", docId)),
		attachment: toHex(attachment.attachmentKey),
		"attachment-iv": toHex(attachment.attachmentIvKey),
		"key-commitment": await keys.keyCommitment("default"),
	};
	const tag = await contentTag(crypto, await keys.contentTagKey("notes", docId), changeHash);
	// Random bytes by number of entry, so that an entry more changes no other.
	const random = (number: number) => ({ randomBytes: (length: number) => new Uint8Array(length).fill(0xe0 + number) });
	const entries: EntryVector[] = [];
	const add = async (name: string, wish: Partial<HeaderInput> & Pick<HeaderInput, "entryType">, clear: string) => {
		const binding = { entryType: wish.entryType, createdByPublicKey: publicKey, decryptionKeyId: "default" };
		const sealed =
			wish.entryType === "attachment_chunk"
				? await sealChunk(crypto, fromHex(clear), attachment)
				: await sealPayload({ crypto, random: random(entries.length) }, binding, fromHex(clear), documentKey);
		const input: HeaderInput = {
			...place,
			docId,
			dependencyHashes: [],
			createdAt: createdAt + entries.length,
			keyCommitment: subkeys["key-commitment"],
			contentHash: sealed.contentHash,
			originalSize: sealed.originalSize,
			directoryHeads,
			contentTag: wish.entryType === "doc_create" || wish.entryType === "doc_change" ? tag : undefined,
			previousByAuthor: wish.entryType === "attachment_chunk" ? undefined : entries.at(-1)?.hash,
			extensions: new Map(),
			...wish,
		};
		const entry = await makeEntry(crypto, input, sealed.payload);
		const [signed] = await signEntries(crypto, signingKey, [entry]);
		entries.push({
			name,
			dependencyHashes: input.dependencyHashes,
			plaintext: clear,
			payload: toHex(sealed.payload),
			header: toHex(entry.header),
			headerHash: toHex(await hashHeader(crypto, entry.header)),
			link: toHex(encodeLink(entry.common)),
			hash: entry.hash,
			signature: toHex(signed?.signature as Uint8Array),
		});
		return entry.hash;
	};
	const created = await add("create", { entryType: "doc_create" }, plaintext);
	const changed = await add("change", { entryType: "doc_change", dependencyHashes: [created] }, plaintext);
	const heads = [created, changed].sort();
	const deleted = await add("delete", { entryType: "doc_delete", dependencyHashes: [changed] }, "");
	await add("undelete", { entryType: "doc_change", dependencyHashes: [changed, deleted].sort() }, plaintext);
	await add("snapshot", { entryType: "doc_snapshot", dependencyHashes: heads }, plaintext);
	await add(
		"extension",
		{ entryType: "doc_change", dependencyHashes: heads, extensions: new Map([[128, Uint8Array.of(1)]]) },
		plaintext,
	);
	const chunk = await add("chunk", { entryType: "attachment_chunk" }, plaintext);
	await add("second chunk", { entryType: "attachment_chunk", dependencyHashes: [chunk] }, "ff");
	const first = entries[0] as EntryVector;
	const stub = await stubOf(
		crypto,
		await parseEntry(crypto, { header: fromHex(first.header), signature: fromHex(first.signature) }),
	);
	/** Not by `sealPayload`, which leaves short plaintexts as they are, and writes nothing that nobody takes. */
	const sealDeflated = async (number: number, clear: Uint8Array) => {
		const iv = random(number).randomBytes(12);
		const data = encodeCbor([2, 1, fromHex(publicKey, 32), "default"]);
		return concatBytes(Uint8Array.of(2), iv, await crypto.seal(documentKey, iv, await crypto.deflate(clear), data));
	};
	const long = toHex(encodeUtf8("the same again, ".repeat(40)));
	const unfolding = async (name: string, beyond: number, code: string) => {
		let payload: Uint8Array = new Uint8Array(0);
		for (let size = 0; payload.length * 32 + 16_384 + beyond !== size; ) {
			size = payload.length * 32 + 16_384 + beyond;
			payload = await sealDeflated(16, new Uint8Array(size));
		}
		return { name, payload: toHex(payload), originalSize: payload.length * 32 + 16_384 + beyond, code };
	};
	return {
		publicKey,
		identifiers,
		subkeys,
		contentTag: tag,
		entries,
		stub: {
			headerHash: toHex(stub.headerHash),
			link: toHex(encodeLink(stub.link)),
			hash: stub.hash,
			signature: toHex(stub.signature as Uint8Array),
		},
		deflated: { payload: toHex(await sealDeflated(15, fromHex(long))), plaintext: long },
		unfolding: [
			await unfolding("16,384 and 32 for each byte", 0, "accepted"),
			await unfolding("one byte more", 1, "limit"),
		],
		rejects: headerRejects(fromHex((entries[1] as EntryVector).header)).filter(({ header }) => header.length < large),
	};
}

function read(): Vectors {
	return JSON.parse(readFileSync(file, "utf8"));
}

describe("entry vectors", () => {
	it("every byte is what it was", async () => {
		const made = await make();
		if (process.env.UPDATE_VECTORS !== undefined) writeFileSync(file, `${JSON.stringify(made, undefined, 2)}\n`);
		const { deflated: _, unfolding: __, ...expected } = read();
		const { deflated: ___, unfolding: ____, ...found } = made;
		expect(found).toEqual(expected);
	});

	it("headers, addresses and signatures are read back as they were made", async () => {
		for (const vector of read().entries) {
			const header = fromHex(vector.header);
			const entry = await parseEntry(crypto, {
				header,
				payload: fromHex(vector.payload),
				signature: fromHex(vector.signature),
			});
			expect(entry.hash, vector.name).toBe(vector.hash);
			expect(entry.fields?.dependencyHashes).toEqual(vector.dependencyHashes);
			expect(toHex(encodeHeader(entry.fields as HeaderInput))).toBe(vector.header);
			expect(await hashEntry(crypto, fromHex(vector.headerHash), entry.common)).toBe(vector.hash);
			expect(await fitsContentHash(crypto, fromHex(vector.payload), entry.common.contentHash)).toBe(true);
			const { publicKey } = read();
			expect(ed25519.verify(fromHex(vector.signature), signedBytes(vector.hash), fromHex(publicKey))).toBe(true);
			expect(await crypto.verify(fromHex(publicKey), signedBytes(vector.hash), fromHex(vector.signature))).toBe(true);
		}
	});

	it("payloads open with the subkeys given, and with no others", async () => {
		const { entries, subkeys, deflated, publicKey } = read();
		for (const { name, header, payload, plaintext: clear } of entries) {
			const { fields } = decodeHeader(fromHex(header));
			if (fields === undefined) throw new Error("unreadable header");
			const label = fields.entryType === "attachment_chunk" ? "attachment" : "document";
			const opened = await openPayload(crypto, fields, fromHex(payload), fromHex(subkeys[label] as string));
			expect(toHex(opened as Uint8Array), name).toBe(clear);
			expect(
				await openPayload(crypto, fields, fromHex(payload), fromHex(subkeys.projection as string)),
			).toBeUndefined();
		}
		const binding = { entryType: "doc_change" as const, createdByPublicKey: publicKey, decryptionKeyId: "default" };
		const size = { ...binding, originalSize: deflated.plaintext.length / 2 };
		const key = fromHex(subkeys.document as string);
		expect(toHex((await openPayload(crypto, size, fromHex(deflated.payload), key)) as Uint8Array)).toBe(
			deflated.plaintext,
		);
	});

	for (const { name, payload, originalSize, code } of read().unfolding ?? []) {
		it(`a payload that unfolds to ${name}: ${code}`, async () => {
			const { publicKey, subkeys } = read();
			const binding = { entryType: "doc_change" as const, createdByPublicKey: publicKey, decryptionKeyId: "default" };
			const opening = openPayload(
				crypto,
				{ ...binding, originalSize },
				fromHex(payload),
				fromHex(subkeys.document as string),
			);
			if (code === "accepted") expect(await opening).toEqual(new Uint8Array(originalSize));
			else await expect(opening).rejects.toMatchObject({ code });
		});
	}

	it("identifiers belong to their maker, database and key alone", async () => {
		const { identifiers, publicKey } = read();
		const { docId, tenantRoot } = identifiers as Record<"docId" | "tenantRoot", string>;
		const place = { tenantRoot, dbId: "notes", decryptionKeyId: "default", createdByPublicKey: publicKey };
		expect(await isDocumentIdOf(crypto, docId, place)).toBe(true);
		for (const other of [
			{ ...place, dbId: "other" },
			{ ...place, decryptionKeyId: "secret" },
			{ ...place, createdByPublicKey: administrationKey },
			{ ...place, tenantRoot: "00".repeat(32) },
		]) {
			expect(await isDocumentIdOf(crypto, docId, other)).toBe(false);
		}
		for (const text of ["", docId.slice(1), `${docId}A`, `${docId.slice(0, -1)}=`, docId.replace(/./, "+")]) {
			expect(await isDocumentIdOf(crypto, text, place)).toBe(false);
		}
	});

	const { rejects, entries } = read();
	const long = headerRejects(fromHex((entries[1] as EntryVector).header)).filter(
		({ header }) => header.length >= large,
	);
	for (const { name, header, code } of [...rejects, ...long]) {
		it(`refuses a header: ${name}`, () => {
			let found = "accepted";
			try {
				if (decodeHeader(fromHex(header)).fields === undefined) found = "unsupported";
			} catch (error) {
				found = (error as { code: string }).code;
			}
			expect(found).toBe(code);
		});
	}
});
