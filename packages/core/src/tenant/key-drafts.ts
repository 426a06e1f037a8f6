import type { Env } from "../env.js";
import { KeyError, UsageError } from "../errors.js";
import type { KeyBag } from "../keys/key-bag.js";
import { tenantSubkeys } from "../keys/subkeys.js";
import type { DirectoryState } from "../trust/directory-state.js";
import type { KeyRelease, KeyVersion } from "../trust/forms.js";
import type { Handing, Receiver } from "./key-holders.js";
import { wrapKey } from "./key-release.js";

/** Most wraps of one `keyrelease`, so that it stays far below the largest field whatever the size of the receivers' keys. */
const wrapsPerRelease = 8_192;

export interface KeyDraftsContext {
	readonly env: Pick<Env, "crypto" | "random" | "clock">;
	/** Hex. */
	readonly tenantRoot: string;
	readonly keyBag: KeyBag;
	readonly state: DirectoryState;
}

/** A version of a key in hand. */
interface HeldVersion {
	/** Hex. */
	readonly commitment: string;
	readonly key: Uint8Array;
}

/** Draws up what the directory is told of keys: new versions, and releases of those that the KeyBag holds. Writes nothing there. */
export class KeyDrafts {
	readonly #context: KeyDraftsContext;

	constructor(context: KeyDraftsContext) {
		this.#context = context;
	}

	/**
	 * Makes a new version of each key and puts it into the KeyBag. That comes before anybody else can learn of it: a crash leaves a key that
	 * nobody uses, never a version that nobody has.
	 * @returns the announcements, then the releases. @throws {UsageError} `limit` when a key has as many versions as a KeyBag holds.
	 */
	async newVersions(
		keyIds: readonly string[],
		receiversOf: (keyId: string) => readonly Receiver[],
	): Promise<(KeyVersion | KeyRelease)[]> {
		const { env, keyBag } = this.#context;
		for (const keyId of keyIds) {
			if (keyBag.roomFor(keyId) > 0) continue;
			throw new UsageError("the KeyBag holds as many versions of this key as it can", { code: "limit", keyId });
		}
		const versions: KeyVersion[] = [];
		const releases: KeyRelease[] = [];
		for (const keyId of keyIds) {
			const key = env.random.randomBytes(32);
			const commitment = await this.#commitment(keyId, key);
			keyBag.set(keyId, key, env.clock.now());
			versions.push({ form: "keyversion", keyId, commitment });
			releases.push(...(await this.#release(keyId, { commitment, key }, receiversOf(keyId))));
		}
		await keyBag.settled();
		return [...versions, ...releases];
	}

	/** Announces every version of a key that the KeyBag holds, the newest last: that one is written under. @throws {KeyError} */
	async announcements(keyId: string): Promise<KeyVersion[]> {
		const held = await this.#held(keyId);
		if (held.length === 0) throw new KeyError("the KeyBag does not hold this key", { keyId });
		return held.reverse().map(({ commitment }) => ({ form: "keyversion", keyId, commitment }));
	}

	/** Hands out versions of a key, as far as the KeyBag holds them. */
	async releases(keyId: string, handing: Handing): Promise<KeyRelease[]> {
		const releases: KeyRelease[] = [];
		for (const version of await this.#held(keyId)) {
			const receivers = handing.get(version.commitment) ?? [];
			releases.push(...(await this.#release(keyId, version, receivers)));
		}
		return releases;
	}

	async #release(
		keyId: string,
		{ commitment, key }: HeldVersion,
		receivers: readonly Receiver[],
	): Promise<KeyRelease[]> {
		const { env, tenantRoot } = this.#context;
		const releases: KeyRelease[] = [];
		for (let from = 0; from < receivers.length; from += wrapsPerRelease) {
			const encryptionKeys = receivers.slice(from, from + wrapsPerRelease).map(({ encryptionKey }) => encryptionKey);
			const wraps = await wrapKey(env.crypto, { tenantRoot, keyId, commitment }, key, encryptionKeys);
			if (wraps.length > 0) releases.push({ form: "keyrelease", keyId, commitment, wraps });
		}
		return releases;
	}

	/** Newest first, as the KeyBag has them. */
	async #held(keyId: string): Promise<HeldVersion[]> {
		const keys = this.#context.keyBag.getAllKeys(keyId);
		return Promise.all(keys.map(async (key) => ({ key, commitment: await this.#commitment(keyId, key) })));
	}

	async #commitment(keyId: string, key: Uint8Array): Promise<string> {
		const { env, tenantRoot } = this.#context;
		return (await tenantSubkeys(env.crypto, key, tenantRoot)).keyCommitment(keyId);
	}
}
