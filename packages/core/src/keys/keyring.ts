import type { Crypto } from "../crypto/crypto.js";
import type { KeyBag } from "./key-bag.js";
import { type TenantSubkeys, tenantSubkeys } from "./subkeys.js";

/** A version of a key that this replica holds, with everything that is derived from it. */
export interface HeldKey {
	readonly decryptionKeyId: string;
	/** Hex. */
	readonly keyCommitment: string;
	readonly subkeys: TenantSubkeys;
}

/**
 * The keys of a KeyBag as one tenant uses them: found by their commitment, never by trial. Follows the KeyBag when it changes.
 */
export class Keyring {
	readonly #crypto: Crypto;
	readonly #tenantRoot: string;
	readonly #keyBag: KeyBag;
	#held: ReadonlyMap<string, HeldKey> = new Map();
	#newest: ReadonlyMap<string, HeldKey> = new Map();
	#refreshing: Promise<unknown> = Promise.resolve();
	#generation = 0;

	private constructor(crypto: Crypto, tenantRoot: string, keyBag: KeyBag) {
		this.#crypto = crypto;
		this.#tenantRoot = tenantRoot;
		this.#keyBag = keyBag;
	}

	static async open(crypto: Crypto, tenantRoot: string, keyBag: KeyBag): Promise<Keyring> {
		const keyring = new Keyring(crypto, tenantRoot, keyBag);
		await keyring.refresh();
		return keyring;
	}

	/** Grows whenever keys come or go. */
	get generation(): number {
		return this.#generation;
	}

	/** The version of a key with this commitment, `undefined` when it is not held. */
	get(decryptionKeyId: string, keyCommitment: string): HeldKey | undefined {
		const held = this.#held.get(keyCommitment);
		return held?.decryptionKeyId === decryptionKeyId ? held : undefined;
	}

	/** By commitment alone: it names key id and version. */
	byCommitment(keyCommitment: string): HeldKey | undefined {
		return this.#held.get(keyCommitment);
	}

	/** The newest version of a key in the KeyBag. */
	newest(decryptionKeyId: string): HeldKey | undefined {
		return this.#newest.get(decryptionKeyId);
	}

	/** Commitments of all versions that are held. */
	commitments(): string[] {
		return [...this.#held.keys()];
	}

	/** Takes over what the KeyBag holds now; one call after the other. @returns commitments that became known. */
	refresh(): Promise<string[]> {
		const refreshed = this.#refreshing.then(() => this.#refresh());
		this.#refreshing = refreshed.catch(() => undefined);
		return refreshed;
	}

	async #refresh(): Promise<string[]> {
		const fresh: string[] = [];
		const held = new Map<string, HeldKey>();
		const newest = new Map<string, HeldKey>();
		for (const keyId of this.#keyBag.listKeys()) {
			for (const key of this.#keyBag.getAllKeys(keyId)) {
				const subkeys = await tenantSubkeys(this.#crypto, key, this.#tenantRoot);
				const keyCommitment = await subkeys.keyCommitment(keyId);
				const known = this.#held.get(keyCommitment);
				if (known === undefined) fresh.push(keyCommitment);
				const version = known ?? { decryptionKeyId: keyId, keyCommitment, subkeys };
				held.set(keyCommitment, version);
				if (!newest.has(keyId)) newest.set(keyId, version);
			}
		}
		this.#held = held;
		this.#newest = newest;
		this.#generation++;
		return fresh;
	}
}
