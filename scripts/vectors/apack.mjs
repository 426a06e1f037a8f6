// Runs the vectors of APACK: the archives of `manifest.json` with their damaged copies, and `vectors.json`. What binds: vectors/README.md.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { ApackError, bytesSource, checkZstdFrame, decodeLz4Block, openArchive } from "@mindoodb/formats/apack";
import { nodeApack } from "@mindoodb/formats/node";

/**
 * @typedef {{ file: string, case: string, passed: boolean, expected?: unknown, got?: unknown }} Result
 * @typedef {import("@mindoodb/formats/apack").ApackPlatform} Platform
 * @typedef {import("@mindoodb/formats/apack").ArchiveReader} ArchiveReader
 * @typedef {import("@mindoodb/formats/apack").ApackEntry} ApackEntry
 * @typedef {{ key?: Uint8Array, password?: string }} Secrets
 * @typedef {Record<string, any>} Case as the JSON has it
 */

/** The format cannot tell it from an archive that was written so; either outcome passes. */
const undetectable = "corrupt/c54-aes-chunk-splice.apack";
const chunkRows = "chunks[index,original,stored,checksum,flags]";

const hex = (/** @type {Uint8Array} */ bytes) => Buffer.from(bytes).toString("hex");
const hex32 = (/** @type {number} */ value) => value.toString(16).padStart(8, "0");
const unhex = (/** @type {string} */ text) => Uint8Array.from(Buffer.from(text, "hex"));
const utf8 = (/** @type {string} */ text) => new TextEncoder().encode(text);

/**
 * What each field of an expected entry is held against; notes for people are not compared.
 * @type {Record<string, (entry: ApackEntry, read: { content: Uint8Array, rows: unknown, platform: Platform }) => unknown>}
 */
const entryFields = {
	name: ({ name }) => name,
	nameUtf8Hex: ({ name }) => hex(utf8(name)),
	nameHash: ({ name }, { platform }) => hex32(platform.xxh3(utf8(name))),
	mimeType: ({ mimeType }) => mimeType,
	size: (_, { content }) => content.length,
	sha256: (_, { content }) => createHash("sha256").update(content).digest("hex"),
	contentHex: (_, { content }) => hex(content),
	hasEccFlag: ({ errorCorrection }) => errorCorrection,
	attributes: ({ attributes }) => attributes.map(({ key, typeId, value }) => ({ key, typeId, valueHex: hex(value) })),
	id: ({ id }) => Number(id),
	entryFlags: ({ attributes, compressed, encrypted, errorCorrection }) =>
		[attributes.length > 0, compressed, encrypted, errorCorrection].reduce(
			(sum, on, bit) => sum + (on ? 1 << bit : 0),
			0,
		),
	compressionId: ({ compressionId }) => compressionId,
	encryptionId: ({ encryptionId }) => encryptionId,
	headerOffset: ({ headerOffset }) => headerOffset,
	tocStoredSize: ({ storedSize }) => storedSize,
	[chunkRows]: (_, { rows }) => rows,
};

/** Fields of an archive beside its entries; `undefined`: nothing to compare. */
const archiveFields = {
	file: undefined,
	note: undefined,
	writtenBy: undefined,
	referenceReader: undefined,
	entries: undefined,
	encryptionDetails: undefined,
	compressionLevel: undefined,
	// What its documents call the mode is the stream flag.
	mode: (/** @type {Seen} */ { reader }) => (reader.header.stream ? "stream" : "container"),
	fileSize: (/** @type {Seen} */ { bytes }) => bytes.length,
	fileSha256: (/** @type {Seen} */ { bytes }) => createHash("sha256").update(bytes).digest("hex"),
	randomAccessFlag: (/** @type {Seen} */ { reader }) => reader.header.randomAccess,
	modeFlags: (/** @type {Seen} */ { reader: { header } }) =>
		[header.stream, header.encrypted, header.compressed, header.randomAccess].reduce(
			(sum, on, bit) => sum + (on ? 1 << bit : 0),
			0,
		),
	checksum: (/** @type {Seen} */ { reader }) => (reader.header.checksum === "crc32" ? "crc32" : "xxh3-64"),
	chunkSize: (/** @type {Seen} */ { reader }) => reader.header.chunkSize,
	compression: (/** @type {Seen} */ { entries }) =>
		["none", "zstd", "lz4"][entries.find((entry) => entry.compressed)?.compressionId ?? 0],
	encryption: (/** @type {Seen} */ { reader, entries }) =>
		reader.header.encrypted ? ["none", "aes-256-gcm", "chacha20-poly1305"][entries[0]?.encryptionId ?? 0] : "none",
};
/** @typedef {{ reader: ArchiveReader, entries: readonly ApackEntry[], bytes: Uint8Array }} Seen */

