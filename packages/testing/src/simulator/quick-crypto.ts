import type { Crypto } from "@mindoodb/core";
import type { World } from "./world.js";

/**
 * The same cryptography, so that a world is repeatable: what others hand to several threads is done at once and in order, and what cannot
 * be is waited for before anything else happens. What was verified once is not verified again.
 */
export function quickCrypto(inner: Crypto, world: () => World | undefined): Crypto {
	const verified = new Map<string, boolean>();
	const unwrapped = new Map<string, Uint8Array>();
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
		pbkdf2: (...given) => slow(() => inner.pbkdf2(...given)),
		argon2id: (...given) => slow(() => inner.argon2id(...given)),
		deflate: (data) => slow(() => inner.deflate(data)),
		inflate: (data, size) => slow(() => inner.inflate(data, size)),
		inflateAtMost: (data, limit) => slow(() => inner.inflateAtMost(data, limit)),
	};
}
