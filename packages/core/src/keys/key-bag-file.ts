/**
 * The file of a KeyBag: the JSON of an `EncryptedPrivateKey` of purpose "key-bag" around
 *
 * CBOR[1, [[keyId, [[key, createdAt], …]], …]]
 *
 * with ids sorted by their UTF-8 bytes and the versions of an id newest first.
 */
import { type CborValue, decodeCbor, encodeCbor } from "../bytes/cbor.js";
import { compareBytes } from "../bytes/compare.js";
import { toHex } from "../bytes/hex.js";
import { decodeUtf8, encodeUtf8 } from "../bytes/text.js";
import { FormatError } from "../errors.js";
import { type EncryptedPrivateKey, parseEncryptedPrivateKey } from "./password-key.js";

/** How much a KeyBag holds; more is a UsageError when it is put in and a FormatError when it is read. */
export const keyBagLimits = {
	keyIds: 10_000,
	versionsPerKeyId: 1_000,
	versions: 1_000_000,
	/** UTF-8 bytes of a key id, at least 1. */
	keyIdBytes: 128,
	/** Bytes of a saved KeyBag: what a full one takes, rounded up. */
	fileBytes: 80 * 1024 * 1024,
} as const;

export interface KeyVersion {
	readonly key: Uint8Array;
	readonly createdAt: number;
}

/** Keys by id, newest first. */
export type KeyVersions = ReadonlyMap<string, readonly KeyVersion[]>;

/** What is encrypted in the file. */
export function encodeKeyBag(bag: KeyVersions): Uint8Array {
	const rows = [...bag].map(([keyId, versions]) => ({ keyId, order: encodeUtf8(keyId), versions }));
	rows.sort((a, b) => compareBytes(a.order, b.order));
	return encodeCbor([
		1,
		rows.map(({ keyId, versions }) => [keyId, versions.map(({ key, createdAt }) => [key, createdAt])]),
	]);
}

/** Reads the file, still encrypted. @throws {FormatError} */
export function parseKeyBagFile(file: Uint8Array): EncryptedPrivateKey {
	if (file.length > keyBagLimits.fileBytes) {
		throw new FormatError(`KeyBag: expected at most ${keyBagLimits.fileBytes} bytes, found ${file.length}`, {
			code: "limit",
		});
	}
	const text = decodeUtf8(file);
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		// The parser's own message quotes what it read.
		throw new FormatError("KeyBag: expected JSON");
	}
	return parseEncryptedPrivateKey(value, keyBagLimits.fileBytes);
}

/** Inverse of `encodeKeyBag`. @throws {FormatError} */
export function decodeKeyBag(plaintext: Uint8Array): Map<string, KeyVersion[]> {
	const refuse = (message: string) => new FormatError(message);
	const [version, rows, ...rest] = list(decodeCbor(plaintext));
	if (version !== 1 || rest.length > 0) {
		throw new FormatError("KeyBag: expected version 1", { code: "unsupported", expected: 1 });
	}
	const bag = new Map<string, KeyVersion[]>();
	let before: Uint8Array = new Uint8Array(0);
	let count = 0;
	for (const row of list(rows)) {
		const [keyId, pairs] = list(row, 2);
		if (typeof keyId !== "string") throw refuse("KeyBag: expected text as key id");
		const order = encodeUtf8(keyId);
		if (compareBytes(before, order) >= 0) throw refuse("KeyBag: expected distinct key ids in order");
		before = order;
		const versions: KeyVersion[] = [];
		const seen = new Set<string>();
		for (const pair of list(pairs)) {
			const [key, createdAt] = list(pair, 2);
			if (!(key instanceof Uint8Array) || typeof createdAt !== "number")
				throw refuse("KeyBag: expected a key and a time");
			checkVersion(keyId, key, createdAt, refuse);
			if (createdAt > (versions.at(-1)?.createdAt ?? createdAt))
				throw refuse("KeyBag: expected the newest version first");
			if (seen.size === seen.add(toHex(key)).size) throw refuse("KeyBag: expected distinct versions of a key");
			versions.push({ key: key.slice(), createdAt });
		}
		if (versions.length === 0) throw refuse("KeyBag: expected at least one version");
		count += versions.length;
		bag.set(keyId, versions);
		checkCounts(bag.size, versions.length, count, refuse);
	}
	return bag;
}

function list(value: CborValue | undefined, length?: number): readonly CborValue[] {
	if (!Array.isArray(value) || (length !== undefined && value.length !== length)) {
		throw new FormatError(`KeyBag: expected a list${length === undefined ? "" : ` of ${length}`}`);
	}
	return value;
}

export function checkVersion(
	keyId: string,
	key: Uint8Array,
	createdAt: number,
	refuse: (message: string) => Error,
): void {
	const idBytes = encodeUtf8(keyId).length;
	if (idBytes < 1 || idBytes > keyBagLimits.keyIdBytes) {
		throw refuse(`key id: expected 1 to ${keyBagLimits.keyIdBytes} bytes, found ${idBytes}`);
	}
	if (key.length !== 32) throw refuse(`key: expected 32 bytes, found ${key.length}`);
	if (!Number.isSafeInteger(createdAt) || createdAt < 0 || createdAt >= 2 ** 48) {
		throw refuse("key: expected createdAt from 0 to 2^48 - 1 milliseconds");
	}
}

export function checkCounts(
	ids: number,
	versionsOfId: number,
	versions: number,
	refuse: (message: string) => Error,
): void {
	if (ids > keyBagLimits.keyIds) throw refuse(`KeyBag: expected at most ${keyBagLimits.keyIds} key ids`);
	if (versionsOfId > keyBagLimits.versionsPerKeyId) {
		throw refuse(`KeyBag: expected at most ${keyBagLimits.versionsPerKeyId} versions of a key`);
	}
	if (versions > keyBagLimits.versions) throw refuse(`KeyBag: expected at most ${keyBagLimits.versions} keys in all`);
}