/** @param {ArchiveReader} reader @param {ApackEntry} entry */
async function readAll(reader, entry) {
	const pieces = [];
	for await (const piece of reader.read(entry)) pieces.push(piece);
	return Uint8Array.from(Buffer.concat(pieces));
}

/** @param {ArchiveReader} reader @param {ApackEntry} entry */
async function rowsOf(reader, entry) {
	const rows = [];
	for await (const { index, originalSize, storedSize, checksum, last, compressed, encrypted } of reader.chunks(entry)) {
		const flags = (last ? 1 : 0) + (compressed ? 2 : 0) + (encrypted ? 4 : 0);
		rows.push([index, originalSize, storedSize, hex32(checksum), flags]);
	}
	return rows;
}

/** Expected and found fields of an archive's entries. @param {Case} archive @param {ArchiveReader} reader @param {Platform} platform */
async function compareEntries(archive, reader, platform) {
	/** @type {Case[]} */
	const [expected, got] = [[], []];
	/** @type {ApackEntry[]} */
	const entries = [];
	for await (const entry of reader.entries()) {
		const wanted = archive.entries[entries.length] ?? {};
		entries.push(entry);
		const read = { content: await readAll(reader, entry), rows: await rowsOf(reader, entry), platform };
		/** @type {Case} */
		const found = {};
		for (const field of Object.keys(wanted)) {
			if (field === "tocStoredSize" && archive.randomAccessFlag !== true) continue;
			found[field] = entryFields[field]?.(entry, read) ?? `no such field: ${field}`;
		}
		got.push(found);
	}
	for (const wanted of archive.entries) {
		const { tocStoredSize, attributes, ...rest } = wanted;
		expected.push({
			...rest,
			...(tocStoredSize !== undefined && archive.randomAccessFlag === true ? { tocStoredSize } : {}),
			...(attributes === undefined ? {} : { attributes: attributes.map(keepStored) }),
		});
	}
	return { expected, got, entries };
}

/** `type` and `value` of an attribute are `typeId` and `valueHex` for people. */
const keepStored = (/** @type {Case} */ { key, typeId, valueHex, type: _type, value: _value, ...unknown }) => ({
	key,
	typeId,
	valueHex,
	...unknown,
});

/** The ways in which an archive must open. @param {Case} archive @returns {[string, Secrets][]} */
function waysToOpen({ encryptionDetails: details }) {
	if (details === undefined) return [["plain", {}]];
	/** @type {[string, Secrets][]} */
	const byKey = [["with the key", { key: unhex(details.contentKeyHex) }]];
	return details.encryptionBlock ? [...byKey, ["with the password", { password: details.kdf.password }]] : byKey;
}

/** @param {Case} archive @param {Uint8Array} bytes @param {Platform} platform @param {Secrets} secrets */
async function checkArchive(archive, bytes, platform, secrets) {
	const reader = await openArchive(bytesSource(bytes), { platform, ...secrets });
	const { expected, got, entries } = await compareEntries(archive, reader, platform);
	/** @type {Case} */
	const wanted = { entries: expected };
	/** @type {Case} */
	const found = { entries: got };
	for (const [field, value] of Object.entries(archive)) {
		if (!(field in archiveFields)) found[field] = "no such field";
		const read = archiveFields[/** @type {keyof typeof archiveFields} */ (field)];
		if (read === undefined) continue;
		// An archive without entries does not tell what they would have been compressed with.
		if (field === "compression" && !entries.some((entry) => entry.compressed)) continue;
		if (field === "encryption" && entries.length === 0) continue;
		wanted[field] = value;
		found[field] = read({ reader, entries, bytes });
	}
	compareDetails(archive.encryptionDetails, reader, wanted, found);
	return { expected: wanted, got: found };
}

