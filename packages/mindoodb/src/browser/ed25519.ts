import {
	type Crypto,
	isUsableEd25519Point,
	isUsableEd25519Signature,
	KeyError,
	LruMap,
	type Signed,
	type SigningKey,
	UsageError,
} from "@mindoodb/core";
import { mapBounded } from "../shared/bounded.js";
import { ed25519Cases } from "./ed25519-cases.js";
import type { Ed25519Signer, Ed25519Verifier } from "./ed25519-parts.js";
import { nobleEd25519 } from "./noble-ed25519.js";
import { platformEd25519 } from "./platform-ed25519.js";

type Ed25519 = Pick<
	Crypto,
	| "generateSigningKeyPair"
	| "importSigningKey"
	| "sign"
	| "signMany"
	| "verify"
	| "verifyMany"
	| "isValidSigningPublicKey"
>;

/** Public keys whose check and import are remembered. */
const cachedKeys = 4096;

/** The platform's Ed25519 where it is there and follows the design's rule, `@noble/curves` where not. */
export async function webEd25519(subtle: SubtleCrypto): Promise<Ed25519> {
	const platform = platformEd25519(subtle);
	const [signs, verifies] = await Promise.all([canSign(platform), followsTheRule(platform)]);
	if (signs && verifies) return composeEd25519(platform, platform);
	const noble = nobleEd25519();
	if (signs) return composeEd25519(platform, noble);
	return verifies ? composeEd25519(noble, platform) : composeEd25519(noble, noble);
}

/** Puts our checks of points, caches and bulk forms around an implementation. */
export function composeEd25519<Private, Public>(
	signer: Ed25519Signer<Private>,
	verifier: Ed25519Verifier<Public>,
): Ed25519 {
	const privateKeys = new WeakMap<SigningKey, { readonly key: Private }>();
	const publicKeys = new LruMap<string, Promise<Public> | "refused">(cachedKeys);

	function lookUp(publicKey: Uint8Array): Promise<Public> | undefined {
		if (publicKey.length !== 32) return undefined;
		const token = String.fromCharCode(...publicKey);
		const known = publicKeys.get(token);
		if (known !== undefined) return known === "refused" ? undefined : known;
		const key = isUsableEd25519Point(publicKey) ? verifier.importPublic(publicKey.slice()) : undefined;
		// A failure belongs to whoever awaits the key; a key that is only looked at must not raise one.
		key?.catch(() => publicKeys.delete(token));
		publicKeys.set(token, key ?? "refused");
		return key;
	}

	async function verify({ publicKey, message, signature }: Signed): Promise<boolean> {
		const key = lookUp(publicKey);
		return key !== undefined && isUsableEd25519Signature(signature) && verifier.verify(await key, message, signature);
	}

	function sign(key: SigningKey, message: Uint8Array): Promise<Uint8Array> {
		const held = privateKeys.get(key);
		if (held === undefined) throw new UsageError("signing key: expected one that this adapter imported");
		return signer.sign(held.key, message);
	}

	return {
		generateSigningKeyPair: () => signer.generate(),

		async importSigningKey(pkcs8) {
			let imported: Awaited<ReturnType<typeof signer.importPrivate>>;
			try {
				imported = await signer.importPrivate(pkcs8);
			} catch {
				throw new KeyError("signing key: expected an Ed25519 key in PKCS#8 DER", { code: "key-mismatch" });
			}
			const signingKey: SigningKey = { publicKey: imported.publicKey };
			privateKeys.set(signingKey, { key: imported.key });
			return signingKey;
		},

		sign: async (key, message) => sign(key, message),
		signMany: (key, messages) => mapBounded(messages, async (message) => sign(key, message)),
		verify: (publicKey, message, signature) => verify({ publicKey, message, signature }),
		verifyMany: (signed) => mapBounded(signed, verify),
		isValidSigningPublicKey: (publicKey) => lookUp(publicKey) !== undefined,
	};
}

/** Whether an implementation verifies as docs/entry-format.md demands, tried on the cases in which libraries differ. */
export async function followsTheRule<Public>(verifier: Ed25519Verifier<Public>): Promise<boolean> {
	try {
		for (const { publicKey, message, signature, valid } of ed25519Cases()) {
			const key = await verifier.importPublic(publicKey);
			if ((await verifier.verify(key, message, signature)) !== valid) return false;
		}
		return true;
	} catch {
		return false;
	}
}

async function canSign<Private>(signer: Ed25519Signer<Private>): Promise<boolean> {
	try {
		const { key } = await signer.importPrivate((await signer.generate()).privateKey);
		return (await signer.sign(key, new Uint8Array(1))).length === 64;
	} catch {
		return false;
	}
}
