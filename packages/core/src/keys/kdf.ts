/**
 * How a password becomes a key, and what that may cost.
 *
 * Source: docs/entry-format.md, "Password-protected keys"; RFC 9106 §4 (second recommended option).
 */

import type { CborValue } from "../bytes/cbor.js";
import { encodeUtf8 } from "../bytes/text.js";
import type { Argon2idCosts, Crypto } from "../crypto/crypto.js";
import { FormatError, KeyError, UsageError } from "../errors.js";
import { decodeJsonObject, integerField, textField } from "./json-fields.js";

export interface Argon2idKdf extends Argon2idCosts {
	readonly name: "argon2id";
}

export interface Pbkdf2Kdf {
	readonly name: "pbkdf2-sha256";
	readonly rounds: number;
}

export type Kdf = Argon2idKdf | Pbkdf2Kdf;

/** Least and most, both inclusive. */
export type Range = readonly [least: number, most: number];

/** What may be spent on a password; outside of it nothing is derived. */
export interface KdfLimits {
	readonly memoryKiB: Range;
	readonly passes: Range;
	readonly lanes: Range;
	readonly rounds: Range;
}

/** @internal shared by the functions below that take a KDF from their caller or from a file. */
export interface KdfLimitOptions {
	/** Widens or narrows what may be spent; a file alone never does. @default kdfLimits */
	readonly limits?: Partial<KdfLimits>;
}

const kdfLimits: KdfLimits = {
	memoryKiB: [8 * 1024, 1024 * 1024],
	passes: [1, 16],
	lanes: [1, 16],
	rounds: [600_000, 20_000_000],
};

/** 64 MiB, 3 passes, 4 lanes. */
export const defaultKdf: Kdf = { name: "argon2id", memoryKiB: 64 * 1024, passes: 3, lanes: 4 };

/** @throws {KeyError} `kdf-cost` when a cost is outside the limits. */
export function checkKdf(kdf: Kdf, limits: Partial<KdfLimits> = {}): void {
	const bounds: KdfLimits = { ...kdfLimits, ...limits };
	if (kdf.name === "argon2id") {
		checkCost("memoryKiB", kdf.memoryKiB, bounds.memoryKiB);
		checkCost("passes", kdf.passes, bounds.passes);
		checkCost("lanes", kdf.lanes, bounds.lanes);
	} else {
		checkCost("rounds", kdf.rounds, bounds.rounds);
	}
}

/** Costs in the order in which associated data lists them. */
export function kdfCosts(kdf: Kdf): readonly CborValue[] {
	return kdf.name === "argon2id" ? [kdf.memoryKiB, kdf.passes, kdf.lanes] : [kdf.rounds];
}

export function equalKdf(a: Kdf, b: Kdf): boolean {
	const costs = kdfCosts(b);
	return a.name === b.name && kdfCosts(a).every((cost, index) => cost === costs[index]);
}

/** KDF(UTF-8 of NFC(password), salt), 32 bytes. Slow on purpose. @throws {UsageError} on an empty or ill-formed password. */
export function derivePassword(crypto: Crypto, password: string, kdf: Kdf, salt: Uint8Array): Promise<Uint8Array> {
	const bytes = passwordBytes(password);
	if (kdf.name === "argon2id") return crypto.argon2id(bytes, salt, kdf);
	return crypto.pbkdf2(bytes, salt, kdf.rounds);
}

/** Reads `kdf` of an `EncryptedPrivateKey`; its costs are not bounded yet: see `checkKdf`. @throws {FormatError} */
export function parseKdf(value: unknown): Kdf {
	const name = typeof value === "object" && value !== null && "name" in value ? value.name : undefined;
	if (name === "argon2id") {
		const fields = decodeJsonObject(value, "kdf", ["name", "memoryKiB", "passes", "lanes"]);
		return {
			name,
			memoryKiB: integerField(fields, "memoryKiB"),
			passes: integerField(fields, "passes"),
			lanes: integerField(fields, "lanes"),
		};
	}
	if (name === "pbkdf2-sha256") {
		const fields = decodeJsonObject(value, "kdf", ["name", "rounds"]);
		return { name, rounds: integerField(fields, "rounds") };
	}
	const fields = decodeJsonObject(value, "kdf", undefined);
	throw new FormatError("kdf: expected argon2id or pbkdf2-sha256", {
		code: "unsupported",
		field: "kdf",
		found: textField(fields, "name").slice(0, 40),
	});
}

function passwordBytes(password: string): Uint8Array {
	try {
		const bytes = encodeUtf8(password.normalize("NFC"));
		if (bytes.length > 0) return bytes;
	} catch (error) {
		if (!(error instanceof FormatError)) throw error;
		throw new UsageError("password: expected well-formed text");
	}
	throw new UsageError("password: expected at least one character");
}

function checkCost(field: string, cost: number, [least, most]: Range): void {
	if (!Number.isSafeInteger(cost) || cost < least || cost > most) {
		throw new KeyError(`password derivation: expected ${field} from ${least} to ${most}, found ${cost}`, {
			code: "kdf-cost",
			field,
			expected: cost < least ? least : most,
			found: cost,
		});
	}
}