/** @param {Case | undefined} details @param {ArchiveReader} reader @param {Case} wanted @param {Case} found */
function compareDetails(details, { encryption, header }, wanted, found) {
	wanted.encrypted = details !== undefined;
	found.encrypted = header.encrypted;
	if (details === undefined) return;
	wanted.block = details.encryptionBlock;
	found.block = encryption !== undefined;
	if (details.kdf === undefined || encryption === undefined) return;
	const { kdf, salt, wrappedKey, cipher } = encryption;
	const { password: _password, kekHex: _kekHex, ...rest } = details.kdf;
	wanted.kdf = { ...rest, algorithm: details.algorithm };
	found.kdf = {
		name: kdf.name,
		id: kdf.name === "argon2id" ? 0 : 1,
		iterations: kdf.iterations,
		memoryKiB: kdf.name === "argon2id" ? kdf.memoryKiB : 0,
		parallelism: kdf.name === "argon2id" ? kdf.parallelism : 0,
		saltHex: hex(salt),
		wrappedKeyHex: hex(wrappedKey),
		algorithm: cipher,
	};
}

/** @param {string} text @returns {Secrets} */
function secretsOf(text) {
	if (text === "nothing") return {};
	const [, kind, value] = /^(key|password)=(.*)$/su.exec(text) ?? [];
	if (value === undefined) throw new Error(`unknown openWith: ${text}`);
	return kind === "key" ? { key: unhex(value) } : { password: value };
}

/** What a reader must still see in a damaged copy. @param {Case} archive */
const essence = ({ entries }) =>
	entries.map((/** @type {Case} */ { nameUtf8Hex, mimeType, attributes, size, sha256 }) => ({
		nameUtf8Hex,
		mimeType,
		attributes,
		size,
		sha256,
	}));

/** @param {Case} damaged @param {Case | undefined} base @param {string} dir @param {Platform} platform */
async function checkDamaged(damaged, base, dir, platform) {
	const known = ["file", "base", "mutation", "openWith", "reference", "strictReaderSuggestion"];
	const unknown = Object.keys(damaged).filter((field) => !known.includes(field));
	if (unknown.length > 0) return { expected: "known fields", got: unknown };
	if (base === undefined) return { expected: "a base archive in the manifest", got: damaged.base };
	const secrets = secretsOf(damaged.openWith);
	const bytes = readFileSync(join(dir, damaged.file));
	try {
		const reader = await openArchive(bytesSource(bytes), { platform, ...secrets });
		const archive = { entries: essence(base) };
		const { expected, got } = await compareEntries(archive, reader, platform);
		return { expected, got, passed: damaged.file === undetectable };
	} catch (error) {
		const typed = error instanceof ApackError;
		return { expected: "the base archive's entries, or a typed error", got: String(error), passed: typed };
	}
}

/** @param {number} length */
function pseudoRandom(length) {
	let x = 1;
	return Uint8Array.from({ length }, () => {
		x = (Math.imul(x, 1_103_515_245) + 12_345) >>> 0;
		return (x >>> 16) & 255;
	});
}

