/**
 * The administration key and the whole KeyBag, sealed under a secret that is split among people: k of n of them bring a tenant back
 * whose administrators have lost everything.
 *
 * copy = CBOR[label, administration public key, recovery public key or null, administration private key (PKCS#8 DER), createdAt,
 * KeyBag (CBOR as in key-bag-file.ts)]
 *
 * PRK = HKDF-Extract("mindoodb/1", secret), secret = 32 random bytes; sealed = iv ‖ AES-256-GCM(HKDF-Expand(PRK, CBOR["recovery-copy"],
 * 32), copy) with associated data CBOR["recovery-copy", set, k, n, check]; check = HKDF-Expand(PRK, CBOR["recovery-check"], 32).
 *
 * Source: docs/decisions/0030-recovery.md.
 */
import { combine, split } from "shamir-secret-sharing";
import { encodeCbor } from "../../bytes/cbor.js";
import { equalBytes, equalSecrets } from "../../bytes/compare.js";
import { concatBytes } from "../../bytes/concat.js";
import { fromHex, toHex } from "../../bytes/hex.js";
import { asciiBytes } from "../../bytes/text.js";
import type { Crypto } from "../../crypto/crypto.js";
import { hkdfExpand, hkdfExtract } from "../../crypto/hkdf.js";
import type { Env } from "../../env.js";
import { KeyError, UsageError } from "../../errors.js";
import { KeyBag } from "../../keys/key-bag.js";
import { keyBagLimits } from "../../keys/key-bag-file.js";
import type { EncryptedKeyPair, UnlockOptions } from "../../keys/key-pair.js";
import type { PasswordKeyOptions } from "../../keys/password-key.js";
import { openSigningKeyBytes, sealSigningKeyBytes } from "../../keys/signing-key-password.js";
import { bytesOf, decodeFields, integerOf, textOf } from "../joining/fields.js";
import { makeTenantIdentity, type TenantIdentity } from "../tenant-identity.js";
import { decodeRecoveryShare, encodeRecoveryShare, type RecoveryShare } from "./recovery-share.js";

export interface MakeRecoverySharesOptions extends UnlockOptions {
	readonly identity: TenantIdentity;
	readonly administrationKey: EncryptedKeyPair;
	/** Of the administration key. */
	readonly password: string;
	readonly keyBag: KeyBag;
	/** How many shares are needed: at least 2. */
	readonly k: number;
	/** How many shares are made: at most 255. */
	readonly n: number;
}

/** What shares bring back. */
export interface RecoveredTenant {
	readonly identity: TenantIdentity;
	/** Under the password given. */
	readonly administrationKey: EncryptedKeyPair;
	readonly keyBag: KeyBag;
}

const what = "recovery copy";
const most = keyBagLimits.fileBytes + 16 * 1024;

/**
 * Makes the shares. Keys that come later are not in them: make new ones then, and after every rotation.
 * @throws {KeyError} `password`; `key-mismatch` when the key is not the tenant's. @throws {UsageError} unless 2 ≤ k ≤ n ≤ 255.
 */
export async function makeRecoveryShares(env: Env, options: MakeRecoverySharesOptions): Promise<Uint8Array[]> {
	const { identity, administrationKey, keyBag, k, n, password, limits = {} } = options;
	if (!Number.isInteger(k) || !Number.isInteger(n) || k < 2 || n < k || n > 255) {
		throw new UsageError("recovery: expected k of n shares, k at least 2 and n at most 255");
	}
	const privateKey = await openSigningKeyBytes(env, administrationKey, { password, purpose: "administration", limits });
	await checkTenantKey(env.crypto, identity, privateKey);
	const { tenantId, recoveryKey } = identity;
	const copy = encodeCbor([
		tenantId,
		fromHex(identity.administrationKey, 32),
		recoveryKey === undefined ? null : fromHex(recoveryKey, 32),
		privateKey,
		administrationKey.privateKey.createdAt,
		keyBag.toBytes(),
	]);
	const secret = env.random.randomBytes(32);
	const set = env.random.randomBytes(16);
	const { key, check } = await keysOf(env.crypto, secret);
	const iv = env.random.randomBytes(12);
	const sealed = concatBytes(iv, await env.crypto.seal(key, iv, copy, associatedData({ set, k, n, check })));
	const shares = await split(secret, n, k);
	return Promise.all(
		shares.map((share, index) =>
			encodeRecoveryShare(env.crypto, { set, k, n, number: index + 1, check, share, sealed }),
		),
	);
}

