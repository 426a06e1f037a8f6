import { toHex } from "../bytes/hex.js";
import type { Env } from "../env.js";
import type { KeyBag } from "../keys/key-bag.js";
import type { Keyring } from "../keys/keyring.js";
import type { UnlockedUser } from "../keys/user-id.js";
import type { DirectoryState, ReleasedKey } from "../trust/directory-state.js";
import { unwrapKey } from "./key-release.js";

export interface KeyImportContext {
	readonly env: Pick<Env, "crypto" | "log">;
	/** Hex. */
	readonly tenantRoot: string;
	readonly state: DirectoryState;
	readonly keyring: Keyring;
	readonly keyBag: KeyBag;
	readonly user: Pick<UnlockedUser, "unwrappingKey">;
	/** Ids of keys that are taken over. @default all */
	readonly keyIds?: readonly string[];
}

/** Takes keys over that administrators released to this user: announced versions only, each release opened once. */
export class KeyImport {
	readonly #context: KeyImportContext;
	/** Entries whose wrap holds nothing for this user, or another version than they say. */
	readonly #useless = new Set<string>();

	constructor(context: KeyImportContext) {
		this.#context = context;
	}

	async run(): Promise<void> {
		const { env, state, keyBag, user } = this.#context;
		const receiver = toHex(await env.crypto.sha256(user.unwrappingKey.publicKey));
		const byKey = new Map<string, ReleasedKey[]>();
		for (const released of state.releasesFor(receiver)) {
			if (!this.#isWanted(released)) continue;
			const others = byKey.get(released.keyId);
			if (others === undefined) byKey.set(released.keyId, [released]);
			else others.push(released);
		}
		for (const [keyId, released] of byKey) keyBag.setMany(keyId, await this.#open(keyId, released));
		if (byKey.size > 0) await keyBag.settled();
	}

	#isWanted({ hash, keyId, commitment }: ReleasedKey): boolean {
		const { keyring, state, keyIds } = this.#context;
		if (keyIds?.includes(keyId) === false) return false;
		if (this.#useless.has(hash) || keyring.get(keyId, commitment) !== undefined) return false;
		return state.announcedAt(keyId, commitment) !== undefined;
	}

	/** Opens as many as find room, the version to write under first: an operation with the private key costs a millisecond. */
	async #open(keyId: string, released: readonly ReleasedKey[]) {
		const { env, state, keyBag, tenantRoot, user } = this.#context;
		const writeVersion = state.writeVersion(keyId);
		const isPresent = ({ commitment }: ReleasedKey) => commitment === writeVersion;
		const queue = [...released.filter(isPresent), ...released.filter((each) => !isPresent(each))];
		const room = keyBag.roomFor(keyId);
		const opened = new Map<string, { readonly key: Uint8Array; readonly createdAt: number }>();
		for (const { hash, commitment, wrap } of queue) {
			if (opened.has(commitment)) continue;
			if (opened.size === room) {
				env.log("warn", "the KeyBag holds as many versions of a key as it can; others were released and are left");
				break;
			}
			const key = await unwrapKey(env.crypto, { tenantRoot, keyId, commitment }, wrap, user.unwrappingKey);
			if (key === undefined) this.#useless.add(hash);
			else opened.set(commitment, { key, createdAt: state.announcedAt(keyId, commitment) ?? 0 });
		}
		return [...opened.values()];
	}
}