/** @type {Record<string, (given: Case, platform: Platform) => Promise<Case>>} by list of `vectors.json`; gives the same fields again */
const lists = {
	async checksums({ n, xxh3_64: whole }, { xxh3, crc32 }) {
		const bytes = pseudoRandom(n);
		// An archive has the low half alone.
		const half = hex32(xxh3(bytes));
		return { n, xxh3_64: `${whole.slice(0, 8)}${half}`, chunkChecksumXxh3: half, crc32: hex32(crc32(bytes)) };
	},
	nameHash: async ({ name }, { xxh3 }) => ({ name, nameHash: hex32(xxh3(utf8(name))) }),
	async compressedBlocks({ codec, level, originalSize, blockHex }, { zstd }) {
		const block = unhex(blockHex);
		/** @type {Uint8Array | undefined} */
		let content;
		if (codec === "lz4") content = decodeLz4Block(block, originalSize);
		else if (codec === "zstd") {
			checkZstdFrame(block, originalSize);
			content = zstd.decompress(block, originalSize);
		}
		const originalSha256 = content && createHash("sha256").update(content).digest("hex");
		return { codec, level, originalSize, blockHex, originalSha256 };
	},
	async "aeadBlocks(nonce||ciphertext||tag, no AAD)"({ cipher, keyHex, ...blocks }, platform) {
		const aead = { "aes-256-gcm": platform.aesGcm, "chacha20-poly1305": platform.chaCha20Poly1305 }[String(cipher)];
		if (aead === undefined) return { cipher };
		const key = unhex(keyHex);
		const open = async (/** @type {string} */ text) => {
			const block = unhex(text);
			const nonce = block.subarray(0, 12);
			const content = await aead.open(key, nonce, block.subarray(12), new Uint8Array(0));
			if (content === undefined) return ["refused", "refused"];
			const sealed = await aead.seal(key, nonce, content, new Uint8Array(0));
			return [hex(content), hex(nonce) + hex(sealed)];
		};
		const [plaintextHex, blockHex] = await open(blocks.blockHex);
		const [empty, emptyPlaintextBlockHex] = await open(blocks.emptyPlaintextBlockHex);
		return { cipher, keyHex, plaintextHex, blockHex: empty === "" ? blockHex : "not empty", emptyPlaintextBlockHex };
	},
	async "keyWrapping(RFC 3394 AES-256-KW)"({ kdf, password, saltHex, wrappedHex, ...costs }, { keys }) {
		const { iterations, memoryKiB, parallelism } = costs;
		const salt = unhex(saltHex);
		if (kdf !== "argon2id" && kdf !== "pbkdf2-sha256") return { kdf: "unknown" };
		const kek =
			kdf === "argon2id"
				? await keys.argon2id(utf8(password), salt, { iterations, memoryKiB, parallelism })
				: await keys.pbkdf2Sha256(utf8(password), salt, iterations);
		const key = keys.unwrapKey(kek, unhex(wrappedHex));
		const wrapped = key && hex(keys.wrapKey(kek, key));
		const own = { kdf, password, saltHex, kekHex: hex(kek), cekHex: key && hex(key), wrappedHex: wrapped, iterations };
		return { ...own, ...(memoryKiB === undefined ? {} : { memoryKiB, parallelism }) };
	},
};

/** @param {string} dir @returns {Promise<Result[]>} one for each case of each vector file */
export async function run(dir) {
	const platform = await nodeApack();
	/** @type {Result[]} */
	const results = [];
	/** @param {string} file @param {string} name @param {() => Promise<{ expected: unknown, got: unknown, passed?: boolean }>} check */
	const add = async (file, name, check) => {
		try {
			const { expected, got, passed } = await check();
			const equal = passed || isDeepStrictEqual(JSON.parse(JSON.stringify(got)), JSON.parse(JSON.stringify(expected)));
			results.push({ file, case: name, passed: equal, ...(equal ? {} : { expected, got }) });
		} catch (error) {
			results.push({ file, case: name, passed: false, expected: "no error", got: String(error) });
		}
	};
	const readJson = (/** @type {string} */ name) =>
		existsSync(join(dir, name)) ? JSON.parse(readFileSync(join(dir, name), "utf8")) : {};
	const manifest = readJson("manifest.json");
	for (const archive of manifest.archives ?? []) {
		for (const [way, secrets] of waysToOpen(archive)) {
			await add("manifest.json", `${archive.file} ${way}`, async () =>
				checkArchive(archive, readFileSync(join(dir, archive.file)), platform, secrets),
			);
		}
	}
	for (const damaged of manifest.corrupt ?? []) {
		const base = manifest.archives.find((/** @type {Case} */ { file }) => file === damaged.base);
		await add("manifest.json", damaged.file, () => checkDamaged(damaged, base, dir, platform));
	}
	for (const [list, cases] of Object.entries(readJson("vectors.json"))) {
		if (typeof cases === "string") continue;
		for (const [position, expected] of cases.entries()) {
			await add("vectors.json", `${list} ${position}`, async () => ({
				expected,
				got: (await lists[list]?.(expected, platform)) ?? "an unknown list",
			}));
		}
	}
	return results;
}
