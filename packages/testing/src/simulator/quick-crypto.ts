import type { AgreementKey, Crypto } from "@mindoodb/core";
import type { World } from "./world.js";

/** Key pairs that channels use. */
const channelKeys = 32;

/**
 * The same cryptography, so that a world is repeatable: what others hand to several threads is done at once and in order, and what cannot
 * be is waited for before anything else happens. What was verified once is not verified again, and keys of channels are a few that all worlds
 * share: making new ones costs more than all else that a channel does.
 */
export function quickCrypto(inner: Crypto, world: () => World | undefined): Crypto {
	const verified = new Map<string, boolean>();
	const unwrapped = new Map<string, Uint8Array>();
	const agreementKeys = new Map<number, AgreementKey>();
	const agreed = new Map<string, Uint8Array>();
	const slow = async <T>(work: () => Promise<T>): Promise<T> => {
		const where = world();
		if (where !== undefined) where.busy++;
		try {
			return await work();
		} finally {
			if (where !== undefined) where.busy--;
		}
	};
	const verify: Crypto["verify"] = async (publicKey, message, signature) => {
		const name = [publicKey, signature, message].map((bytes) => Buffer.from(bytes).toString("latin1")).join("");
		const known = verified.get(name);
		// Waited for all the same: what was remembered must not change the order in which things happen.
		const answer = await (known ?? inner.verify(publicKey, message, signature));
		if (verified.size > 50_000) verified.clear();
		verified.set(name, answer);
		return answer;
	};
	return {
		...inner,
		verify,
		verifyMany: (signed) => Promise.all(signed.map((each) => verify(each.publicKey, each.message, each.signature))),
		signMany: (key, messages) => Promise.all(messages.map((message) => inner.sign(key, message))),
		async unwrap(key, wrapped, label) {
			const name = [key.publicKey, label, wrapped].map((bytes) => Buffer.from(bytes).toString("latin1")).join("");
			const known = unwrapped.get(name);
			const opened = await (known ?? inner.unwrap(key, wrapped, label));
			if (unwrapped.size > 5000) unwrapped.clear();
			if (opened !== undefined) unwrapped.set(name, opened);
			return opened?.slice();
		},
		async importAgreementKey(privateKey) {
			const number = (privateKey[0] as number) % channelKeys;
			const known = agreementKeys.get(number);
			const key = await (known ?? inner.importAgreementKey(new Uint8Array(32).fill(number + 1)));
			agreementKeys.set(number, key);
			return key;
		},
		async agree(key, publicKey) {
			const name = [key.publicKey, publicKey].map((bytes) => Buffer.from(bytes).toString("latin1")).join("");
			const shared = await (agreed.get(name) ?? inner.agree(key, publicKey));
			if (agreed.size > 5000) agreed.clear();
			if (shared !== undefined) agreed.set(name, shared);
			return shared?.slice();
		},
		pbkdf2: (...given) => slow(() => inner.pbkdf2(...given)),
		argon2id: (...given) => slow(() => inner.argon2id(...given)),
		deflate: (data) => slow(() => inner.deflate(data)),
		inflate: (data, size) => slow(() => inner.inflate(data, size)),
		inflateAtMost: (data, limit) => slow(() => inner.inflateAtMost(data, limit)),
	};
}