/**
 * Brings a tenant back from at least k of its shares.
 * @param options `password`: what the administration key shall stand under from now on.
 * @throws {FormatError} when a share was damaged. @throws {KeyError} `key-missing` when they are too few (`expected`, `found`);
 * `key-mismatch` when they do not belong together or were altered on purpose.
 */
export async function openRecoveryShares(
	env: Env,
	shares: readonly Uint8Array[],
	{ password, ...options }: PasswordKeyOptions & { readonly password: string },
): Promise<RecoveredTenant> {
	const decoded = await Promise.all(shares.map((share) => decodeRecoveryShare(env.crypto, share)));
	const copy = await openCopy(env.crypto, together(decoded));
	const fields = decodeFields(copy, { what, count: 6, most });
	const identity = await makeTenantIdentity(env.crypto, {
		tenantId: textOf(fields[0], what),
		administrationKey: bytesOf(fields[1], { what, exactly: 32 }),
		recoveryKey: fields[2] === null ? undefined : bytesOf(fields[2], { what, exactly: 32 }),
	});
	const privateKey = bytesOf(fields[3], { what, most: 1024 });
	await checkTenantKey(env.crypto, identity, privateKey);
	const sealing = { password, purpose: "administration" as const, createdAt: integerOf(fields[4], what), ...options };
	return {
		identity,
		administrationKey: await sealSigningKeyBytes(env, privateKey, sealing),
		keyBag: KeyBag.fromBytes(env, bytesOf(fields[5], { what, most })),
	};
}

/** Shares of one set, each once. */
function together(shares: readonly RecoveryShare[]): readonly RecoveryShare[] {
	const byNumber = new Map<number, RecoveryShare>();
	for (const share of shares) {
		const same = byNumber.get(share.number);
		const [first] = shares as readonly [RecoveryShare];
		const fits =
			equalBytes(share.set, first.set) &&
			share.k === first.k &&
			share.n === first.n &&
			equalBytes(share.check, first.check) &&
			equalBytes(share.sealed, first.sealed) &&
			(same === undefined || equalBytes(same.share, share.share));
		if (!fits) throw mismatch();
		byNumber.set(share.number, share);
	}
	const needed = shares[0]?.k ?? 2;
	if (byNumber.size < needed) {
		throw new KeyError(`recovery: expected ${needed} shares, found ${byNumber.size}`, {
			expected: needed,
			found: byNumber.size,
		});
	}
	return [...byNumber.values()];
}

async function openCopy(crypto: Crypto, shares: readonly RecoveryShare[]): Promise<Uint8Array> {
	const [first] = shares as readonly [RecoveryShare];
	// The library throws bare errors for shares of one place, and combines everything else to something.
	const secret = await combine(shares.map(({ share }) => share)).catch(() => undefined);
	if (secret === undefined) throw mismatch();
	const { key, check } = await keysOf(crypto, secret);
	if (!equalSecrets(check, first.check)) throw mismatch();
	const { sealed } = first;
	const copy = await crypto.open(key, sealed.slice(0, 12), sealed.subarray(12), associatedData(first));
	if (copy === undefined) throw mismatch();
	return copy;
}

async function keysOf(crypto: Crypto, secret: Uint8Array) {
	const pseudorandomKey = await hkdfExtract(crypto, asciiBytes("mindoodb/1"), secret);
	return {
		key: await hkdfExpand(crypto, pseudorandomKey, encodeCbor(["recovery-copy"])),
		check: await hkdfExpand(crypto, pseudorandomKey, encodeCbor(["recovery-check"])),
	};
}

function associatedData({ set, k, n, check }: Pick<RecoveryShare, "set" | "k" | "n" | "check">): Uint8Array {
	return encodeCbor(["recovery-copy", set, k, n, check]);
}

async function checkTenantKey(crypto: Crypto, identity: TenantIdentity, privateKey: Uint8Array): Promise<void> {
	const { publicKey } = await crypto.importSigningKey(privateKey);
	if (toHex(publicKey) === identity.administrationKey) return;
	throw new KeyError("recovery: expected the administration key of this tenant", { code: "key-mismatch" });
}

function mismatch(): KeyError {
	return new KeyError("recovery: these shares do not belong together, or one was altered", { code: "key-mismatch" });
}
